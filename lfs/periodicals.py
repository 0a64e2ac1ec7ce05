"""Votes for what people have subscribed to: newsletters, digests, comic strips, notices.

They advertise, link and say "click here" as spam does, so each sign counts only beside others.
"""

import re

from labelmill import labeling_function, regex_lf
from lfs.labels import Label
from lfs.word_lists import distinct, words_of

EDITORIAL = words_of("gazetteers/editorial.txt")
MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
DATE = (
    rf"\d{{4}}-\d\d-\d\d|\b\d\d?[/.]\d\d?[/.](?:20)?0\d\b"
    rf"|\b{MONTH} \d\d?\b|\b\d\d? {MONTH} (?:20)?0\d\b|\b{MONTH},? 20\d\d\b"
)
ISSUE = r"\b(?:[Ii]ssue|ISSUE|[Vv]ol\.?|VOL\.?|[Vv]olume|[Nn]o\.?|[Ee]dition|EDITION) ?#?\d{1,3}\b"
DESK = re.compile(r"(?i)news|daily|week|digest|headline|editor|bulletin|update|alerts?\b|announce|list\b")

# Each issue of a periodical has its date or number; a pitch is as good today as tomorrow.
dated_issue = regex_lf(
    "dated_issue",
    rf"{DATE}|{ISSUE}|(?i)\b(newsletter|digest|headlines|bulletin)\b",
    column="subject",
    label=Label.HAM,
)


@labeling_function(resources=["gazetteers/editorial.txt"])
def periodical(mail):
    """Three of: a dated head, words of an editor, a desk that sends it, many links."""
    head = f"{mail.subject or ''}\n{mail.text[:600]}"
    signs = (
        re.search(f"{DATE}|{ISSUE}", head),
        distinct(EDITORIAL, mail) >= 4,
        DESK.search(f"{mail.sender_name or ''} {mail.sender_address or ''}"),
        len(mail.links) >= 15,
    )
    return Label.HAM if sum(map(bool, signs)) >= 3 else None
