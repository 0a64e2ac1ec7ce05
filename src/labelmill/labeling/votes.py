"""What counts as a vote: a class, several with weights, or an abstain. Nothing else is ever turned into one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.column import Column

MAX_CARDINALITY = 127
"""Votes are int8."""

MAX_WEIGHT = 1e300
"""So that no sum of weights is infinite."""


def check_cardinality(cardinality: int) -> None:
    """Raise LFError unless votes for that many classes fit into the label matrix."""
    if not isinstance(cardinality, int) or not 1 <= cardinality <= MAX_CARDINALITY:
        raise LFError(f"cardinality is the number of classes, 1 to {MAX_CARDINALITY}; found {cardinality!r}.")


def check_label(label: Any, *, lf: str) -> int:
    """Return the class number that a template votes for, checked when it is defined."""
    if _is_integer(label) and 0 <= label < MAX_CARDINALITY:
        return int(label)
    raise InvalidVoteError(f"labeling function {lf!r}: label must be a class number (0, 1, …), found {_shown(label)}.")


def check_vote(vote: Any, *, cardinality: int | None, lf: str, row: Any) -> int | NDArray[np.float64]:
    """Return the vote of one row: a class, `ABSTAIN` for None, or the weight of each class where it is soft.

    Parameters
    ----------
    vote
        What the labeling function returned.
    cardinality
        Number of classes; as many as there can be where it is None.
    lf, row
        Named in errors.

    Raises
    ------
    InvalidVoteError
        It is neither a class number (a bool, a float such as 1.0, NaN, a text, out of range), nor a set of
        them, nor a dict from them to weights that are finite, at least 0 and not all 0.
    """
    size = MAX_CARDINALITY if cardinality is None else cardinality
    if vote is None:
        return ABSTAIN
    if _is_integer(vote) and ABSTAIN <= vote < size:
        return int(vote)
    expected = f"a class from 0 to {size - 1}, a set of them, a dict of their weights, or None to abstain"
    if isinstance(vote, set | frozenset | Mapping):
        weights = _weights(vote if isinstance(vote, Mapping) else dict.fromkeys(vote, 1.0), size)
        if weights is not None:
            return weights if np.count_nonzero(weights) > 1 else int(weights.argmax())
        expected = f"at least one class from 0 to {size - 1}, its weight a number of at least 0, not all of them 0"
    raise InvalidVoteError(f"labeling function {lf!r} voted {_shown(vote)} on row {row!r}: expected {expected}.")


def check_votes(votes: Any, index: pd.Index, *, cardinality: int | None, lf: str, ids: Sequence[Any]) -> Column:
    """Return what a batch labeling function gave, one vote per row in the order of `index`.

    Raises
    ------
    LFError
        It is no array, of another length, or a Series of other rows.
    InvalidVoteError
        A value is no vote; names the first such row.
    """
    if isinstance(votes, np.ndarray) and votes.ndim == 2 and votes.dtype.kind == "f":
        return _check_weights(votes, len(index), cardinality=cardinality, lf=lf, ids=ids)
    if isinstance(votes, pd.Series) and len(votes) == len(index) and not votes.index.equals(index):
        if not (votes.index.is_unique and votes.index.isin(index).all()):
            raise LFError(f"batch labeling function {lf!r} returned a Series of other rows than it was given.")
        votes = votes.reindex(index)
    if not isinstance(votes, np.ndarray | pd.Series | pd.api.extensions.ExtensionArray | list) or np.ndim(votes) != 1:
        raise LFError(
            f"batch labeling function {lf!r} returned a {type(votes).__name__}, not an array with one vote per row "
            "or a float array of weights, rows x classes."
        )
    if len(votes) != len(index):
        raise LFError(f"batch labeling function {lf!r} returned {len(votes)} votes for {len(index)} rows.")
    array = pd.Series(votes, dtype=object) if isinstance(votes, list) else pd.Series(votes)
    size = MAX_CARDINALITY if cardinality is None else cardinality
    if array.dtype.kind in "iu" and not array.isna().any():
        values = array.to_numpy(dtype=np.int64)
        wrong = np.flatnonzero((values < ABSTAIN) | (values >= size))
        if wrong.size == 0:
            return Column(values.astype(np.int8))
    hard, weights = np.full(len(array), ABSTAIN, dtype=np.int8), {}
    for i, vote in enumerate(array):
        checked = check_vote(None if vote is pd.NA else vote, cardinality=cardinality, lf=lf, row=ids[i])
        if isinstance(checked, int):
            hard[i] = checked
        else:
            weights[i] = checked
    return Column.of_rows(hard, weights)


def _check_weights(
    weights: NDArray[Any], n_rows: int, *, cardinality: int | None, lf: str, ids: Sequence[Any]
) -> Column:
    """Weights of classes, rows x classes; a row of NaN or of zeros is an abstain."""
    classes = weights.shape[1] if cardinality is None else cardinality
    if weights.shape != (n_rows, classes) or classes > MAX_CARDINALITY:
        raise LFError(
            f"batch labeling function {lf!r} returned weights of shape {weights.shape}: "
            f"expected {n_rows} rows x {min(classes, MAX_CARDINALITY)} classes."
        )
    weights = np.where(np.isnan(weights).all(axis=1, keepdims=True), 0.0, weights.astype(np.float64))
    wrong = np.flatnonzero(~((weights >= 0) & (weights <= MAX_WEIGHT)).all(axis=1))
    if wrong.size:
        raise InvalidVoteError(
            f"labeling function {lf!r} voted {_shown(weights[wrong[0]].tolist())} on row {ids[wrong[0]]!r}: "
            "expected weights of at least 0, or a row of NaN or zeros to abstain."
        )
    return Column.of_weights(weights)


def _weights(vote: Mapping[Any, Any], size: int) -> NDArray[np.float64] | None:
    """The weight of each class, their sum 1; None where that is not what is given."""
    weights = np.zeros(size)
    for label, given in vote.items():
        weight = given.item() if isinstance(given, np.generic) else given
        if not (_is_integer(label) and 0 <= label < size and _is_number(weight) and 0 <= weight <= MAX_WEIGHT):
            return None
        weights[label] = weight
    total = weights.sum()
    return weights / total if total > 0 else None


def _is_number(value: Any) -> bool:
    return _is_integer(value) or isinstance(value, float)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:80] + '…'} ({type(value).__name__})"
