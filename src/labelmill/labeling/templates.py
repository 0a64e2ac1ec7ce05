"""Labeling functions that are data, not code: they run on whole columns, at the speed of Arrow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import LabelingFunction, Origin
from labelmill.labeling.matching import (
    Match,
    check_pattern,
    is_text,
    match_column,
    match_patterns,
    word_patterns,
)
from labelmill.labeling.rows import Columns, NoSuchColumnError, to_arrow, value_of
from labelmill.labeling.tables import read_table, read_words
from labelmill.labeling.votes import check_label

MatchKind = Literal["exact", "prefix", "suffix", "domain"]


class TemplateLF(LabelingFunction):
    """A labeling function made by `keyword_lf`, `regex_lf` or `lookup_lf`.

    Attributes
    ----------
    spec
        All that decides its votes, ready for JSON.
    about
        What it looks for, for people.
    """

    def __init__(
        self,
        name: str,
        origin: Origin,
        *,
        column: str | Sequence[str],
        labels: Iterable[int],
        spec: Mapping[str, Any],
        about: str,
        match: Match,
        wants_text: bool = True,
    ) -> None:
        super().__init__(name, origin)
        self.columns = (column,) if isinstance(column, str) else tuple(column)
        self.labels = tuple(sorted(set(labels)))
        self.spec = {**spec, "columns": list(self.columns)}
        self.about = about
        self._match = match
        self._wants_text = wants_text

    def __call__(self, row: Any) -> int:
        """Vote on one row: the same kernel on a column of one value."""
        try:
            return int(self._votes(lambda name: to_arrow([value_of(row, name)]), 1)[0])
        except NoSuchColumnError as error:
            raise LFError(f"labeling function {self.name!r}: {error}") from error

    def votes(self, columns: Columns) -> NDArray[np.int8]:
        """Vote on every row."""
        return self._votes(columns.arrow, len(columns.frame))

    def _votes(self, column: Callable[[str], pa.Array | None], size: int) -> NDArray[np.int8]:
        votes = np.full(size, ABSTAIN, dtype=np.int8)
        for name in self.columns:
            array = column(name)
            self._check_type(name, array)
            votes = np.where(votes == ABSTAIN, match_column(array, self._match), votes)
        return votes

    def _check_type(self, name: str, array: pa.Array | None) -> None:
        if array is not None and (pa.types.is_null(array.type) or is_text(array.type) == self._wants_text):
            return
        found = "values of mixed kinds" if array is None else f"{array.type} values"
        wanted = "texts" if self._wants_text else "numbers"
        raise LFError(f"labeling function {self.name!r} needs {wanted}, but column {name!r} holds {found}.")


def keyword_lf(
    name: str,
    words: Iterable[str] | str | Path,
    *,
    column: str | Sequence[str],
    label: int,
    whole_word: bool = True,
    ignore_case: bool = True,
) -> TemplateLF:
    """Vote `label` where a text has one of some words.

    Parameters
    ----------
    name
        Name in the label matrix.
    words
        Words and phrases, or a file with one a line, relative to the file that calls. White space
        inside a phrase matches any white space.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    whole_word
        Whether a word counts only where no ASCII letter, digit or `_` touches it.
    ignore_case
        Whether capitals and small letters are the same.

    Examples
    --------
    >>> spam = keyword_lf("money", ["cash", "$$$", "credit card"], column="text", label=1)
    >>> [spam({"text": text}) for text in ("No CASH needed", "your credit\\ncard", "win $$$!", "cashier", None)]
    [1, 1, 1, -1, -1]
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    found = read_words(words, lf=name, origin=origin)
    patterns = word_patterns(found, whole_word=whole_word, lf=name, ignore_case=ignore_case)
    spec = {"kind": "regex", "patterns": patterns, "label": label, "ignore_case": ignore_case}
    match = match_patterns(patterns, label=label, ignore_case=ignore_case)
    about = f"words ({len(found)}): {', '.join(found)}"
    return TemplateLF(name, origin, column=column, labels=[label], spec=spec, about=about, match=match)


def regex_lf(
    name: str, pattern: str, *, column: str | Sequence[str], label: int, ignore_case: bool = False
) -> TemplateLF:
    r"""Vote `label` where a pattern occurs in a text.

    Parameters
    ----------
    name
        Name in the label matrix.
    pattern
        An RE2 pattern, found anywhere in the text. `\b`, `\d`, `\s` and `\w` know ASCII only; `^` and `$`
        are the ends of the text, unless the pattern begins with `(?m)`.
    column
        The column of texts (or lists of texts) to look in; of several columns any will do.
    label
        The class to vote for.
    ignore_case
        Whether capitals and small letters are the same.

    Examples
    --------
    >>> act_now = regex_lf("act_now", r"\b(act|buy) now\b", column="text", label=1, ignore_case=True)
    >>> act_now({"text": "Buy now!"}), act_now({"text": "we react nowhere"})
    (1, -1)
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    check_pattern(pattern, lf=name, ignore_case=ignore_case)
    spec = {"kind": "regex", "patterns": [pattern], "label": label, "ignore_case": ignore_case}
    match = match_patterns([pattern], label=label, ignore_case=ignore_case)
    return TemplateLF(name, origin, column=column, labels=[label], spec=spec, about=f"pattern {pattern}", match=match)


def lookup_lf(
    name: str,
    table: Mapping[Any, int] | Iterable[Any] | str | Path,
    *,
    column: str | Sequence[str],
    label: int | None = None,
    match: MatchKind = "exact",
    ignore_case: bool = True,
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
        wants_text=text,
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
