"""Labeling functions about the numbers of a row, and about what it lacks."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.knowledge import columns_of
from labelmill.labeling.matching import is_list, is_text
from labelmill.labeling.provenance import Provenance
from labelmill.labeling.tables import Source, read_source, rows_of
from labelmill.labeling.templates import ANYTHING, Joint, TemplateLF, Wanted
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

Lack = Literal["missing", "empty", "blank", "present"]


def _is_number(kind: pa.DataType) -> bool:
    if is_list(kind):
        return _is_number(kind.value_type)
    return any(
        is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
    )


NUMBERS = Wanted("numbers", _is_number, " For true and false, and for numbers that are codes, there is lookup_lf.")


def threshold_lf(
    name: str,
    *,
    column: str | Sequence[str],
    label: int,
    at_least: float | None = None,
    at_most: float | None = None,
    quantiles_of: Iterable[float] | str | Path | None = None,
    key_column: str | None = None,
    query: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where a number is large enough, small enough, or between two bounds.

    Parameters
    ----------
    name
        Name in the label matrix.
    column
        The column of numbers (or lists of them); of several columns any will do.
    label
        The class to vote for.
    at_least, at_most
        The bounds, both included.
    quantiles_of
        Reference values, or a table of them as `lookup_lf` takes one: the bounds are then shares (0 to 1) of
        these, and become numbers when the labeling function is made. They are not taken from the rows that
        are voted on, which come in parts: a row's vote must not depend on its neighbours.
    key_column
        Name of the table's column of reference values, where it has names.
    query
        For a database: the name of a table, or a SELECT.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No bound, bounds that leave nothing between them, shares out of range, reference values that are no numbers.

    Examples
    --------
    >>> long = threshold_lf("long", column="words", label=0, at_least=300)
    >>> [long({"words": words}) for words in (300, 299.5, None)]
    [0, -1, -1]
    >>> top = threshold_lf("top", column="price", label=1, at_least=0.9, quantiles_of=range(101))
    >>> top({"price": 90}), top({"price": 89})
    (1, -1)
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    bounds = [_bound(bound, lf=name) for bound in (at_least, at_most)]
    if bounds == [None, None]:
        raise LFError(f"labeling function {name!r}: give at_least=, at_most= or both.")
    provenance: tuple[Provenance, ...] = ()
    if quantiles_of is not None:
        source = Source(quantiles_of, name, origin, columns_of(key_column, None, lf=name), query)
        table, provenance = read_source(source)
        bounds = _quantiles(rows_of(table, source, width=1), bounds, lf=name)
    low = -math.inf if bounds[0] is None else bounds[0]
    high = math.inf if bounds[1] is None else bounds[1]
    if low > high:
        raise LFError(f"labeling function {name!r}: at_least is {low:g} and at_most {high:g}: nothing lies between.")

    def match(array: pa.Array) -> NDArray[np.int8]:
        numbers = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)  # nulls are NaN, which is nowhere
        return np.where((numbers >= low) & (numbers <= high), label, ABSTAIN).astype(np.int8)

    named = zip(("at least", "at most"), bounds, strict=True)
    about = " and ".join(f"{word} {bound:g}" for word, bound in named if bound is not None)
    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec={"kind": "threshold", "at_least": bounds[0], "at_most": bounds[1], "label": label},
        about=about,
        match=match,
        upkeep=upkeep,
        wanted=NUMBERS,
        provenance=provenance,
    )


def missing_lf(
    name: str,
    *,
    column: str | Sequence[str],
    label: int,
    when: Lack = "blank",
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where a row lacks something, or has it.

    Parameters
    ----------
    name
        Name in the label matrix.
    column
        The column to look at, of any kind; of several columns any will do.
    label
        The class to vote for.
    when
        missing: there is no value (null, NaN); empty: that, or a text or list without anything in it;
        blank: that, or nothing but white space or empty items; present: none of these.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        `when` is none of the four.

    Examples
    --------
    >>> nameless = missing_lf("nameless", column="sender_name", label=1)
    >>> [nameless({"sender_name": name}) for name in (None, "  ", "Ann")]
    [1, 1, -1]
    >>> attached = missing_lf("attached", column="attachments", label=0, when="present")
    >>> attached({"attachments": ["a.txt"]}), attached({"attachments": []})
    (0, -1)
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    if when not in ("missing", "empty", "blank", "present"):
        raise LFError(f"labeling function {name!r}: when must be missing, empty, blank or present, found {when!r}.")

    def match(arrays: Sequence[pa.Array]) -> NDArray[np.int8]:
        hits = [~_lacks(array, "blank") if when == "present" else _lacks(array, when) for array in arrays]
        return np.where(np.logical_or.reduce(hits), label, ABSTAIN).astype(np.int8)

    return TemplateLF(
        name,
        origin,
        column=column,
        labels=[label],
        spec={"kind": "missing", "when": when, "label": label},
        about=when,
        match=Joint(match),
        upkeep=upkeep,
        wanted=ANYTHING,
    )


def _lacks(array: pa.Array, when: Lack) -> NDArray[np.bool_]:
    """Where a column has nothing."""
    if pa.types.is_null(array.type):
        return np.ones(len(array), dtype=bool)
    lacks = array.is_null().to_numpy(zero_copy_only=False)
    if when == "missing":
        return lacks
    if is_list(array.type):
        has = ~_lacks(array.flatten(), when) if when == "blank" else np.ones(len(array.flatten()), dtype=bool)
        parents = pc.list_parent_indices(array).to_numpy()
        return np.bincount(parents[has], minlength=len(array)) == 0
    if is_text(array.type):
        texts = pc.utf8_trim_whitespace(array) if when == "blank" else array
        lacks = lacks | pc.fill_null(pc.equal(texts, ""), True).to_numpy(zero_copy_only=False)
    return lacks


def _bound(bound: Any, *, lf: str) -> float | None:
    if bound is None:
        return None
    if isinstance(bound, bool) or not isinstance(bound, int | float) or math.isnan(bound):
        raise LFError(f"labeling function {lf!r}: a bound must be a number, found {bound!r}.")
    return float(bound)


def _quantiles(rows: Iterable[tuple[Any, ...]], shares: Sequence[float | None], *, lf: str) -> list[float | None]:
    """The numbers that the shares of some reference values are."""
    if any(share is not None and not 0 <= share <= 1 for share in shares):
        raise LFError(f"labeling function {lf!r}: with quantiles_of= the bounds are shares, 0 to 1; found {shares}.")
    try:
        values = np.array([float(value) for (value,) in rows])
    except ValueError as error:
        raise LFError(f"labeling function {lf!r}: the reference values must be numbers ({error}).") from error
    values = values[~np.isnan(values)]
    if len(values) == 0:
        raise LFError(f"labeling function {lf!r}: there are no reference values.")
    return [None if share is None else float(np.quantile(values, share)) for share in shares]
