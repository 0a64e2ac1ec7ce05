"""Traces of the people who collected the SpamAssassin corpus, taken out of what a filter may see.

They received most of the mails at a few hosts of their own and, before publishing, masked user names and hosts
(`zzzz`, `yyyy`, `spamassassin.taint.org`). Which trace a mail bears depends on the folder it lies in, so a
filter that sees them learns the collection instead of spam. The lists were made from mails received before
September 2002.
"""

import re
from typing import Any, Final

MASKS: Final = ("qqqq+", "yyyy+", "zzz+")
"""What they overwrote names with, also inside of longer words (`rpm-zzzlist`)."""

USERS: Final = ("jm", rf"(?:jm|{'|'.join(MASKS)})ason", "legit-lists?", *MASKS)
"""User names of the collectors, real and masked."""

HOSTS: Final = (
    "taint.org",
    "netnoteinc.com",
    "slashnull.org",
    "webnote.net",
    "jmason.org",
    "yyyyason.org",
    "zzzason.org",
)
"""Domains of the collectors, real and masked."""

MACHINES: Final = ("dogma", "jalapeno", "labs", "listman", "localhost", "mail", "mandark", "phobos", "rhn", "sonic",
                   "spamassassin", "spamtraps", "www")  # fmt: skip
"""What comes before the domain in names of their machines; other labels (names of mailing lists) stay."""

RECIPIENT: Final = "recipient"
HOST: Final = "example.invalid"
"""What stands in their place (RFC 2606: a name that belongs to nobody)."""

RECEIVED_BY: Final = re.compile("|".join(map(re.escape, HOSTS)), re.IGNORECASE)
"""Matches a hop on the collectors' side of the Received chain."""

_HOST = rf"(?:\b(?:{'|'.join(MACHINES)})\.)*\b(?:{'|'.join(map(re.escape, HOSTS))})\b"
_USER = rf"(?<![A-Za-z0-9])(?:{'|'.join(USERS)})\d*(?![A-Za-z0-9])"
_MASK = "|".join(MASKS)
_RULES: Final = (
    (re.compile(r"\bexample\.sourceforge\.net\b", re.IGNORECASE), "lists.sourceforge.net"),
    (re.compile(rf"{_USER}[\w.-]*@{_HOST}", re.IGNORECASE), f"{RECIPIENT}@{HOST}"),
    (re.compile(_HOST, re.IGNORECASE), HOST),
    (re.compile(r"@(?:dogma|jalapeno|mandark|phobos)\b", re.IGNORECASE), f"@{HOST}"),
    (re.compile(r"\b(?:netnoteinc|slashnull)\b", re.IGNORECASE), "example"),
    (re.compile(rf"{_USER}(?!-?mm)"), RECIPIENT),
    (re.compile(rf"(?<=[A-Za-z0-9])(?<![QYZqyz])(?:{_MASK})(?=[A-Za-z0-9@.-])|(?:{_MASK})(?=[A-Za-z0-9])"), ""),
)
_SIGNS: Final = ("zzz", "yyyy", "qqqq", "jm", "legit-list", "example.sourceforge", "slashnull", "netnote", "taint",
                 "webnote", "@dogma")  # fmt: skip

_TEXTS: Final = ("sender_name", "sender_address", "reply_to", "return_path", "subject", "text", "list_id")
_LISTS: Final = ("links", "attachments")


def neutralise(row: dict[str, Any]) -> dict[str, Any]:
    """The row of a mail with the collectors' hosts and users replaced by placeholders in every column."""
    clean = dict(row)
    for column in _TEXTS:
        clean[column] = neutralise_text(row[column])
    for column in _LISTS:
        clean[column] = [neutralise_text(item) for item in row[column]]
    if clean["sender_address"] != row["sender_address"]:
        clean["sender_domain"] = clean["sender_address"].rpartition("@")[2] or None
    return clean


def neutralise_text(text: Any) -> Any:
    """`text` with the placeholders; null stays null."""
    if text is None:
        return None
    lower = text.lower()
    if not any(sign in lower for sign in _SIGNS):  # most texts: spares them the slow rules
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
