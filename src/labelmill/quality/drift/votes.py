"""The layer of votes: what each labeling function and each pair of them does, counted in whole rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import LabelMatrix
from labelmill.quality.drift.kernels import count_agreement, count_agreement_of_two, count_pairs
from labelmill.quality.drift.shares import Floats, Shares, SignalKey

Counts = NDArray[np.int64]

LEAST_OVERLAP = 0.005
MOST_PAIRS = 2000
"""Pairs that meet in fewer rows, and all beyond so many, do not have signals of their own; `distance` sees them."""


@dataclass(frozen=True)
class VoteCounts:
    """Counts over rows, which add up.

    Attributes
    ----------
    n
        Rows.
    votes
        m x k, votes for each class.
    both, same
        m x m, below the diagonal: rows where two vote, and where they say the same.
    agreement
        2 x (m + 1), see `kernels.count_agreement`.
    failed
        m, rows on which the labeling function failed.
    """

    n: int
    votes: Counts
    both: Counts
    same: Counts
    agreement: Counts
    failed: Counts

    @classmethod
    def of(cls, L: LabelMatrix, failed: NDArray[np.bool_] | None, *, cardinality: int) -> "VoteCounts":
        """Count some rows."""
        L = np.ascontiguousarray(L, np.int8)
        agreement = count_agreement_of_two(L) if cardinality == 2 else count_agreement(L, cardinality)
        errors = np.zeros(L.shape[1], np.int64) if failed is None else failed.sum(axis=0, dtype=np.int64)
        votes, both, same = count_pairs(L, cardinality)
        return cls(len(L), votes, both, same, agreement, errors)

    def __add__(self, other: "VoteCounts") -> "VoteCounts":
        return VoteCounts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class VoteForm:
    """Which signals the layer has: fixed by the reference, the same for every window."""

    lf_names: tuple[str, ...]
    classes: tuple[str, ...]
    pairs: NDArray[np.int64]

    @classmethod
    def of(cls, reference: VoteCounts, lf_names: tuple[str, ...], classes: tuple[str, ...]) -> "VoteForm":
        """The signals for this reference: the pairs that meet often enough, the most frequent first."""
        first, second = np.tril_indices(len(lf_names), -1)
        meets = reference.both[first, second]
        chosen = np.argsort(-meets, kind="stable")[:MOST_PAIRS]
        chosen = chosen[meets[chosen] >= max(LEAST_OVERLAP * reference.n, 1)]
        return cls(lf_names, classes, np.stack([second[chosen], first[chosen]], axis=1))

    @cached_property
    def keys(self) -> list[SignalKey]:
        """What the signals are, in the order of `shares`."""
        kinds = ("coverage", "error", "agreement")
        single = [SignalKey(kind, name) for kind in kinds for name in self.lf_names]
        by_class = [SignalKey("class_share", f"{name}: {label}") for name in self.lf_names for label in self.classes]
        names = [f"{self.lf_names[a]} & {self.lf_names[b]}" for a, b in self.pairs]
        paired = [SignalKey(kind, name) for kind in ("overlap", "conflict") for name in names]
        return [*single, *by_class, *paired, SignalKey("uncovered", ""), SignalKey("conflicted", "")]

    def shares(self, counts: VoteCounts) -> Shares:
        """The signals of some rows."""
        n, m, k = counts.n, len(self.lf_names), len(self.classes)
        voted, rows = counts.votes.sum(axis=1), np.full(m, counts.n)
        both = counts.both[self.pairs[:, 1], self.pairs[:, 0]]
        conflicts = both - counts.same[self.pairs[:, 1], self.pairs[:, 0]]
        decided, agreed = counts.agreement[0, :m], counts.agreement[1, :m]
        hits = (voted, counts.failed, agreed, counts.votes.ravel(), both, conflicts, counts.agreement[:, m])
        bases = (rows, rows, decided, np.repeat(voted, k), np.full(len(both), n), both, [n, n])
        return Shares(np.concatenate(hits).astype(float), np.concatenate(bases).astype(float))


def distance(window: VoteCounts, reference: VoteCounts) -> float:
    """How far the matrices of pairs are apart: the root of the summed squares of all differences of shares."""
    return float(np.sqrt(((_pair_shares(window) - _pair_shares(reference)) ** 2).sum()))


def _pair_shares(counts: VoteCounts) -> Floats:
    """Shares of rows in which two agree, and in which they do not."""
    stacked = np.stack([counts.same, counts.both - counts.same])
    return stacked / max(counts.n, 1)
