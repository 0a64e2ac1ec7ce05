"""Labeling functions about where something came from: networks and domains."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack
from urllib.parse import urlsplit

import idna
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.knowledge import about_table, columns_of, entries_of, match_distinct
from labelmill.labeling.matching import Match
from labelmill.labeling.tables import Source, read_classes, read_source, rows_of
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

_OCTET = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"^{_OCTET}(\.{_OCTET}){{3}}$"
_WIDTH = 17
"""Bytes of a packed address: its version, then IPv4 filled up with zeros, or IPv6."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def cidr_lf(
    name: str,
    ranges: Iterable[str] | str | Path,
    *,
    column: str | Sequence[str],
    label: int,
    key_column: str | None = None,
    query: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where an IP address lies in one of some ranges; what is no address abstains.

    Parameters
    ----------
    name
        Name in the label matrix.
    ranges
        Networks (`10.0.0.0/8`, `2001:db8::/32`), ranges (`10.0.0.1-10.0.0.9`) and single addresses, or a table
        of them as `lookup_lf` takes one: file or database.
    column
        The column of addresses (or lists of them); of several columns any will do.
    label
        The class to vote for.
    key_column
        Name of the table's column of ranges, where it has names.
    query
        For a database: the name of a table, or a SELECT.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No such table, an empty one, or an entry that is no range.

    Examples
    --------
    >>> lab = cidr_lf("lab", ["192.0.2.0/24", "2001:db8::/32"], column="ip", label=1)
    >>> [lab({"ip": ip}) for ip in ("192.0.2.77", "::ffff:192.0.2.1", "2001:db8::1", "192.0.3.1", "lab.example")]
    [1, 1, 1, -1, -1]
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    source = Source(ranges, name, origin, columns_of(key_column, None, lf=name), query)
    table, provenance = read_source(source)
    entries = [entry for (entry,) in rows_of(table, source, width=1)]
    if not entries:
        raise LFError(f"labeling function {name!r}: the table of ranges is empty.")
    merged = _merged(_range(entry, lf=name) for entry in entries)
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec={"kind": "cidr", "ranges": [[first.hex(), last.hex()] for first, last in merged], "label": label},
        about=about_table("ranges", entries),
        match=_match_ranges(merged, label=label),
        upkeep=upkeep,
        provenance=provenance,
    )


