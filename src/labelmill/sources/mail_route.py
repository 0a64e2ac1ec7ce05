"""When and from where a mail came: the dates and the Received chain, of which the topmost hops are our own side's."""

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime

from labelmill.sources.decoding import storable

_IPV4 = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")
_BY = re.compile(r"\sby\s")
_FIRST_YEAR, _LAST_YEAR = 1970, 2100


def parse_date(value: str | None) -> dt.datetime | None:
    """A date in any of the forms that mails use, in UTC; None where it is none, or no plausible year."""
    if not value:
        return None
    try:
        date = parsedate_to_datetime(value[:200])
        date = date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if _FIRST_YEAR <= date.year <= _LAST_YEAR else None


def received_at(
    mbox_line: str | None, received: Iterable[str], sent_at: dt.datetime | None
) -> tuple[dt.datetime | None, str | None]:
    """When the mail came in, and what says so: "mbox", "received" (topmost), "date", or None."""
    if mbox_line and (date := parse_date(_mbox_date(mbox_line))):
        return date, "mbox"
    for hop in received:
        if date := parse_date(hop.rpartition(";")[2].strip()):
            return date, "received"
        break
    return sent_at, "date" if sent_at else None


def envelope(mbox_line: str | None) -> str | None:
    """The address that the sender's side gave, from the mbox `From ` line."""
    words = (mbox_line or "").split()
    return storable(words[1].strip("<>").lower()) if len(words) > 1 and "@" in words[1] else None


def originating_ip(headers: Mapping[str, list[str]], collectors: re.Pattern[str] | None = None) -> str | None:
    """The public IPv4 address next to the sender: X-Originating-IP, else the bottom-most hop that names one."""
    for value in headers.get("x-originating-ip", ()):
        if ip := _public_ip(value):
            return ip
    for hop in reversed(headers.get("received", [])):
        sender_side = _BY.split(" ".join(hop.split()), maxsplit=1)[0]
        if collectors is not None and collectors.search(sender_side):
            continue
        if ip := _public_ip(sender_side):
            return ip
    return None


def _mbox_date(line: str) -> str:
    # "From someone@host  Thu Aug 22 12:36:23 2002": the date is the last five words.
    return " ".join(line.split()[-5:])


def _public_ip(text: str) -> str | None:
    for candidate in _IPV4.findall(text):
        try:
            address = ipaddress.IPv4Address(candidate)
        except ValueError:
            continue
        if address.is_global and not address.is_multicast:
            return str(address)
    return None
