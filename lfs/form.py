"""Votes from the form of a mail: letters, marks and layout."""

import re

import numpy as np

from labelmill import ABSTAIN, batch_labeling_function, labeling_function
from lfs.labels import Label
from lfs.word_lists import is_digest, pages

MISSPELLED = re.compile(
    r"\b(?:v[1i]\W?agra|c1alis|m0ney|m0rtgage|fr33|p[0o]rn0|s[3e]xx|unsubcribe|recieve free)\b|\bca\$h|%rand|\bf\*+ck"
    r"|\b(?:[a-z][ .*_-]){6}",
    re.IGNORECASE,
)
RANDOM_TAIL = re.compile(
    r"\s{3,}\S+$"  # behind a gap
    r"|[a-z!?.\]] *\[[a-z0-9]{4,6}\]$"  # in brackets
    r"|[ .]+(?:[a-z]+\d|\d+[a-z])[a-z\d-]*$|\s\d+[A-Za-z]+\d?-\S+$"  # letters and digits
    r"|[a-z!?.] +\d{4,}$|[a-z] [A-Z]{1,2}$|[a-z!?.] +[A-Z]{6,8}$"  # a number, capitals
    r"|[!?.] +[a-z]{3,8}$|\.{3,} *\w+$"  # a word behind the end
)
FOREIGN_CHARSET = re.compile(r"^charset:(?:big5|chinese|euc|gb|iso-2022|koi8|ks_c)", re.IGNORECASE)


@labeling_function
def disguised(mail):
    """Misspelled or s p a c e d words, and random letters behind a subject, are there to fool filters."""
    subject = mail.subject or ""
    odd_words = MISSPELLED.search(subject) or MISSPELLED.search(mail.text)
    return (
        Label.SPAM if odd_words or (not mail.is_reply and not is_digest(mail) and RANDOM_TAIL.search(subject)) else None
    )


@labeling_function
def shouts(mail):
    """Capitals and exclamation marks are a loud voice; in a digest they may be a headline."""
    subject = re.sub(r"\[.*?\]|\b(?:re|fwd?):", "", mail.subject or "", flags=re.IGNORECASE)
    thrilled = ("!" in subject and not mail.is_reply) or len(re.findall("!+", mail.text)) >= 4 * pages(mail)
    loud = thrilled or in_capitals(subject, 2, 0.5) or in_capitals(mail.text, 5, 0.15)
    return Label.SPAM if loud and not is_digest(mail) else None


def in_capitals(text, at_least, share):
    """Whether so many words, and such a share of them, are capitals; those of three letters are abbreviations."""
    words = re.findall(r"[A-Za-z']{4,}", text)
    capitals = sum(map(str.isupper, words))
    return capitals >= max(at_least, share * len(words))


@labeling_function
def foreign_script(mail):
    """Letters that nobody reads at this mailbox: a twelfth of the text, or a charset that hides them."""
    text = f"{mail.subject or ''} {mail.text}"
    unread = sum(character > "\x7f" for character in text) > max(5, len(text) / 12)
    return Label.SPAM if unread or any(map(FOREIGN_CHARSET.match, mail.decode_problems)) else None


@batch_labeling_function
def leaflet(mails):
    """People write plain text and editors link to many stories; between the two lies the HTML leaflet."""
    few_links = mails.links.map(len) <= 8
    return np.where(mails.has_html & few_links & ~mails.is_reply, Label.SPAM, ABSTAIN)
