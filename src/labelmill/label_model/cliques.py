"""Labeling functions that depend on each other given the truth, their votes taken as one: the *cell* of a clique."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from labelmill.arrays import Probs
from labelmill.label_model import kernels
from labelmill.label_model.encoding import WHOLE, EncodedVotes


@dataclass(frozen=True)
class Cells:
    """For each row the cells of those cliques of which a member voted; a soft vote is in several."""

    indptr: NDArray[np.int64]
    codes: NDArray[np.int32]
    weights: NDArray[np.float64]
    """One per code; none at all where every vote is whole."""
    n_codes: int

    def add_up(self, table: NDArray[np.float64]) -> Probs:
        """Sum of `table[code]` over the cells of each row, n x k, for a table codes x k."""
        return kernels.add_up(self.indptr, self.codes, self.weights, table)

    def expected(self, mass: Probs) -> NDArray[np.float64]:
        """How often each cell occurs where the truth is y, codes x k; `mass` is n x k."""
        out = np.zeros((self.n_codes, mass.shape[1]))
        kernels.expected(self.indptr, self.codes, self.weights, np.ascontiguousarray(mass), out)
        return out


@dataclass(frozen=True)
class Cliques:
    """Groups of labeling functions, and how the votes of each are numbered.

    A cell of a clique is what its members voted, plus 1, read as the digits of a number, so 0 if all
    abstain. Cells of all cliques are numbered one after the other; `starts` says from where.
    """

    members: tuple[tuple[int, ...], ...]
    cardinality: int

    @classmethod
    def of_array(cls, members: NDArray[np.int64], cardinality: int) -> "Cliques":
        """What `as_array` was made of."""
        return cls(tuple(tuple(int(j) for j in row if j >= 0) for row in members), cardinality)

    def as_array(self) -> NDArray[np.int64]:
        """The members, cliques x size of the largest, filled up with -1."""
        out = np.full((len(self.members), max(map(len, self.members), default=0)), -1)
        for row, clique in zip(out, self.members, strict=True):
            row[: len(clique)] = clique
        return out

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """Number of the first cell of each clique, and of all cells."""
        return np.cumsum([0, *((self.cardinality + 1) ** len(clique) for clique in self.members)])

    @property
    def n_cells(self) -> int:
        """Number of cells of all cliques."""
        return int(self.starts[-1])

    @property
    def by_size(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """For each size: the members of its cliques, c x size, their cells, c x cells, and digits, size x cells."""
        for size in sorted({len(clique) for clique in self.members}):
            chosen = [number for number, clique in enumerate(self.members) if len(clique) == size]
            digits = np.indices((self.cardinality + 1,) * size).reshape(size, -1)
            cells = self.starts[chosen][:, None] + np.arange(digits.shape[1])
            yield np.array([self.members[number] for number in chosen]), cells, digits

    def per_cell(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """One number per clique, repeated for each of its cells."""
        return np.repeat(values, np.diff(self.starts))

    def parts(self, n_lfs: int) -> NDArray[np.int64]:
        """Number of the connected part that each labeling function belongs to, most of them alone."""
        ends = np.array([(clique[0], j) for clique in self.members for j in clique], np.int64).reshape(-1, 2).T
        graph = sp.csr_array((np.ones(ends.shape[1]), ends), shape=(n_lfs, n_lfs))
        parts: NDArray[np.int64] = connected_components(graph, directed=False)[1].astype(np.int64)
        return parts

    def cells(self, votes: EncodedVotes) -> Cells:
        """The cells of each row."""
        if votes.soft:
            return self._soft_cells(votes)
        inside = [(j, number, place) for number, clique in enumerate(self.members) for j, place in self._places(clique)]
        lf, numbers, places = np.array(sorted(inside), np.int64).reshape(-1, 3).T.copy()
        bounds = np.searchsorted(lf, np.arange(votes.n_lfs + 1))
        indptr, codes = kernels.number_cells(
            votes.indptr, votes.codes, self.cardinality, bounds, numbers, places, self.starts
        )
        return Cells(indptr, codes, WHOLE, self.n_cells)

    def _places(self, clique: tuple[int, ...]) -> list[tuple[int, int]]:
        """What a 1 in the place of each member counts."""
        return [(j, (self.cardinality + 1) ** (len(clique) - 1 - place)) for place, j in enumerate(clique)]

    def _soft_cells(self, votes: EncodedVotes) -> Cells:
        by_lf = _by_lf(votes, {j for clique in self.members for j in clique})
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        found = [nothing]
        for clique, start in zip(self.members, self.starts, strict=False):
            members = [(place, *by_lf[j]) for j, place in self._places(clique)]
            rows, cells, weights = _combinations(votes.n_rows, members)
            found.append((rows, cells + start, weights))
        rows, codes, weights = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(rows, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=votes.n_rows))]).astype(np.int64)
        return Cells(indptr, codes[order].astype(np.int32), weights[order], self.n_cells)

    def divide(self, votes: EncodedVotes, table: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """Add `table[cell]` of each row, in equal parts, to those members that voted on it; `out` is n x m x k."""
        found = self.cells(votes)
        rows = np.repeat(np.arange(votes.n_rows), np.diff(found.indptr))
        added = table[found.codes] * (found.weights if votes.soft else np.ones(len(rows)))[:, None]
        for members, cells, digits in self.by_size:
            for clique, numbers in zip(members, cells, strict=True):
                here = np.flatnonzero((found.codes >= numbers[0]) & (found.codes <= numbers[-1]))
                voted = digits[:, found.codes[here] - numbers[0]] > 0
                parts = voted / voted.sum(axis=0)
                np.add.at(out, (rows[here], clique[:, None]), parts[:, :, None] * added[here])


_Soft = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Rows, votes or cells, and weights."""


def _by_lf(votes: EncodedVotes, wanted: set[int]) -> dict[int, _Soft]:
    """The votes of some labeling functions."""
    lf = votes.codes // votes.cardinality
    found = {j: np.flatnonzero(lf == j) for j in wanted}
    return {
        j: (votes.rows_of_codes[at], votes.codes[at].astype(np.int64) % votes.cardinality, votes.weights[at])
        for j, at in found.items()
    }


def _combinations(
    n_rows: int, members: list[tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]
) -> _Soft:
    """All cells that the soft votes of a clique may mean, with the product of their weights.

    Each member has what a 1 in its place counts, and the rows, votes and weights of its votes.
    """
    voted = np.zeros(n_rows, bool)
    for _, rows, _, _ in members:
        voted[rows] = True
    at = np.flatnonzero(voted)
    cell, weight = np.zeros(len(at), np.int64), np.ones(len(at))
    for place, rows, votes, weights in members:
        found = np.bincount(rows, minlength=n_rows)
        first = (np.cumsum(found) - found)[at]
        times = np.maximum(found[at], 1)
        entry = np.repeat(np.arange(len(at)), times)
        vote = np.repeat(first - (np.cumsum(times) - times), times) + np.arange(len(entry))
        at, cell, weight = at[entry], cell[entry], weight[entry]
        here = found[at] > 0
        cell[here] += (votes[vote[here]] + 1) * place
        weight[here] *= weights[vote[here]]
    return at, cell, weight
