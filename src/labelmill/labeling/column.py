"""What one labeling function said of some rows: votes, soft votes, and the rows on which it failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN


@dataclass(frozen=True)
class Failure:
    """One row on which a labeling function raised."""

    position: int
    exception: str
    message: str


@dataclass(frozen=True)
class SoftVotes:
    """The votes that are distributions over the classes, or sets of them.

    Attributes
    ----------
    rows
        s: positions, ascending.
    weights
        s x k: the weight of each class; at least 0, each row sums to 1.
    """

    rows: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """What one labeling function said of n rows.

    Attributes
    ----------
    votes
        n int8, -1 where it abstains or failed; where its vote is soft, the heaviest class.
    failures
        The rows on which it failed, in order.
    soft
        Its soft votes; None where it has none.
    seconds
        What it took.
    """

    votes: NDArray[np.int8]
    failures: tuple[Failure, ...] = ()
    soft: SoftVotes | None = None
    seconds: float = 0.0

    @classmethod
    def of_abstains(cls, n_rows: int) -> "Column":
        """Nothing said."""
        return cls(np.full(n_rows, ABSTAIN, dtype=np.int8))

    @classmethod
    def of_rows(
        cls,
        votes: NDArray[np.int8],
        weights: Mapping[int, NDArray[np.float64]],
        failures: tuple[Failure, ...] = (),
    ) -> "Column":
        """Hard votes, and the weights of the classes on the rows (by position, ascending) whose vote is soft."""
        if not weights:
            return cls(votes, failures)
        soft = SoftVotes(np.fromiter(weights, dtype=np.int64, count=len(weights)), np.stack(list(weights.values())))
        votes = votes.copy()
        votes[soft.rows] = soft.weights.argmax(axis=1)
        return cls(votes, failures, soft)

    @classmethod
    def of_weights(cls, weights: NDArray[np.float64], failures: tuple[Failure, ...] = ()) -> "Column":
        """Votes by their weights, n x k: all 0 is an abstain, a class alone a hard vote, anything else a soft one."""
        allowed = (weights > 0).sum(axis=1)
        votes = np.where(allowed == 0, ABSTAIN, weights.argmax(axis=1)).astype(np.int8)
        rows = np.flatnonzero(allowed > 1)
        if not len(rows):
            return cls(votes, failures)
        soft = weights[rows].astype(np.float64)
        return cls(votes, failures, SoftVotes(rows, soft / soft.sum(axis=1, keepdims=True)))

    def weights(self, rows: NDArray[np.int64], cardinality: int) -> NDArray[np.float64]:
        """The weight of each class on some rows, given in ascending order: all 0 where it abstains."""
        weights = np.zeros((len(rows), cardinality))
        voted = np.flatnonzero(self.votes[rows] != ABSTAIN)
        weights[voted, self.votes[rows[voted]]] = 1.0
        if self.soft is not None:
            _, here, there = np.intersect1d(rows, self.soft.rows, assume_unique=True, return_indices=True)
            weights[here, : self.soft.weights.shape[1]] = self.soft.weights[there]
        return weights

    def spread_over(self, rows: NDArray[np.bool_]) -> "Column":
        """The same among more rows: said of those that are marked, nothing of the others."""
        votes = np.full(len(rows), ABSTAIN, dtype=np.int8)
        votes[rows] = self.votes
        if self.soft is None:
            return Column(votes)
        return Column(votes, soft=SoftVotes(np.flatnonzero(rows)[self.soft.rows], self.soft.weights))

    @classmethod
    def joined(cls, parts: Sequence["Column"]) -> "Column":
        """What was said of the rows of several parts, one after the other."""
        starts = np.cumsum([0, *(len(part.votes) for part in parts)]).tolist()
        failures = [
            Failure(start + failure.position, failure.exception, failure.message)
            for start, part in zip(starts, parts, strict=False)
            for failure in part.failures
        ]
        soft = [(start, part.soft) for start, part in zip(starts, parts, strict=False) if part.soft is not None]
        return cls(
            np.concatenate([part.votes for part in parts]),
            tuple(failures),
            SoftVotes(
                np.concatenate([start + votes.rows for start, votes in soft]),
                np.concatenate([votes.weights for _, votes in soft]),
            )
            if soft
            else None,
            sum(part.seconds for part in parts),
        )
