"""Labeling functions that look values up in what is known already."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.matching import Match
from labelmill.labeling.tables import read_table
from labelmill.labeling.templates import NUMBERS, TEXTS, TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

MatchKind = Literal["exact", "prefix", "suffix", "domain"]


def lookup_lf(
    name: str,
    table: Mapping[Any, int] | Iterable[Any] | str | Path,
    *,
    column: str | Sequence[str],
    label: int | None = None,
    match: MatchKind = "exact",
    ignore_case: bool = True,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote what a table says about a value.

    Parameters
    ----------
    name
        Name in the label matrix.
    table
        Value to class, or values that share one `label`, or a file of either, relative to the file that
        calls: `.json` (object or list), `.csv` (value, class), any other with one value a line.
    column
        The column (or columns, the first that is in the table counts) to look up.
    label
        The class to vote for, where the table names none.
    match
        exact: the whole value; prefix, suffix: how it begins or ends; domain: a host name or one above it.
        The longest entry wins.
    ignore_case
        Whether capitals and small letters are the same.
    **upkeep
        See `UpkeepArguments`.

    Examples
    --------
    >>> known = lookup_lf("known", {"example.org": 0, "biz": 1}, column="sender_domain", match="domain")
    >>> [known({"sender_domain": d}) for d in ("lists.example.org", "cheap.biz", "notexample.org", None)]
    [0, 1, -1, -1]
    """
    origin = Origin.of_caller(1)
    if match not in ("exact", "prefix", "suffix", "domain"):
        raise LFError(f"labeling function {name!r}: match must be exact, prefix, suffix or domain, found {match!r}.")
    votes = {
        value: check_label(vote, lf=name)
        for value, vote in read_table(table, label=label, lf=name, origin=origin).items()
    }
    entries = _entries(votes, ignore_case=ignore_case, lf=name)
    text = isinstance(next(iter(entries)), str)
    if match != "exact" and not text:
        raise LFError(f"labeling function {name!r}: match={match!r} is for texts; the table holds numbers.")
    spec = {"kind": "lookup", "entries": sorted(entries.items()), "match": match, "ignore_case": ignore_case}
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=entries.values(),
        spec=spec,
        about=f"{match} ({len(entries)}): {', '.join(map(str, entries))}",
        match=_lookup(entries, match, ignore_case=ignore_case),
        upkeep=upkeep,
        wanted=TEXTS if text else NUMBERS,
    )


def _entries(votes: Mapping[Any, int], *, ignore_case: bool, lf: str) -> dict[Any, int]:
    if not votes:
        raise LFError(f"labeling function {lf!r}: the table is empty.")
    if len({isinstance(value, str) for value in votes}) > 1 or not all(isinstance(v, str | int | float) for v in votes):
        raise LFError(f"labeling function {lf!r}: the values of the table must be all texts or all numbers.")
    entries: dict[Any, int] = {}
    for value, vote in votes.items():
        key = value.casefold() if ignore_case and isinstance(value, str) else value
        if key == "" or entries.setdefault(key, vote) != vote:
            raise LFError(
                f"labeling function {lf!r}: {value!r} is empty or in the table twice, with different classes."
            )
    return entries


def _lookup(entries: Mapping[Any, int], match: MatchKind, *, ignore_case: bool) -> Match:
    sizes = sorted({len(key) for key in entries}, reverse=True) if match in ("prefix", "suffix") else []

    def candidates(value: Any) -> Iterable[Any]:
        if ignore_case and isinstance(value, str):
            value = value.casefold()
        if match == "prefix":
            return (value[:size] for size in sizes)
        if match == "suffix":
            return (value[-size:] for size in sizes)
        if match == "domain":
            parts = value.split(".")
            return (".".join(parts[i:]) for i in range(len(parts)))
        return (value,)

    def vote(value: Any) -> int:
        if value is None:
            return ABSTAIN
        return next((entries[key] for key in candidates(value) if key in entries), ABSTAIN)

    def look_up(array: pa.Array) -> NDArray[np.int8]:
        encoded = array.dictionary_encode(null_encoding="encode")  # each distinct value once
        distinct = np.array([vote(value) for value in encoded.dictionary.to_pylist()], dtype=np.int8)
        return distinct[encoded.indices.to_numpy(zero_copy_only=False)] if len(array) else distinct[:0]

    return look_up
