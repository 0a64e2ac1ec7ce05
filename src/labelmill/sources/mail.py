"""One raw mail (RFC 5322 bytes) to one row. Never raises: what could not be decoded is named in `decode_problems`."""

import re
from collections.abc import Iterable, Mapping
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import parseaddr
from typing import Any, Final

import pandas as pd

from labelmill.sources import mail_body, mail_route
from labelmill.sources.columns import date_column
from labelmill.sources.decoding import clean, decode, decode_header

COLUMNS: Final[Mapping[str, str]] = {
    "received_at": "date",
    "date_source": "text",
    "sent_at": "date",
    "sender_name": "text",
    "sender_address": "text",
    "sender_domain": "text",
    "reply_to": "text",
    "return_path": "text",
    "originating_ip": "text",
    "subject": "text",
    "text": "text",
    "has_html": "flag",
    "links": "list",
    "attachments": "list",
    "is_reply": "flag",
    "list_id": "text",
    "decode_problems": "list",
}
"""Columns of a mail and the kind of each, in order."""

MAX_HEADER_CHARS = 10_000
"""Longer header values are cut: parsing addresses takes more than linear time."""

_DOMAIN = re.compile(r"@([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$")
_IN_ANGLES = re.compile(r"<\s*([^<>]*?)\s*>")
_REPLY = re.compile(r"\s*(re|aw|sv|antw)\s*(\[\d+\])?\s*:", re.IGNORECASE)
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,100}[ \t]*:")


def looks_like_mail(raw: bytes) -> bool:
    """Whether the first line is a header or an mbox `From ` line."""
    first = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")[:1000]
    return first.startswith(b"From ") or _HEADER_LINE.match(first) is not None


def parse_mail(raw: bytes, *, collectors: re.Pattern[str] | None = None) -> dict[str, Any]:
    """The row of one mail.

    Parameters
    ----------
    raw
        The message as it came over the wire or out of an mbox, whatever is wrong with it.
    collectors
        Matches the hosts that received the mail for us: their hops never give `originating_ip`.

    Returns
    -------
    dict
        A value for each of `COLUMNS`. `received_at` is the mbox `From ` line, else the topmost
        Received header, else Date; `date_source` says which ("mbox", "received", "date" or None).
        Headers that the receiving side wrote enter no other column.
    """
    problems: list[str] = []
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    message = _parse(raw, problems)
    headers = _headers(message)
    name, address = parseaddr(_first(headers, "from", problems) or "")
    subject = _first(headers, "subject", problems)
    body = mail_body.read_body(message, problems)
    sent_at = mail_route.parse_date(_raw(headers, "date"))
    received_at, date_source = mail_route.received_at(message.get_unixfrom(), headers.get("received", ()), sent_at)
    address = address.lower()
    domain = _DOMAIN.search(address)
    return {
        "received_at": received_at,
        "date_source": date_source,
        "sent_at": sent_at,
        "sender_name": name.strip() or None,
        "sender_address": address or None,
        "sender_domain": domain[1] if domain else None,
        "reply_to": _address(_first(headers, "reply-to", problems)),
        "return_path": _address(_first(headers, "return-path", problems))
        or mail_route.envelope(message.get_unixfrom()),
        "originating_ip": mail_route.originating_ip(headers, collectors),
        "subject": subject,
        "text": body.text,
        "has_html": body.has_html,
        "links": body.links,
        "attachments": body.attachments,
        "is_reply": bool({"in-reply-to", "references"} & headers.keys() or _REPLY.match(subject or "")),
        "list_id": _list_id(_first(headers, "list-id", problems)),
        "decode_problems": problems,
    }


def mail_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows of `parse_mail` as a typed frame; columns beyond `COLUMNS` (such as an id) come first."""
    rows = list(rows)
    extra = [key for key in (rows[0] if rows else ()) if key not in COLUMNS]
    columns: dict[str, Any] = {}
    for name in (*extra, *COLUMNS):
        values = [row[name] for row in rows]
        match COLUMNS.get(name):
            case "date":
                columns[name] = date_column(values)
            case "flag":
                columns[name] = pd.Series(values, dtype=bool)
            case "list":
                columns[name] = pd.Series(values, dtype=object)
            case "text":
                columns[name] = pd.Series(values, dtype="str")
            case _:
                columns[name] = pd.Series(values)
    return pd.DataFrame(columns)


def _parse(raw: bytes, problems: list[str]) -> Message:
    try:
        return BytesParser(policy=compat32).parsebytes(raw)
    except Exception:  # RecursionError on deep nesting, and whatever else the parser has not met yet
        problems.append("mime")
    try:
        return BytesHeaderParser(policy=compat32).parsebytes(raw)
    except Exception:
        message = Message()
        message.set_payload(clean(decode(raw, None, problems)))
        return message


def _headers(message: Message) -> dict[str, list[str]]:
    """Raw values by lower-case name, topmost first."""
    headers: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower().strip(), []).append(str(value)[:MAX_HEADER_CHARS])
    return headers


def _raw(headers: dict[str, list[str]], name: str) -> str | None:
    return headers[name][0] if name in headers else None


def _first(headers: dict[str, list[str]], name: str, problems: list[str]) -> str | None:
    raw = _raw(headers, name)
    return decode_header(raw, problems) if raw is not None else None


def _address(value: str | None) -> str | None:
    return (parseaddr(value)[1].lower() or None) if value else None


def _list_id(value: str | None) -> str | None:
    if not value:
        return None
    found = _IN_ANGLES.findall(value)
    return (found[-1] if found else value).strip().lower() or None
