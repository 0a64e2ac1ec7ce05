"""The summary of a label matrix: what each labeling function does, and how often it is right where that is known."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, LabelMatrix
from labelmill.errors import LFError

Z95 = 1.959963984540054
"""The normal quantile behind a 95 % interval."""

INDEX_NAME = "lf"


def lf_summary(
    L: LabelMatrix,
    *,
    lf_names: Sequence[str] | None = None,
    gold: Gold | None = None,
    error_counts: Sequence[int] | None = None,
) -> pd.DataFrame:
    """What each labeling function votes, how often, and with or against the others.

    Parameters
    ----------
    L
        The label matrix.
    lf_names
        Names of its columns; `lf_0`, `lf_1`, … if absent.
    gold
        The true classes where known, -1 elsewhere.
    error_counts
        Rows on which each labeling function failed.

    Returns
    -------
    DataFrame
        Index: the names. Columns, named and ordered as in Snorkel: j, Polarity (the classes it votes for),
        Coverage (share of rows it votes on), Overlaps (… on which another votes too), Conflicts (… on which
        another votes otherwise). With gold: Correct and Incorrect votes on rows whose class is known,
        Emp. Acc. (NaN without such votes) and its Wilson 95 % interval. With error counts: Errors.

    Examples
    --------
    >>> L = np.array([[0, 0, -1],
    ...               [0, 1, -1],
    ...               [-1, 1, -1],
    ...               [-1, -1, -1]], dtype=np.int8)
    >>> summary = lf_summary(L, lf_names=["a", "b", "c"], gold=np.array([0, 0, 1, -1]))
    >>> summary[["j", "Polarity", "Coverage", "Overlaps", "Conflicts"]]  # doctest: +NORMALIZE_WHITESPACE
        j Polarity  Coverage  Overlaps  Conflicts
    lf
    a   0      [0]      0.50       0.5       0.25
    b   1   [0, 1]      0.75       0.5       0.25
    c   2       []      0.00       0.0       0.00
    >>> summary[["Correct", "Incorrect", "Emp. Acc."]].round(3)  # doctest: +NORMALIZE_WHITESPACE
        Correct  Incorrect  Emp. Acc.
    lf
    a         2          0      1.000
    b         2          1      0.667
    c         0          0        NaN
    """
    L = np.asarray(L)
    if L.ndim != 2:
        raise LFError(f"a label matrix has rows and columns; found an array of shape {L.shape}.")
    n, m = L.shape
    names = [f"lf_{j}" for j in range(m)] if lf_names is None else list(lf_names)
    if len(names) != m:
        raise LFError(f"{len(names)} names were given for the {m} columns of the label matrix.")
    voted = L != ABSTAIN
    overlaps, conflicts = overlaps_and_conflicts(L)
    rows = max(n, 1)
    columns: dict[str, object] = {
        "j": np.arange(m),
        "Polarity": pd.Series([[int(c) for c in np.unique(L[voted[:, j], j])] for j in range(m)], dtype=object),
        "Coverage": voted.sum(axis=0) / rows,
        "Overlaps": overlaps.sum(axis=0) / rows,
        "Conflicts": conflicts.sum(axis=0) / rows,
    }
    if gold is not None:
        columns |= _accuracy(L, voted, np.asarray(gold))
    if error_counts is not None:
        columns["Errors"] = np.asarray(error_counts, dtype=np.int64)
    summary = pd.DataFrame(columns)
    summary.index = pd.Index(names, name=INDEX_NAME)
    return summary


def overlaps_and_conflicts(L: LabelMatrix) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two n x m masks: where a vote stands beside another one of its row, and where beside a different one."""
    voted = L != ABSTAIN
    votes = voted.sum(axis=1, keepdims=True)
    overlaps = voted & (votes > 1)
    lowest = np.where(voted, L, np.iinfo(np.int8).max).min(axis=1, keepdims=True, initial=np.iinfo(np.int8).max)
    highest = L.max(axis=1, keepdims=True, initial=ABSTAIN)
    return overlaps, voted & (lowest != highest)  # where two votes differ, every vote has one that differs


def wilson(correct: NDArray[np.int64], total: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's 95 % interval of a share; NaN where the total is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = correct / total
        scale = 1 + Z95**2 / total
        centre = (share + Z95**2 / (2 * total)) / scale
        half = Z95 / scale * np.sqrt(share * (1 - share) / total + Z95**2 / (4 * total**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def _accuracy(L: LabelMatrix, voted: NDArray[np.bool_], gold: Gold) -> dict[str, object]:
    if gold.shape != (len(L),):
        raise LFError(f"gold has shape {gold.shape}, but the label matrix has {len(L)} rows.")
    known = voted & (gold != UNKNOWN)[:, None]
    correct = (known & (gold[:, None] == L)).sum(axis=0)
    total = known.sum(axis=0)
    low, high = wilson(correct, total)
    with np.errstate(invalid="ignore"):
        accuracy = correct / total
    return {
        "Correct": correct,
        "Incorrect": total - correct,
        "Emp. Acc.": accuracy,
        "Emp. Acc. Low": low,
        "Emp. Acc. High": high,
    }
