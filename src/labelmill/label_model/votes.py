"""The votes as sparse codes: what every model computes with.

Vote v of labeling function j is column j * k + v of a sparse 0/1 matrix, so that a pass costs as much
as there are votes, and abstentions cost nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, Probs


@dataclass(frozen=True)
class Votes:
    """n rows of votes by m labeling functions on k classes."""

    codes: Any
    """Sparse n x (m * k), one 1 per vote."""
    cardinality: int

    @property
    def n_rows(self) -> int:
        """Number of rows, n."""
        return int(self.codes.shape[0])

    @property
    def n_lfs(self) -> int:
        """Number of labeling functions, m."""
        return int(self.codes.shape[1]) // self.cardinality

    @cached_property
    def per_row(self) -> NDArray[np.int64]:
        """How many labeling functions voted on each row."""
        return np.diff(self.codes.indptr).astype(np.int64)

    @cached_property
    def per_lf(self) -> NDArray[np.float64]:
        """How many rows each labeling function put in each class, m x k."""
        counts = np.bincount(self.codes.indices, minlength=self.codes.shape[1])
        return counts.reshape(self.n_lfs, self.cardinality).astype(np.float64)

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """Whether anybody voted on each row."""
        return self.per_row > 0

    @cached_property
    def unanimous(self) -> NDArray[np.int64]:
        """Class that all votes of each row agree on, -1 where they do not or nobody voted."""
        tally = self.tally(np.ones(self.n_lfs)) > 0
        return np.where(tally.sum(axis=1) == 1, tally.argmax(axis=1), ABSTAIN)

    def tally(self, weights: NDArray[np.float64]) -> Probs:
        """Sum of the weights of those who voted for each class, n x k."""
        return self.add_up(np.eye(self.cardinality)[None] * weights[:, None, None])

    def add_up(self, table: NDArray[np.float64]) -> Probs:
        """Sum of `table[j, v]` over the votes v of each row, n x k, for a table m x k x k."""
        return self.codes @ table.reshape(-1, self.cardinality)

    def expected(self, probs: Probs) -> NDArray[np.float64]:
        """How often j voted v where the truth is y, m x k x k, given probabilities of the truth."""
        return (self.codes.T @ probs).reshape(self.n_lfs, self.cardinality, self.cardinality)

    def rows(self, chosen: NDArray[np.bool_]) -> "Votes":
        """The votes of some of the rows."""
        return self if chosen.all() else Votes(self.codes[chosen], self.cardinality)


def encode(L: Any, cardinality: int) -> Votes:
    """Turn checked votes, dense or sparse, into codes."""
    if sp.issparse(L):
        indptr, indices = L.indptr, L.indices.astype(np.int64) * cardinality + (L.data.astype(np.int64) - 1)
    else:
        voted = L != ABSTAIN
        indptr = np.concatenate([[0], np.cumsum(voted.sum(axis=1))])
        indices = np.nonzero(voted)[1] * cardinality + L[voted]
    shape = (L.shape[0], L.shape[1] * cardinality)
    return Votes(sp.csr_array((np.ones(len(indices)), indices, indptr), shape=shape), cardinality)


def name_list(names: Sequence[str], *, most: int = 5) -> str:
    """Some names for a message."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
