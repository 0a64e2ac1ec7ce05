"""The votes as sparse codes: what every model computes with.

Vote v of labeling function j is the code j * k + v, so that a pass costs as much as there are votes,
and abstentions cost nothing. A soft vote is several codes whose weights sum to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, Probs
from labelmill.label_model import kernels

PARTS = 256
"""Parts of a vote that soft votes are counted in where pairs are, so that their counts are whole as well."""
WHOLE: NDArray[np.float64] = np.empty(0)
"""The weights of votes that are all whole."""
_AS_HEAVY = 1e-9
"""Classes of one vote whose weights are this near to each other, relative to the larger one, are as heavy."""


@dataclass(frozen=True)
class EncodedVotes:
    """n rows of votes by m labeling functions on k classes."""

    indptr: NDArray[np.int64]
    """n + 1: where the codes of each row begin."""
    codes: NDArray[np.int32]
    cardinality: int
    n_lfs: int
    weights: NDArray[np.float64] = field(default_factory=lambda: WHOLE)
    """One per code; none at all where every vote is whole."""
    stands_for: NDArray[np.float64] | None = None
    """n: how many rows each row stands for, where these are a sample; 1 each if absent."""
    n_silent: float = 0.0
    """Rows beside these on which nobody voted."""

    @property
    def n_rows(self) -> int:
        """Number of rows, n."""
        return len(self.indptr) - 1

    @property
    def soft(self) -> bool:
        """Whether some votes are soft."""
        return len(self.weights) > 0

    @cached_property
    def row_weights(self) -> NDArray[np.float64]:
        """How many rows each row stands for, n."""
        return np.ones(self.n_rows) if self.stands_for is None else self.stands_for

    @property
    def n_all(self) -> float:
        """How many rows these stand for, the silent ones among them."""
        return float(self.row_weights.sum() + self.n_silent)

    @cached_property
    def rows_of_codes(self) -> NDArray[np.int64]:
        """Row of each code."""
        return np.repeat(np.arange(self.n_rows), np.diff(self.indptr))

    @cached_property
    def votes_of_codes(self) -> NDArray[np.int64]:
        """Number of the vote that each code belongs to: those of one vote stand together."""
        cells = self.rows_of_codes * self.n_lfs + self.codes // self.cardinality
        return np.cumsum(np.diff(cells, prepend=-1) != 0) - 1

    @cached_property
    def heaviest(self) -> "EncodedVotes":
        """Each soft vote as a hard one for its heaviest class; left out where several are as heavy, as in a set."""
        if not self.soft:
            return self
        vote = self.votes_of_codes
        starts = np.flatnonzero(np.diff(vote, prepend=-1))
        leads = self.weights >= np.maximum.reduceat(self.weights, starts)[vote] * (1 - _AS_HEAVY)
        leads &= np.add.reduceat(leads.astype(np.int64), starts)[vote] == 1
        ends = np.concatenate([[0], np.cumsum(leads)])
        return replace(self, indptr=ends[self.indptr], codes=self.codes[leads], weights=WHOLE)

    @cached_property
    def per_row(self) -> NDArray[np.float64]:
        """How many labeling functions voted on each row."""
        if not self.soft:
            return np.diff(self.indptr).astype(np.float64)
        return np.bincount(self.rows_of_codes, weights=self.weights, minlength=self.n_rows).astype(np.float64)

    @cached_property
    def per_lf(self) -> NDArray[np.float64]:
        """How many rows each labeling function put in each class, m x k."""
        out = np.zeros((self.n_lfs * self.cardinality, 1))
        kernels.expected(self.indptr, self.codes, self.weights, self.row_weights[:, None], out)
        return out.reshape(self.n_lfs, self.cardinality)

    @cached_property
    def pairs(self) -> NDArray[np.float64]:
        """On how many of these rows two codes meet, m * k x m * k; soft votes with the product of their weights."""
        counts = np.zeros((self.n_lfs * self.cardinality,) * 2, np.int64)
        kernels.count_pairs(self.indptr, self.codes, np.round(self.weights * PARTS).astype(np.int64), counts)
        counts += np.triu(counts, 1).T
        return counts / float(PARTS**2 if self.soft else 1)

    @cached_property
    def meetings(self) -> tuple[NDArray[np.float64], float]:
        """As `pairs`, each row weighed by how many it stands for, and how many rows that are, silent ones included.

        Of a sample both are scaled to the number of its rows: it proves no more than they do.
        """
        total = float(self.row_weights.sum())
        starts = np.flatnonzero(np.diff(self.row_weights, prepend=np.nan))  # rows of equal weight stand together
        if len(starts) < 2:
            scale = self.n_rows / total if total else 1.0
            return self.pairs, (total + self.n_silent) * scale
        scale = self.n_rows / total
        parts = zip(starts, [*starts[1:], self.n_rows], strict=True)
        counted = [
            self.between(int(start), int(stop)).pairs * (self.row_weights[start] * scale) for start, stop in parts
        ]
        return sum(counted[1:], start=counted[0]), (total + self.n_silent) * scale

    @cached_property
    def covered(self) -> NDArray[np.bool_]:
        """Whether anybody voted on each row."""
        return np.diff(self.indptr) > 0

    @cached_property
    def unanimous(self) -> NDArray[np.int64]:
        """Class that all votes of each row agree on, -1 where they do not or nobody voted."""
        voted = np.ascontiguousarray(self.tally(np.ones(self.n_lfs)).T) > 0
        alone = voted.sum(axis=0, dtype=np.int32) == 1
        agreed = np.full(self.n_rows, ABSTAIN, np.int64)
        for y, of_class in enumerate(voted):
            agreed[alone & of_class] = y
        return agreed

    def one_hot(self) -> sp.csr_array:
        """The votes as a sparse matrix, n x m * k, a column for each code."""
        data = self.weights if self.soft else np.ones(len(self.codes))
        return sp.csr_array((data, self.codes, self.indptr), shape=(self.n_rows, self.n_lfs * self.cardinality))

    def tally(self, weights: NDArray[np.float64]) -> Probs:
        """Sum of the weights of those who voted for each class, n x k."""
        return self.add_up(np.eye(self.cardinality)[None] * weights[:, None, None])

    def add_up(self, table: NDArray[np.float64]) -> Probs:
        """Sum of `table[j, v]` over the votes v of each row, n x k, for a table m x k x k."""
        flat = np.ascontiguousarray(table, dtype=np.float64).reshape(-1, self.cardinality)
        return kernels.add_up(self.indptr, self.codes, self.weights, flat)

    def expected(self, probs: Probs) -> NDArray[np.float64]:
        """How often j voted v where the truth is y, m x k x k, given probabilities of the truth."""
        out = np.zeros((self.n_lfs * self.cardinality, self.cardinality))
        weighted = probs if self.stands_for is None else probs * self.stands_for[:, None]
        kernels.expected(self.indptr, self.codes, self.weights, np.ascontiguousarray(weighted), out)
        return out.reshape(self.n_lfs, self.cardinality, self.cardinality)

    def between(self, start: int, stop: int) -> "EncodedVotes":
        """The votes of the rows from `start` up to, not including, `stop`; nothing is copied."""
        first, last = self.indptr[start], self.indptr[stop]
        return EncodedVotes(
            self.indptr[start : stop + 1] - first,
            self.codes[first:last],
            self.cardinality,
            self.n_lfs,
            self.weights[first:last] if self.soft else WHOLE,
            None if self.stands_for is None else self.stands_for[start:stop],
        )

    def rows(self, chosen: NDArray[Any]) -> "EncodedVotes":
        """The votes of some of the rows, given by position or by a mask."""
        places = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        sizes = np.diff(self.indptr)[places]
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        kept = np.arange(indptr[-1]) + np.repeat(self.indptr[places] - indptr[:-1], sizes)
        return EncodedVotes(
            indptr,
            self.codes[kept],
            self.cardinality,
            self.n_lfs,
            self.weights[kept] if self.soft else WHOLE,
            None if self.stands_for is None else self.stands_for[places],
        )


def encode(L: Any, cardinality: int, soft: pd.DataFrame | None = None) -> EncodedVotes:
    """Turn checked votes, dense or sparse, into codes.

    Parameters
    ----------
    L
        Integers, n x m, or a sparse matrix of vote + 1.
    cardinality
        Number of classes.
    soft
        Columns `row`, `lf` and `class` as positions, and `weight`; these votes take the place of those in L.
    """
    m = L.shape[1]
    if sp.issparse(L):
        codes = L.indices.astype(np.int32) * np.int32(cardinality) + (L.data.astype(np.int32) - 1)
        votes = EncodedVotes(L.indptr.astype(np.int64), codes, cardinality, m)
    else:
        indptr = kernels.count_votes(L)
        votes = EncodedVotes(indptr, kernels.fill_codes(L, cardinality, indptr), cardinality, m)
    return votes if soft is None or soft.empty else _with_soft(votes, soft)


def join(parts: Sequence[EncodedVotes]) -> EncodedVotes:
    """Put rows below each other."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([0, *(part.indptr[-1] for part in parts)])
    soft = any(part.soft for part in parts)
    return EncodedVotes(
        np.concatenate([[0], *(part.indptr[1:] + end for part, end in zip(parts, ends, strict=False))]),
        np.concatenate([part.codes for part in parts]),
        parts[0].cardinality,
        parts[0].n_lfs,
        np.concatenate([part.weights if part.soft else np.ones(len(part.codes)) for part in parts]) if soft else WHOLE,
    )


def name_list(names: Sequence[str], *, most: int = 5) -> str:
    """Some names for a message."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _with_soft(votes: EncodedVotes, soft: pd.DataFrame) -> EncodedVotes:
    """Put the soft votes in the place of the hard ones."""
    k, m = votes.cardinality, votes.n_lfs
    cell = soft["row"].to_numpy(np.int64) * m + soft["lf"].to_numpy(np.int64)
    hard = ~np.isin(votes.rows_of_codes * m + votes.codes // k, cell)
    rows = np.concatenate([votes.rows_of_codes[hard], soft["row"].to_numpy(np.int64)])
    codes = np.concatenate([votes.codes[hard], soft["lf"].to_numpy(np.int64) * k + soft["class"].to_numpy(np.int64)])
    weights = np.concatenate([np.ones(int(hard.sum())), soft["weight"].to_numpy(np.float64)])
    order = np.lexsort((codes, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=votes.n_rows))])
    return EncodedVotes(indptr, codes[order].astype(np.int32), k, m, weights[order])
