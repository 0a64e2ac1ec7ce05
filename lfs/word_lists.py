"""Word lists that are counted: a word may fall by chance, and the more so the longer a mail is."""

import re
from pathlib import Path

PAGE = 2_000
"""Characters of a page. Three mails in four have one or less; digests and newsletters have many."""


def lines_of(file: str) -> list[str]:
    """The lines of a file, which is named relative to this folder, without comments."""
    lines = (Path(__file__).parent / file).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def words_of(file: str) -> re.Pattern[str]:
    """A pattern that finds the words and phrases of a file, the longest first, in a text of small letters."""
    phrases = sorted(map(str.lower, lines_of(file)), key=len, reverse=True)
    spaced = (r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)")  # ignoring case takes twice as long


def pages(mail) -> int:
    """Length of a mail in pages, begun ones too."""
    return 1 + len(mail.text) // PAGE


def is_digest(mail) -> bool:
    """Whether a mail links to as many places as only an editor does; loud words may be headlines then."""
    return len(mail.links) >= 15


def distinct(words: re.Pattern[str], mail) -> int:
    """How many different words of a list a mail has."""
    found = words.findall(f"{mail.subject or ''}\n{mail.text}".lower())
    return len({" ".join(word.split()) for word in found})


def dense(words: re.Pattern[str], mail, *, per_page: int = 1) -> bool:
    """Whether a mail has so many different words of a list on each of its pages."""
    return distinct(words, mail) >= per_page * pages(mail)
