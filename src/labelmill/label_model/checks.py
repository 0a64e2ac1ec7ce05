"""Refuse what is no label matrix, and say where it goes wrong.

Votes that are silently bent into shape (1.7 to 1, -7 to abstain, 99 to a class) are the worst kind
of wrong: everything runs and the labels are off.
"""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, UNKNOWN
from labelmill.errors import LabelModelError
from labelmill.label_model.encoding import name_list
from labelmill.label_model.row_ids import without_ids

Pairs: TypeAlias = Sequence[tuple[str | int, str | int]]
"""Pairs of labeling functions, each by two names or two positions."""
GivenBalance: TypeAlias = Sequence[float] | Literal["estimate"] | None
"""How a class balance is given: the share of each class, uniform if absent, or to be estimated first."""

_PART_ROWS = 8_192
"""Rows that are looked at at a time."""


def as_votes(L: Any, cardinality: int, lf_names: Sequence[str] | None = None) -> tuple[Any, list[str] | None]:
    """Return the votes, an integer array or a sparse matrix of vote + 1, with the names of their columns.

    Parameters
    ----------
    L
        Integer array n x m with -1 for abstain, a scipy sparse matrix of vote + 1, or a data frame
        with one column per labeling function; a column `id` in it is not one, see `without_ids`.
    cardinality
        Number of classes.
    lf_names
        Names of the columns, for the messages; a data frame brings its own.

    Raises
    ------
    LabelModelError
        L is no such thing; the message names the first row, labeling function and value at fault.
    """
    if hasattr(L, "columns"):
        L = without_ids(L, cardinality, lf_names)
    names = [str(name) for name in L.columns] if hasattr(L, "columns") else None
    if names is not None and lf_names is not None and names != list(lf_names):
        raise LabelModelError(
            "The columns of the data frame are not the labeling functions in lf_names, "
            f"{_first_difference(names, lf_names)}. Give the columns in that order, or a plain array."
        )
    known = names if names is not None else (list(lf_names) if lf_names is not None else None)
    if sp.issparse(L):
        return _sparse_votes(L, cardinality, known), known
    if not isinstance(L, np.ndarray) and names is None:
        L = np.asarray(L, dtype=object)  # so that a True among integers stays visible
    array = L.to_numpy() if names is not None else L
    if array.ndim != 2:
        raise LabelModelError(
            f"L has {array.ndim} dimensions: expected 2, one row per data point and one column per labeling function."
        )
    if array.dtype.kind not in "iu":
        array = _integers(array, cardinality, known)
    if not _within(array, ABSTAIN, cardinality - 1):
        _raise_vote(array, (array < ABSTAIN) | (array >= cardinality), cardinality, known)
    return array, known


def as_pairs(pairs: Pairs, lf_names: Sequence[str], what: str) -> NDArray[np.bool_]:
    """Return which pairs of labeling functions are meant, m x m and symmetric.

    Parameters
    ----------
    pairs
        Each by two names, or two positions.
    lf_names
        The m names.
    what
        What the pairs are called in a message.

    Raises
    ------
    LabelModelError
        A pair is no pair, or names a labeling function that is not there.
    """
    place = {name: j for j, name in enumerate(lf_names)}
    chosen = np.zeros((len(lf_names), len(lf_names)), dtype=bool)
    for pair in _listed(pairs, what):
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise LabelModelError(f"{what} has {pair!r}: expected a pair of labeling functions, by name or position.")
        ends = [place.get(lf) if isinstance(lf, str) else lf for lf in pair]
        for lf, end in zip(pair, ends, strict=True):
            if isinstance(end, bool) or not isinstance(end, int | np.integer) or not 0 <= end < len(lf_names):
                raise LabelModelError(
                    f"{what} name the labeling function {lf!r}, which is not there: expected a name of lf_names "
                    f"({name_list(lf_names)}), or a position from 0 to {len(lf_names) - 1}."
                )
        i, j = (int(end) for end in ends if end is not None)
        if i == j:
            raise LabelModelError(f"{what} has {pair!r}: a labeling function makes no pair with itself.")
        chosen[i, j] = chosen[j, i] = True
    return chosen


