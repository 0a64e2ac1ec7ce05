"""Labeling functions that look values up in what is known already."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.matching import Match
from labelmill.labeling.tables import Source, read_classes
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
    key_column: str | None = None,
    label_column: str | None = None,
    classes: Mapping[Any, int] | None = None,
    query: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote what a table says about a value.

    Parameters
    ----------
    name
        Name in the label matrix.
    table
        Value to class, or values that share one `label`, or a file of either, relative to the file that
        calls: `.json` (object or list), `.csv` and `.tsv` (value, class), `.parquet`, SQLite, any other with one
        value a line; or the URL of a database as SQLAlchemy takes it, with user and password as `${NAME}` from
        the environment. It is read once, when the labeling function is made.
    column
        The column (or columns, the first that is in the table counts) to look up.
    label
        The class to vote for, where the table names none.
    match
        exact: the whole value; prefix, suffix: how it begins or ends; domain: a host name or one above it.
        The longest entry wins.
    ignore_case
        Whether capitals and small letters are the same.
    key_column, label_column
        Names of the table's columns of values and of classes, where it has names (a `.csv` file: a header).
    classes
        What the table's own words for the classes mean: word to class.
    query
        For a database: the name of a table, or a SELECT.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No such table, column or variable; a table that is empty, mixes texts and numbers, or says two things
        of one value.
    MissingToolError
        The driver of the database is not installed.

    Examples
    --------
    >>> known = lookup_lf("known", {"example.org": 0, "biz": 1}, column="sender_domain", match="domain")
    >>> [known({"sender_domain": d}) for d in ("lists.example.org", "cheap.biz", "notexample.org", None)]
    [0, 1, -1, -1]
    """
    origin = Origin.of_caller(1)
    if match not in ("exact", "prefix", "suffix", "domain"):
        raise LFError(f"labeling function {name!r}: match must be exact, prefix, suffix or domain, found {match!r}.")
    source = Source(table, name, origin, columns_of(key_column, label_column, lf=name), query)
    pairs, provenance = read_classes(source, label=label, classes=classes)
    entries = entries_of(pairs, key=str.casefold if ignore_case else None, lf=name)
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
        about=about_table(match, entries),
        match=_lookup(entries, match, ignore_case=ignore_case),
        upkeep=upkeep,
        wanted=TEXTS if text else NUMBERS,
        provenance=provenance,
    )


def columns_of(key_column: str | None, label_column: str | None, *, lf: str) -> tuple[str, ...]:
    """The columns of a table that count."""
    if label_column is not None and key_column is None:
        raise LFError(f"labeling function {lf!r}: label_column= needs key_column= beside it.")
    return tuple(name for name in (key_column, label_column) if name is not None)


def entries_of(
    pairs: Iterable[tuple[Any, int]],
    *,
    key: Callable[[str], str | None] | None,
    lf: str,
    wanted: str = "value to look for",
) -> dict[Any, int]:
    """Value to class, every value in the form that `key` gives it, every class checked."""
    entries: dict[Any, int] = {}
    for value, vote in pairs:
        form = key(value) if key is not None and isinstance(value, str) else value
        if form in ("", None):
            raise LFError(f"labeling function {lf!r}: the table holds {value!r}, which is no {wanted}.")
        if entries.setdefault(form, check_label(vote, lf=lf)) != vote:
            raise LFError(f"labeling function {lf!r}: the table holds {value!r} twice, with different classes.")
    if not entries:
        raise LFError(f"labeling function {lf!r}: the table is empty.")
    if len({isinstance(value, str) for value in entries}) > 1:
        raise LFError(f"labeling function {lf!r}: the values of the table must be all texts or all numbers.")
    return entries


def about_table(what: str, entries: Collection[Any]) -> str:
    """What is looked for, in a line; of a long table its beginning."""
    shown = ", ".join(str(entry) for entry in islice(entries, 20))
    return f"{what} ({len(entries):,}): {shown}{', …' if len(entries) > 20 else ''}"


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

    return match_distinct(vote)


def match_distinct(vote: Callable[[Any], int]) -> Match:
    """Ask for the vote on a value once, however often a column holds it."""

    def match(array: pa.Array) -> NDArray[np.int8]:
        encoded = array.dictionary_encode(null_encoding="encode")
        distinct = np.array([vote(value) for value in encoded.dictionary.to_pylist()], dtype=np.int8)
        return distinct[encoded.indices.to_numpy(zero_copy_only=False)] if len(array) else distinct[:0]

    return match
