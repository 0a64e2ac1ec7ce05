"""Rows worth looking at because votes contradict each other, or leave the label model in doubt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelmill.analysis.evidence import Rows
from labelmill.arrays import ABSTAIN, LabelMatrix, Preds, Probs


@dataclass(frozen=True)
class Conflict:
    """Two labeling functions that vote for different classes.

    Attributes
    ----------
    first, second
        Their names.
    rows
        On how many rows they do.
    of_shared
        Share of the rows on which both vote.
    for_first, for_second
        On how many of those rows the label model decides as each of them.
    samples
        Positions of some of the rows.
    """

    first: str
    second: str
    rows: int
    of_shared: float
    for_first: int
    for_second: int
    samples: tuple[int, ...]


@dataclass(frozen=True)
class Doubt:
    """Rows with the same votes, of which the label model is least sure.

    Attributes
    ----------
    votes
        Name of each labeling function that votes, with its class.
    rows
        How many rows have just these votes.
    probs
        What the label model says of them.
    samples
        Positions of some of them.
    """

    votes: tuple[tuple[str, int], ...]
    rows: int
    probs: tuple[float, ...]
    samples: tuple[int, ...]


def find_conflicts(
    L: LabelMatrix, lf_names: Sequence[str], *, preds: Preds | None, seed: int, count: int = 5, samples: int = 3
) -> list[Conflict]:
    """The pairs of labeling functions that contradict each other on most rows.

    Examples
    --------
    >>> L = np.array([[0, 1], [0, 1], [1, 1]], dtype=np.int8)
    >>> conflict, = find_conflicts(L, ["a", "b"], preds=np.array([1, 1, 1]), seed=1, samples=1)
    >>> conflict.rows, round(conflict.of_shared, 2), conflict.for_first, conflict.for_second
    (2, 0.67, 0, 2)
    """
    voted = (L != ABSTAIN).astype(np.float32)  # the product of float matrices is many times faster; exact to 16M rows
    shared = voted.T @ voted
    alike = sum(((of := (y == L).astype(np.float32)).T @ of for y in np.unique(L[L != ABSTAIN])), np.zeros_like(shared))
    pairs = np.argwhere(np.triu(shared - alike, 1) > 0)
    pairs = pairs[np.argsort(-(shared - alike)[pairs[:, 0], pairs[:, 1]], kind="stable")][:count]
    found = []
    for i, j in pairs.tolist():
        rows = np.flatnonzero((L[:, i] != ABSTAIN) & (L[:, j] != ABSTAIN) & (L[:, i] != L[:, j]))
        decided = np.full(len(rows), ABSTAIN) if preds is None else preds[rows]
        found.append(
            Conflict(
                first=lf_names[i],
                second=lf_names[j],
                rows=len(rows),
                of_shared=float(len(rows) / shared[i, j]),
                for_first=int((decided == L[rows, i]).sum()),
                for_second=int((decided == L[rows, j]).sum()),
                samples=_some(rows, samples, seed),
            )
        )
    return found


def find_doubts(
    L: LabelMatrix, lf_names: Sequence[str], probs: Probs, *, seed: int, count: int = 5, samples: int = 2
) -> list[Doubt]:
    """The combinations of votes that leave the label model least sure, those of equal doubt by number of rows."""
    covered = np.flatnonzero((L != ABSTAIN).any(axis=1))
    if not len(covered):
        return []
    patterns, first, which, rows = np.unique(
        L[covered], axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    ordered = np.sort(probs[covered[first]], axis=1)
    margin = np.round(ordered[:, -1] - ordered[:, -2], 3)
    found = []
    for p in np.lexsort((-rows, margin))[:count].tolist():
        members = covered[np.flatnonzero(which.ravel() == p)]
        found.append(
            Doubt(
                votes=tuple((lf_names[int(j)], int(patterns[p, j])) for j in np.flatnonzero(patterns[p] != ABSTAIN)),
                rows=int(rows[p]),
                probs=tuple(probs[members[0]].tolist()),
                samples=_some(members, samples, seed),
            )
        )
    return found


def _some(rows: Rows, count: int, seed: int) -> tuple[int, ...]:
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    return tuple(sorted(int(row) for row in rows[chosen]))
