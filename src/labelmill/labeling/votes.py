"""What counts as a vote: a class number, or an abstain. Nothing else is ever turned into one."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import InvalidVoteError, LFError

MAX_CARDINALITY = 127
"""Votes are int8."""


def check_cardinality(cardinality: int) -> None:
    """Raise LFError unless votes for that many classes fit into the label matrix."""
    if not isinstance(cardinality, int) or not 1 <= cardinality <= MAX_CARDINALITY:
        raise LFError(f"cardinality is the number of classes, 1 to {MAX_CARDINALITY}; found {cardinality!r}.")


def check_label(label: Any, *, lf: str) -> int:
    """Return the class number that a template votes for, checked when it is defined."""
    if _is_integer(label) and 0 <= label < MAX_CARDINALITY:
        return int(label)
    raise InvalidVoteError(f"labeling function {lf!r}: label must be a class number (0, 1, …), found {_shown(label)}.")


def check_vote(vote: Any, *, cardinality: int, lf: str, row: Any) -> int:
    """Return the vote of one row as an int, `ABSTAIN` for None.

    Raises
    ------
    InvalidVoteError
        It is no class number: a bool, a float (1.0 too), NaN, a text, a number out of range.
    """
    if vote is None:
        return ABSTAIN
    if _is_integer(vote) and ABSTAIN <= vote < cardinality:
        return int(vote)
    raise InvalidVoteError(
        f"labeling function {lf!r} voted {_shown(vote)} on row {row!r}: "
        f"expected a class from 0 to {cardinality - 1}, or None to abstain."
    )


def check_votes(votes: Any, index: pd.Index, *, cardinality: int, lf: str, ids: Any) -> NDArray[np.int8]:
    """Return what a batch labeling function gave as an int8 array in the order of `index`.

    Raises
    ------
    LFError
        It is no array, of another length, or a Series of other rows.
    InvalidVoteError
        A value is no vote; names the first such row.
    """
    if isinstance(votes, pd.Series) and len(votes) == len(index) and not votes.index.equals(index):
        if not (votes.index.is_unique and votes.index.isin(index).all()):
            raise LFError(f"batch labeling function {lf!r} returned a Series of other rows than it was given.")
        votes = votes.reindex(index)
    if not isinstance(votes, np.ndarray | pd.Series | pd.api.extensions.ExtensionArray | list) or np.ndim(votes) != 1:
        raise LFError(
            f"batch labeling function {lf!r} returned a {type(votes).__name__}, not an array with one vote per row."
        )
    if len(votes) != len(index):
        raise LFError(f"batch labeling function {lf!r} returned {len(votes)} votes for {len(index)} rows.")
    array = pd.Series(votes, dtype=object) if isinstance(votes, list) else pd.Series(votes)
    if array.dtype.kind in "iu" and not array.isna().any():
        values = array.to_numpy(dtype=np.int64)
        wrong = np.flatnonzero((values < ABSTAIN) | (values >= cardinality))
        if wrong.size == 0:
            return values.astype(np.int8)
    checked = (
        check_vote(None if vote is pd.NA else vote, cardinality=cardinality, lf=lf, row=ids[i])
        for i, vote in enumerate(array)
    )
    return np.fromiter(checked, dtype=np.int8, count=len(array))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 80 else text[:80] + '…'} ({type(value).__name__})"