def as_soft(soft: pd.DataFrame | None, L: Any, cardinality: int, lf_names: Sequence[str] | None) -> pd.DataFrame | None:
    """Return the table of soft votes with positions for names, None where there are none.

    Raises
    ------
    LabelModelError
        A soft vote is not a distribution over the classes, or L does not have its heaviest class.
    """
    if soft is None or not len(soft):
        return None
    if missing := {"row", "lf", "class", "weight"} - set(soft.columns):
        raise LabelModelError(
            f"The table of soft votes has no column {', '.join(sorted(missing))}; it has {list(soft.columns)}. "
            "Expected row, lf, class and weight, one line per class that a vote allows."
        )
    lf = soft["lf"]
    if not pd.api.types.is_integer_dtype(lf):
        lf = lf.astype(str).map({name: j for j, name in enumerate(lf_names or ())}).fillna(-1)
    table = pd.DataFrame({"row": soft["row"], "lf": lf, "class": soft["class"], "weight": soft["weight"]})
    n, m = L.shape
    for column, size in (("row", n), ("lf", m), ("class", cardinality)):
        outside = ~table[column].isin(range(size))
        if outside.any():
            wrong = soft.loc[outside, column].tolist()[0]
            allowed = f"a name from lf_names or 0 to {m - 1}" if column == "lf" else f"0 to {size - 1}"
            raise LabelModelError(f"The table of soft votes has {column} {wrong}: expected {allowed}.")
    table = table.astype({"row": np.int64, "lf": np.int64, "class": np.int64, "weight": np.float64})
    table = table.sort_values(["row", "lf", "class"], ignore_index=True)
    cells = table.groupby(["row", "lf"], sort=True)["weight"]
    total = cells.sum()
    bad = ~np.isfinite(table["weight"]) | (table["weight"] <= 0) | table.duplicated(["row", "lf", "class"])
    off = total.index[(total - 1).abs() > 1e-6]
    if bad.any() or len(off):
        row, lf_at = table.loc[bad.idxmax(), ["row", "lf"]].astype(int) if bad.any() else off[0]
        raise LabelModelError(
            f"{_place(row, lf_at, list(lf_names) if lf_names else None)} is a soft vote whose weights are "
            f"{table.loc[(table['row'] == row) & (table['lf'] == lf_at), 'weight'].tolist()}: "
            "expected numbers above 0 that sum to 1, one per class."
        )
    hard = np.asarray(L[table["row"].to_numpy(), table["lf"].to_numpy()]).ravel() - int(sp.issparse(L))
    top = cells.transform("max").to_numpy()
    fits = (
        pd.Series((hard == table["class"]) & (table["weight"] >= top - 1e-9)).groupby([table["row"], table["lf"]]).any()
    )
    if not fits.all():
        row, lf_at = fits.index[~fits][0]
        raise LabelModelError(
            f"{_place(row, lf_at, list(lf_names) if lf_names else None)} has a soft vote, but not its heaviest class "
            "in L: L must have the class with the largest weight there, one of them where several are."
        )
    return table


def as_gold(gold: Any, n_rows: int, cardinality: int) -> NDArray[np.int64] | None:
    """Return gold labels as integers, None where none is known."""
    if gold is None:
        return None
    array = np.asarray(gold)
    if array.shape != (n_rows,) or array.dtype.kind not in "iu":
        raise LabelModelError(
            f"gold has shape {array.shape} and dtype {array.dtype}: expected {n_rows} integers, one per row of L."
        )
    if n_rows and (array.min() < UNKNOWN or array.max() >= cardinality):
        raise LabelModelError(
            f"gold has values from {array.min()} to {array.max()}: "
            f"expected -1 (unknown) or a class from 0 to {cardinality - 1}."
        )
    return array.astype(np.int64) if (array != UNKNOWN).any() else None


def to_estimate(class_balance: GivenBalance) -> bool:
    """Whether the class balance is to be estimated."""
    return isinstance(class_balance, str) and class_balance == "estimate"


def as_balance(class_balance: GivenBalance, cardinality: int) -> NDArray[np.float64]:
    """Return the share of each class: uniform unless given."""
    if isinstance(cardinality, bool) or not isinstance(cardinality, int | np.integer) or cardinality < 2:
        raise LabelModelError(f"cardinality is {cardinality!r}: expected the number of classes, an integer from 2 up.")
    if class_balance is None:
        return np.full(cardinality, 1 / cardinality)
    try:
        balance = np.asarray(class_balance, dtype=np.float64)
    except (TypeError, ValueError):  # words, a dict: no shares at all
        balance = np.empty(0)
    if balance.shape != (cardinality,) or not (balance > 0).all() or abs(balance.sum() - 1) > 1e-6:
        raise LabelModelError(
            f"class_balance is {class_balance!r}: expected {cardinality} shares above 0 that sum to 1, one per class, "
            "or 'estimate'."
        )
    return balance / balance.sum()


