"""Labeling functions that look pairs of things up in a knowledge base: distant supervision."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.knowledge import about_table
from labelmill.labeling.matching import is_list
from labelmill.labeling.tables import Source, read_source, rows_of
from labelmill.labeling.templates import Joint, TemplateLF
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

Known = Mapping[str, frozenset[str]]
"""The first of each known pair, with the seconds of it."""

Form = Callable[[str], str]

_ASCII_TOKEN = re.compile(r"\w+|[^\w\s]")


def distant_supervision_lf(
    name: str,
    pairs: Iterable[Sequence[str]] | str | Path,
    *,
    columns: str | Sequence[str],
    label: int,
    symmetric: bool = False,
    ignore_case: bool = True,
    pair_columns: Sequence[str] = (),
    query: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where two things are related, as a knowledge base has it (Mintz et al., ACL 2009).

    Parameters
    ----------
    name
        Name in the label matrix.
    pairs
        The related pairs, or a table of them as `lookup_lf` takes one: file or database.
    columns
        The two columns to take a pair from; where one holds lists, any of its items will do. Or one column
        of candidates: a list, of which any two will do, or a text that must name both as whole words; their order
        is free.
    label
        The class to vote for.
    symmetric
        Whether (a, b) is known where (b, a) is. With one column it always is.
    ignore_case
        Whether capitals and small letters are the same.
    pair_columns
        Names of the table's two columns, where it has names (a `.csv` file: a header).
    query
        For a database: the name of a table, or a SELECT.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No such table, an empty one, or one whose rows are no pairs of texts.

    Examples
    --------
    >>> married = [("Marie Curie", "Pierre Curie")]
    >>> spouses = distant_supervision_lf("spouses", married, columns=("a", "b"), label=1, symmetric=True)
    >>> spouses({"a": "Pierre Curie", "b": "Marie Curie"}), spouses({"a": "Pierre Curie", "b": "Paul Langevin"})
    (1, -1)
    >>> couples = distant_supervision_lf("couples", married, columns="text", label=1)
    >>> couples({"text": "In 1895 Pierre Curie wed Marie Curie."})
    1
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    columns = (columns,) if isinstance(columns, str) else tuple(columns)
    if len(columns) not in (1, 2) or len(pair_columns) not in (0, 2):
        raise LFError(
            f"labeling function {name!r}: columns= are two (or one of candidates), pair_columns= are two or absent; "
            f"found {list(columns)} and {list(pair_columns)}."
        )
    source = Source(pairs, name, origin, tuple(pair_columns), query)
    table, provenance = read_source(source)
    both_ways = symmetric or len(columns) == 1
    form = str.casefold if ignore_case else str
    found = _pairs(rows_of(table, source, width=2), form, both_ways=both_ways, lf=name)
    spec = {
        "kind": "distant_supervision",
        "pairs": sorted(found),
        "both_ways": both_ways,
        "ignore_case": ignore_case,
        "label": label,
    }
    find = _match_two if len(columns) == 2 else _match_candidates
    about = about_table("pairs", [f"{first} and {second}" for first, second in found])
    return TemplateLF(
        name,
        origin,
        column=columns,
        labels=[label],
        spec=spec,
        about=about,
        match=find(_known(found, both_ways=both_ways), form, label=label),
        upkeep=upkeep,
        provenance=provenance,
    )


def _pairs(rows: Iterable[tuple[Any, ...]], form: Form, *, both_ways: bool, lf: str) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for first, second in rows:
        if not isinstance(first, str) or not isinstance(second, str) or not first.strip() or not second.strip():
            raise LFError(f"labeling function {lf!r}: a pair must be two texts, found {(first, second)!r}.")
        pair = form(first.strip()), form(second.strip())
        found[min(pair, pair[::-1]) if both_ways else pair] = None
    if not found:
        raise LFError(f"labeling function {lf!r}: the table of pairs is empty.")
    return list(found)


def _known(pairs: Iterable[tuple[str, str]], *, both_ways: bool) -> Known:
    known: defaultdict[str, set[str]] = defaultdict(set)
    for first, second in pairs:
        known[first].add(second)
        if both_ways:
            known[second].add(first)
    return {first: frozenset(seconds) for first, seconds in known.items()}


def _match_two(known: Known, form: Form, *, label: int) -> Joint:
    """Whether what two columns hold is a pair; each distinct couple is asked for once."""

    def related(firsts: frozenset[str], seconds: frozenset[str]) -> bool:
        return any(not known[first].isdisjoint(seconds) for first in firsts if first in known)

    def match(arrays: Sequence[pa.Array]) -> NDArray[np.int8]:
        (rows, firsts), (other_rows, seconds) = (_distinct(array, form) for array in arrays)
        votes = np.full(len(rows), ABSTAIN, dtype=np.int8)
        at = np.flatnonzero(np.array([not known.keys().isdisjoint(names) for names in firsts], dtype=bool)[rows])
        couples, places = np.unique(rows[at] * len(seconds) + other_rows[at], return_inverse=True)
        hits = [related(firsts[couple // len(seconds)], seconds[couple % len(seconds)]) for couple in couples.tolist()]
        votes[at[np.array(hits, dtype=bool)[places]]] = label
        return votes

    return Joint(match)


def _match_candidates(known: Known, form: Form, *, label: int) -> Joint:
    """Whether a list holds both of a pair, or a text names both."""
    lengths = sorted({len(_tokens(name)) for name in known})
    named = {" ".join(_tokens(name)): name for name in known}

    def names_in(text: str) -> frozenset[str]:
        tokens = _tokens(text)
        runs = (" ".join(tokens[i : i + size]) for size in lengths for i in range(len(tokens) - size + 1))
        return frozenset(named[run] for run in runs if run in named)

    def related(names: frozenset[str]) -> bool:
        return any(not known[name].isdisjoint(names - {name}) for name in names if name in known)

    def match(arrays: Sequence[pa.Array]) -> NDArray[np.int8]:
        rows, candidates = _distinct(arrays[0], form)
        if not is_list(arrays[0].type):
            candidates = [frozenset().union(*map(names_in, texts)) for texts in candidates]
        hits = [related(names) for names in candidates]
        return np.where(np.array(hits, dtype=bool)[rows], label, ABSTAIN).astype(np.int8)

    return Joint(match)


def _tokens(text: str) -> list[str]:
    """Its words, and each other character but white space."""
    return (_ASCII_TOKEN if text.isascii() else _token()).findall(text)


@cache
def _token() -> re.Pattern[str]:
    """With marks, which Python counts to no word: e with an accent of its own is another letter than e."""
    marks = "".join(chr(code) for code in range(0x300, 0xE0200) if unicodedata.category(chr(code)).startswith("M"))
    return re.compile(rf"[\w{marks}]+|[^\w\s{marks}]")


def _distinct(array: pa.Array, form: Form) -> tuple[NDArray[np.int64], list[frozenset[str]]]:
    """The distinct values of a column as sets of names, and for each row the number of its own."""
    if not is_list(array.type):
        encoded = array.dictionary_encode(null_encoding="encode")
        values: list[tuple[str | None, ...]] = [(value,) for value in encoded.dictionary.to_pylist()]
        rows = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    else:  # row by row, since Arrow cannot tell equal lists
        numbers: dict[tuple[str | None, ...], int] = {}
        lists = (tuple(items or ()) for items in array.to_pylist())
        rows = np.fromiter((numbers.setdefault(items, len(numbers)) for items in lists), np.int64, len(array))
        values = list(numbers)
    return rows, [frozenset(form(value.strip()) for value in items if value is not None) for items in values]