def domain_lf(
    name: str,
    domains: Mapping[str, int] | Iterable[str] | str | Path,
    *,
    column: str | Sequence[str],
    label: int | None = None,
    key_column: str | None = None,
    label_column: str | None = None,
    classes: Mapping[Any, int] | None = None,
    query: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote by the domain of a URL, a mail address or a host name.

    Parameters
    ----------
    name
        Name in the label matrix.
    domains
        Domains, or domain to class, or a table of either as `lookup_lf` takes one. One stands for all below it:
        `example.org` for `lists.example.org`, `biz` for every host there; the longest that fits wins. `Bücher.example`
        is the same as `xn--bcher-kva.example`.
    column
        The column of texts (or lists of them); of several columns the first that is in the table counts.
    label
        The class to vote for, where the table names none.
    key_column, label_column
        Names of the table's columns of domains and of classes, where it has names.
    classes
        What the table's own words for the classes mean: word to class.
    query
        For a database: the name of a table, or a SELECT.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No such table, an empty one, or an entry that is no domain.

    Examples
    --------
    >>> known = domain_lf("known", {"example.org": 0, "biz": 1}, column="link")
    >>> [known({"link": link}) for link in ("https://www.Example.org:443/a", "ann@shop.biz", "example.org.evil.com")]
    [0, 1, -1]
    """
    origin = Origin.of_caller(1)
    source = Source(domains, name, origin, columns_of(key_column, label_column, lf=name), query)
    pairs, provenance = read_classes(source, label=label, classes=classes)
    entries = entries_of(pairs, key=_domain, lf=name, wanted="domain such as shop.example or biz")
    if not isinstance(next(iter(entries)), str):
        raise LFError(f"labeling function {name!r}: domains are texts; the table holds numbers.")

    def vote(value: str | None) -> int:
        parts = ((value and _host(value)) or "").split(".")
        return next((entries[part] for part in map(".".join, _tails(parts)) if part in entries), ABSTAIN)

    return TemplateLF(
        name,
        origin,
        column=column,
        labels=entries.values(),
        spec={"kind": "domain", "entries": sorted(entries.items()), "idna": idna.__version__},
        about=about_table("domains", entries),
        match=match_distinct(vote),
        upkeep=upkeep,
        provenance=provenance,
    )


def _range(entry: Any, *, lf: str) -> tuple[bytes, bytes]:
    """First and last address of an entry, packed."""
    try:
        if not isinstance(entry, str):
            raise ValueError(f"{entry!r} is no text")
        first, dash, last = (part.strip() for part in entry.partition("-"))
        if dash:
            ends = ipaddress.ip_address(first), ipaddress.ip_address(last)
        else:
            network = ipaddress.ip_network(first)
            ends = network[0], network[-1]
        low, high = map(_packed, ends)
        if low[0] != high[0] or low > high:
            raise ValueError(f"{last} does not come after {first}")
    except ValueError as error:
        raise LFError(
            f"labeling function {lf!r}: {entry!r} is no range of addresses such as 10.0.0.0/8 or "
            f"10.0.0.1-10.0.0.9 ({error})."
        ) from error
    return low, high


def _packed(address: Address) -> bytes:
    """An address as bytes in the order of addresses; IPv4 that is written as IPv6 is IPv4."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return (bytes([address.version]) + address.packed).ljust(_WIDTH, b"\0")


def _merged(ranges: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Ranges without overlaps, in order."""
    merged: list[tuple[bytes, bytes]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _match_ranges(ranges: Sequence[tuple[bytes, bytes]], *, label: int) -> Match:
    firsts, lasts = (np.array(ends, dtype=f"S{_WIDTH}") for ends in zip(*ranges, strict=True))

    def match(texts: pa.Array) -> NDArray[np.int8]:
        encoded = texts.dictionary_encode(null_encoding="encode")
        addresses = _parsed(encoded.dictionary)
        at = np.searchsorted(firsts, addresses, side="right") - 1
        hits = (at >= 0) & (addresses <= lasts[at])
        votes = np.where(hits, label, ABSTAIN).astype(np.int8)
        return votes[encoded.indices.to_numpy(zero_copy_only=False)]

    return match


def _parsed(texts: pa.Array) -> NDArray[np.bytes_]:
    """Addresses packed, at once where they are IPv4; what is none becomes zeros, which lie before all ranges."""
    texts = pc.utf8_trim_whitespace(texts)
    packed = np.zeros((len(texts), _WIDTH), dtype=np.uint8)
    is_v4 = pc.fill_null(pc.match_substring_regex(texts, pattern=_IPV4), False)
    numbers = pc.split_pattern(texts.filter(is_v4), ".").flatten().cast(pa.uint8()).to_numpy()
    rows = np.flatnonzero(is_v4.to_numpy(zero_copy_only=False))
    packed[rows, 0], packed[rows, 1:5] = 4, numbers.reshape(-1, 4)
    may_be_v6 = pc.fill_null(pc.match_substring(texts, pattern=":"), False)
    for row in np.flatnonzero(may_be_v6.to_numpy(zero_copy_only=False)).tolist():  # Arrow has no way to read IPv6
        try:
            packed[row] = np.frombuffer(_packed(ipaddress.IPv6Address(texts[row].as_py())), dtype=np.uint8)
        except ValueError:
            continue
    return packed.view(f"S{_WIDTH}").ravel()


def _host(value: str) -> str | None:
    """The host of a URL, a mail address (`Ann <ann@example.org>` too) or a host name, in the form of entries."""
    text = value.strip().replace("\\", "/")  # as browsers read them
    if re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//", text):
        try:
            return _domain(urlsplit(text).hostname or "")
        except ValueError:
            return None
    bare = re.split(r"[/?#]", text.rpartition("<")[2].rstrip(">"), maxsplit=1)[0]
    return _domain(bare.rpartition("@")[2].partition(":")[0])


def _domain(text: str) -> str | None:
    """A domain in small ASCII letters, punycode for all others; None where it is none."""
    text = text.strip().strip(".").lower()
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode()
        except UnicodeError:  # idna.IDNAError is one
            return None
    return text if re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", text) else None


def _tails(parts: Sequence[str]) -> Iterable[Sequence[str]]:
    return (parts[i:] for i in range(len(parts)))