def as_names(lf_names: Sequence[str] | None, n_lfs: int) -> list[str]:
    """Return the names of the labeling functions: `lf_0`, `lf_1` ... unless given."""
    if lf_names is None:
        return [f"lf_{j}" for j in range(n_lfs)]
    names = [str(name) for name in lf_names]
    if len(names) != n_lfs or len(set(names)) != n_lfs:
        raise LabelModelError(
            f"lf_names has {len(names)} names, {len(set(names))} of them different: "
            f"expected {n_lfs} different names, one per column of L."
        )
    return names


def _listed(pairs: Any, what: str) -> list[Any]:
    if hasattr(pairs, "columns"):
        raise LabelModelError(
            f"{what} is a data frame: expected pairs of labeling functions. Of a table like edges_ these are "
            '`edges_[["lf_a", "lf_b"]].values.tolist()`.'
        )
    if isinstance(pairs, str) or not isinstance(pairs, Sequence | np.ndarray):
        raise LabelModelError(f"{what} is {pairs!r}: expected a list of pairs of labeling functions.")
    return list(pairs)


def _sparse_votes(L: Any, cardinality: int, names: list[str] | None) -> Any:
    if L.dtype.kind not in "iu":
        raise LabelModelError(f"L is a sparse matrix of {L.dtype}: expected integers, vote + 1.")
    votes = sp.csr_array(L)
    votes.sum_duplicates()
    votes.eliminate_zeros()
    wrong = (votes.data < 1) | (votes.data > cardinality)
    if wrong.any():
        place = int(np.argmax(wrong))
        i = int(np.searchsorted(votes.indptr, place, side="right")) - 1
        raise LabelModelError(
            f"{_place(i, int(votes.indices[place]), names)} is {votes.data[place]} in a sparse matrix of vote + 1: "
            f"expected 1 to {cardinality}, abstentions left out."
        )
    return votes


def _integers(array: NDArray[Any], cardinality: int, names: list[str] | None) -> NDArray[np.int64]:
    if array.dtype.kind == "O":
        wrong = np.array(
            [isinstance(v, bool | np.bool_) or not isinstance(v, int | np.integer) for v in array.ravel()], dtype=bool
        ).reshape(array.shape)
    elif array.dtype.kind == "f":
        wrong = ~np.isfinite(array) | (array != np.floor(array))
        if not wrong.any() and array.size:
            raise LabelModelError(
                f"L has dtype {array.dtype}: expected integers. All values are whole: use L.astype('int8')."
            )
    else:
        wrong = np.ones(array.shape, dtype=bool)
    if wrong.any():
        _raise_vote(array, wrong, cardinality, names)
    return array.astype(np.int64)


def _raise_vote(array: NDArray[Any], wrong: NDArray[np.bool_], cardinality: int, names: list[str] | None) -> None:
    i, j = (int(part[0]) for part in np.nonzero(wrong))
    raise LabelModelError(
        f"{_place(i, j, names)} is {array[i, j]!s}: expected -1 (abstain) or a class from 0 to {cardinality - 1}, "
        f"as an integer. {int(wrong.sum())} of {array.size} votes are wrong like this."
    )


def _within(array: NDArray[Any], low: int, high: int) -> bool:
    """Whether all values lie between two, both included; in parts, so that the second look is at what is near."""
    parts = (array[start : start + _PART_ROWS] for start in range(0, len(array), _PART_ROWS))
    return not array.size or all(part.min() >= low and part.max() <= high for part in parts)


def _place(i: int, j: int, names: list[str] | None) -> str:
    return f"L[{i}, {j}]" + (f" (labeling function {names[j]!r})" if names and j < len(names) else "")


def _first_difference(found: Sequence[str], expected: Sequence[str]) -> str:
    for j, (a, b) in enumerate(zip(found, expected, strict=False)):
        if a != b:
            return f"first at column {j}: {a!r} where {b!r} is expected"
    return f"{len(found)} columns where {len(expected)} are expected"
