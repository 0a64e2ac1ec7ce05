"""Bytes of mails to text: charsets, encoded words, HTML. Nothing here raises; `problems` takes what went wrong."""

import binascii
import codecs
import quopri
import re
from html import unescape

MAX_HTML_CHARS = 1_000_000
"""Longer HTML is cut: laying out tables costs more than linear time."""

# Senders name the subset and use the superset, so browsers read the one as the other (WHATWG Encoding Standard).
_SUPERSETS = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
}
# Codecs of Python that are no charset of any mail; some of them take quadratic time.
_NO_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_ENCODED_WORDS = re.compile(r"(?<=\?=)[ \t\r\n]+(?==\?)")
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)
_SPACES = re.compile(r"[ \t\xa0]{2,}")
_LINE_END_SPACES = re.compile(r"[ \t\xa0]+(?=\n)|[ \t\xa0]+\Z")
_BLANK_LINES = re.compile(r"\n{3,}")


def decode(data: bytes, charset: str | None, problems: list[str]) -> str:
    """Text of `data` in its declared charset, else in UTF-8, else in Windows-1252.

    `charset:NAME` joins `problems` where the declared charset is unknown or does not fit the bytes,
    `charset:none` where none is declared and the bytes are no UTF-8.
    """
    name = (charset or "").strip().strip("'\"").lower()
    for candidate in (_codec(name), "utf-8"):
        if candidate is None:
            continue
        try:
            text = data.decode(candidate)
        except (UnicodeError, ValueError):
            continue
        if candidate != "utf-8" or name in ("", "utf-8", "utf8", "ascii", "us-ascii") or data.isascii():
            return clean(text)
        break
    else:
        text = data.decode("cp1252", errors="replace")
    note(problems, storable(f"charset:{name or 'none'}")[:60])
    return clean(text)


def clean(text: str) -> str:
    """`text` that can be stored, line ends as in Unix."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return storable(text)


def storable(text: str) -> str:
    """`text` without what Arrow and many readers refuse: lone surrogates become `?`, NULs go."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def decode_header(value: str, problems: list[str]) -> str:
    """One line of text from a raw header value: unfolded, encoded words (RFC 2047) and 8-bit bytes decoded."""
    value = " ".join(value.split())
    if not value.isascii():  # the parser keeps 8-bit bytes as surrogates
        try:
            value = decode(value.encode("utf-8", "surrogateescape"), None, problems)
        except UnicodeEncodeError:  # other surrogates: not from the parser
            value = storable(value)
    if "=?" not in value:
        return clean(value)
    value = _BETWEEN_ENCODED_WORDS.sub("", value)
    parts: list[str] = []
    end, pending, pending_charset = 0, b"", ""
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        charset, data = word[1].split("*")[0].lower(), _word_bytes(word[2], word[3], problems)
        # Mailers cut multibyte characters in two: join the bytes of neighbours before decoding.
        if pending and (between or charset != pending_charset):
            parts.append(decode(pending, pending_charset, problems))
            pending = b""
        parts.append(between)
        pending, pending_charset, end = pending + data, charset, word.end()
    if pending:
        parts.append(decode(pending, pending_charset, problems))
    parts.append(value[end:])
    return clean(" ".join("".join(parts).split()))


def html_to_text(html: str, problems: list[str]) -> str:
    """Text of an HTML document as a reader sees it; `html` joins `problems` where only tags could be cut out."""
    from inscriptis import get_text  # noqa: PLC0415 (it loads lxml and requests)

    if len(html) > MAX_HTML_CHARS:
        note(problems, "html")
        html = html[:MAX_HTML_CHARS]
    try:
        text = get_text(html)
    except Exception:  # lxml and inscriptis raise many kinds of errors on broken documents
        note(problems, "html")
        text = unescape(_TAG.sub(" ", html))
    text = _LINE_END_SPACES.sub("", _SPACES.sub(" ", clean(text)))
    return _BLANK_LINES.sub("\n\n", text).strip()


def _codec(name: str) -> str | None:
    if not name:
        return "utf-8"
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name in _NO_CHARSETS:
        return None
    return _SUPERSETS.get(info.name, info.name)


def _word_bytes(encoding: str, text: str, problems: list[str]) -> bytes:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw, header=True)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        note(problems, "base64")
        return raw


def note(problems: list[str], problem: str) -> None:
    """Add a problem, once."""
    if problem not in problems:
        problems.append(problem)
