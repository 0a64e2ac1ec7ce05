"""The summary of a label matrix: what each labeling function does, and how often it is right where that is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, LabelMatrix
from labelmill.errors import LFError
from labelmill.labeling.votes import MAX_CARDINALITY

Z95 = 1.959963984540054
"""The normal quantile behind a 95 % interval."""

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class VoteCounts:
    """What the summary is made of; the counts of several shards add up, in any order, to the same numbers.

    Attributes
    ----------
    rows, votes, covered, overlapping, conflicting
        Numbers of rows, of votes, and of rows with a vote, with several, with different ones.
    by_class
        m x 127: votes of each labeling function for each class.
    overlaps, conflicts
        m: votes beside another vote in the row, and beside a different one.
    correct, judged
        m: votes that are right, and votes on rows whose class is known.
    """

    rows: int
    votes: int
    covered: int
    overlapping: int
    conflicting: int
    by_class: Counts
    overlaps: Counts
    conflicts: Counts
    correct: Counts
    judged: Counts

    def __add__(self, other: "VoteCounts") -> "VoteCounts":
        return VoteCounts(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def to_json(self) -> dict[str, Any]:
        """The same in numbers and lists, classes that nobody voted for at the end left out."""
        voted = int(np.flatnonzero(self.by_class.any(axis=0)).max(initial=-1)) + 1
        facts = {**vars(self), "by_class": self.by_class[:, :voted]}
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in facts.items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "VoteCounts":
        """The counts again."""
        by_class = np.zeros((len(content["by_class"]), MAX_CARDINALITY), dtype=np.int64)
        for votes, voted in zip(by_class, content["by_class"], strict=True):
            votes[: len(voted)] = voted
        names = ("overlaps", "conflicts", "correct", "judged")
        arrays = {name: np.array(content[name], dtype=np.int64) for name in names}
        return cls(**{**content, **arrays, "by_class": by_class})


def count_votes(L: LabelMatrix, gold: Gold | None = None) -> VoteCounts:
    """Count what the summary needs, in one pass over a label matrix (or one shard of it)."""
    L = np.asarray(L)
    if L.ndim != 2:
        raise LFError(f"a label matrix has rows and columns; found an array of shape {L.shape}.")
    wrong = np.unique(L[(L < ABSTAIN) | (L >= MAX_CARDINALITY)]).tolist()[:3]
    if L.dtype.kind not in "iu" or wrong:
        raise LFError(f"a label matrix holds class numbers and {ABSTAIN}; found {L.dtype} values {wrong or ''}.")
    gold = np.full(len(L), UNKNOWN) if gold is None else np.asarray(gold)
    if gold.shape != (len(L),):
        raise LFError(f"gold has shape {gold.shape}, but the label matrix has {len(L)} rows.")
    voted = L != ABSTAIN
    votes = voted.sum(axis=1)
    overlaps = voted & (votes > 1)[:, None]
    lowest = np.where(voted, L, MAX_CARDINALITY).min(axis=1, initial=MAX_CARDINALITY)
    conflicting = (lowest < L.max(axis=1, initial=ABSTAIN)) & (votes > 1)
    judged = voted & (gold != UNKNOWN)[:, None]
    by_class = [np.bincount(L[voted[:, j], j], minlength=MAX_CARDINALITY) for j in range(L.shape[1])]
    return VoteCounts(
        rows=len(L),
        votes=int(votes.sum()),
        covered=int((votes > 0).sum()),
        overlapping=int((votes > 1).sum()),
        conflicting=int(conflicting.sum()),
        by_class=np.array(by_class, dtype=np.int64).reshape(L.shape[1], MAX_CARDINALITY),
        overlaps=overlaps.sum(axis=0),
        conflicts=(voted & conflicting[:, None]).sum(axis=0),  # where two votes differ, every vote has one that differs
        correct=(judged & (gold[:, None] == L)).sum(axis=0),
        judged=judged.sum(axis=0),
    )


def lf_summary(L: LabelMatrix, *, lf_names: Sequence[str] | None = None, gold: Gold | None = None) -> pd.DataFrame:
    """What each labeling function votes, how often, and with or against the others.

    Parameters
    ----------
    L
        The label matrix.
    lf_names
        Names of its columns; `lf_0`, `lf_1`, … if absent.
    gold
        The true classes where known, -1 elsewhere.

    Returns
    -------
    DataFrame
        Index: the names. Columns, named and ordered as in Snorkel: j, Polarity (the classes it votes for),
        Coverage (share of rows it votes on), Overlaps (… on which another votes too), Conflicts (… on which
        another votes otherwise). With gold: Correct and Incorrect votes on rows whose class is known,
        Emp. Acc. (NaN without such votes) and its Wilson 95 % interval.

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
    return summary_of(count_votes(L, gold), lf_names=lf_names, with_gold=gold is not None)


def summary_of(
    counts: VoteCounts,
    *,
    lf_names: Sequence[str] | None = None,
    with_gold: bool = False,
    error_counts: Sequence[int] | None = None,
) -> pd.DataFrame:
    """The table of `lf_summary` from counts, with a last column Errors where these are given."""
    m, rows = len(counts.by_class), max(counts.rows, 1)
    names = [f"lf_{j}" for j in range(m)] if lf_names is None else list(lf_names)
    if len(names) != m:
        raise LFError(f"{len(names)} names were given for the {m} columns of the label matrix.")
    columns: dict[str, object] = {
        "j": np.arange(m),
        "Polarity": pd.Series([np.flatnonzero(votes).tolist() for votes in counts.by_class], dtype=object),
        "Coverage": counts.by_class.sum(axis=1) / rows,
        "Overlaps": counts.overlaps / rows,
        "Conflicts": counts.conflicts / rows,
    }
    if with_gold:
        low, high = wilson(counts.correct, counts.judged)
        columns |= {
            "Correct": counts.correct,
            "Incorrect": counts.judged - counts.correct,
            "Emp. Acc.": counts.correct / np.where(counts.judged == 0, np.nan, counts.judged),
            "Emp. Acc. Low": low,
            "Emp. Acc. High": high,
        }
    if error_counts is not None:
        columns["Errors"] = np.asarray(error_counts, dtype=np.int64)
    summary = pd.DataFrame(columns)
    summary.index = pd.Index(names, name="lf")
    return summary


def wilson(correct: Counts, total: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's 95 % interval of a share; NaN where the total is 0."""
    n = np.where(np.asarray(total) == 0, np.nan, total)
    share = correct / n
    scale = 1 + Z95**2 / n
    centre = (share + Z95**2 / (2 * n)) / scale
    half = Z95 / scale * np.sqrt(share * (1 - share) / n + Z95**2 / (4 * n**2))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def totals(counts: VoteCounts) -> dict[str, float | int]:
    """The numbers of the whole matrix, for metrics: shares of rows."""
    rows = max(counts.rows, 1)
    return {
        "rows": counts.rows,
        "coverage": counts.covered / rows,
        "uncovered": (counts.rows - counts.covered) / rows,
        "overlap": counts.overlapping / rows,
        "conflict": counts.conflicting / rows,
        "votes_per_row": counts.votes / rows,
    }
