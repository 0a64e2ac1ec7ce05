"""The readable part of a mail: its text, links and attachments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from html import unescape

from labelmill.sources.decoding import decode, decode_header, html_to_text, note, storable

MAX_PARTS = 500
"""Parts of a mail beyond these are left unread."""

MAX_LINKS = 500

_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s"'>]{1,2000}))""", re.IGNORECASE)
_URL = re.compile(r"""\b(?:https?://|ftp://|www\.)[^\s<>"'\])}]{1,2000}""", re.IGNORECASE)


@dataclass
class Body:
    """What a reader of the mail sees."""

    text: str = ""
    has_html: bool = False
    links: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)


def read_body(message: Message, problems: list[str]) -> Body:
    """The texts of all parts in order, of alternatives the plain one unless the HTML says twice as much."""
    body = Body()
    texts: list[str] = []
    links: dict[str, None] = {}
    budget = iter(range(MAX_PARTS))
    for alternatives in _groups(message, budget, problems):
        chosen = ""
        for part in alternatives:
            kind = part.get_content_type()
            if _is_attachment(part, kind):
                body.attachments.append(_file_name(part, problems) or storable(kind))
                continue
            text = _part_text(part, problems)
            if kind == "text/html":
                body.has_html = True
                links.update(dict.fromkeys(_hrefs(text)))
                text = html_to_text(text, problems)
            links.update(dict.fromkeys(url.rstrip(".,;:!?") for url in _URL.findall(text)))
            if _letters(text) > (2 * _letters(chosen) if kind == "text/html" else 0):
                chosen = text
        texts.append(chosen)
    body.text = "\n".join(text for text in texts if text).strip()
    body.links = list(links)[:MAX_LINKS]
    return body


def _groups(message: Message, budget: Iterator[int], problems: list[str]) -> Iterator[list[Message]]:
    """Leaf parts in order; the alternatives of one content together."""
    if next(budget, None) is None:
        note(problems, "parts")
        return
    if not message.is_multipart():
        yield [message]
        return
    children = [child for child in message.get_payload() if isinstance(child, Message)]
    if message.get_content_subtype() == "alternative":
        yield [leaf for child in children for group in _groups(child, budget, problems) for leaf in group]
        return
    for child in children:
        yield from _groups(child, budget, problems)


def _part_text(part: Message, problems: list[str]) -> str:
    try:
        data = part.get_payload(decode=True)
    except Exception:  # binascii, uu and the parser itself, on encodings that are not what they say
        data = None
    if not isinstance(data, bytes):
        note(problems, "body")
        data = str(part.get_payload()).encode("utf-8", "surrogateescape")
    if any("InvalidBase64" in type(defect).__name__ for defect in part.defects):
        note(problems, "base64")
    if b"\x00" in data:
        note(problems, "nul")
    return decode(data, _charset(part), problems)


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except Exception:  # a parameter that is itself in an unknown charset (RFC 2231)
        return None


def _is_attachment(part: Message, kind: str) -> bool:
    try:
        # A multipart without its boundary holds its parts as plain text.
        return not kind.startswith(("text/", "multipart/")) or part.get_content_disposition() == "attachment"
    except Exception:
        return False


def _file_name(part: Message, problems: list[str]) -> str | None:
    try:
        return decode_header(part.get_filename() or "", problems) or None
    except Exception:
        return None


def _hrefs(html: str) -> list[str]:
    return [unescape("".join(groups)).strip() for groups in _HREF.findall(html)]


def _letters(text: str) -> int:
    return sum(map(len, text.split()))
