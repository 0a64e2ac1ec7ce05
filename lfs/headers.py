"""Votes from who sent a mail, and from where."""

import re

from labelmill import labeling_function, lookup_lf
from lfs.labels import Label
from lfs.word_lists import is_digest, lines_of

FREE_MAILERS = frozenset(lines_of("gazetteers/free_mailers.txt"))
MADE_UP = re.compile(r"\w*(?:\d[a-z]+\d|\d{3})\w*@|\d+[a-z_]+\d*@", re.IGNORECASE)
FULL_NAME = re.compile(r"[A-Z][a-z]+ (?:[A-Z]\.? )?[A-Z][A-Za-z'-]+$")

# Universities and associations write to their members; few readers here know anybody in the countries listed.
domain = lookup_lf("domain", "gazetteers/domains.csv", column="sender_domain", match="domain")

# Open relays and dial-up pools far away, and hops that claim addresses which nobody has.
network = lookup_lf("network", "gazetteers/networks.txt", column="originating_ip", label=Label.SPAM, match="prefix")


@labeling_function(resources=["gazetteers/free_mailers.txt"])
def throwaway_sender(mail):
    """A stranger with an address got in a minute, or made by a program that adds digits to words."""
    free = (mail.sender_domain or "").lower() in FREE_MAILERS and not mail.list_id
    return Label.SPAM if not mail.is_reply and (free or MADE_UP.match(mail.sender_address or "")) else None


@labeling_function
def sender_name(mail):
    """People have first and last names and write plain text; spammers often name nobody at all."""
    if FULL_NAME.match(mail.sender_name or ""):
        return None if mail.has_html else Label.HAM
    return None if mail.sender_name or mail.list_id or mail.is_reply or is_digest(mail) else Label.SPAM
