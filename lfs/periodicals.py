"""Votes for what people have subscribed to: newsletters, digests, comic strips, notices.

They advertise and say "click here" as spam does, so most signs count only beside another.
"""

import re

from labelmill import labeling_function
from lfs.labels import Label
from lfs.word_lists import distinct, is_digest, words_of

EDITORIAL = words_of("gazetteers/editorial.txt")
MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
DATE_OR_ISSUE = re.compile(
    rf"\d{{4}}-\d\d-\d\d|\b\d\d?[/.]\d\d?[/.](?:20)?0\d\b"
    rf"|\b{MONTH} \d\d?\b|\b\d\d? {MONTH} (?:20)?0\d\b|\b{MONTH},? 20\d\d\b"
    r"|\b(?i:issue|vol\.?|volume|no\.?|edition) ?#?\d{1,3}\b"
)
PERIODICAL = re.compile(r"\b(?:newsletter|digest|headlines)\b", re.IGNORECASE)
DESK = re.compile(r"news|daily|week|digest|headline|editor|bulletin|update|alerts?\b|announce|list\b", re.IGNORECASE)


@labeling_function(resources=["gazetteers/editorial.txt"])
def dated_issue(mail):
    """Each issue of a periodical has its date or number; a pitch is as good today as tomorrow."""
    subject = mail.subject or ""
    head = DATE_OR_ISSUE.search(mail.text[:600]) and distinct(EDITORIAL, mail) >= 2
    return Label.HAM if DATE_OR_ISSUE.search(subject) or PERIODICAL.search(subject) or head else None


@labeling_function(resources=["gazetteers/editorial.txt"])
def editorial(mail):
    """Editors speak of issues, stories, sponsors and subscriptions."""
    return Label.HAM if distinct(EDITORIAL, mail) >= 4 else None


@labeling_function(resources=["gazetteers/editorial.txt"])
def news_desk(mail):
    """Who calls themselves news, daily or digest, and writes so."""
    desk = DESK.search(f"{mail.sender_name or ''} {mail.sender_address or ''}")
    writes_so = distinct(EDITORIAL, mail) >= 2 or DATE_OR_ISSUE.search(mail.subject or "")
    return Label.HAM if desk and writes_so else None


@labeling_function
def many_links(mail):
    """Editors link to many stories, an advertiser to one shop; neither do they shout nor offer to "remove"."""
    calm = "!" not in (mail.subject or "") and "remove" not in mail.text.lower()
    return Label.HAM if is_digest(mail) and calm else None
