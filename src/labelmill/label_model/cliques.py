"""Labeling functions that depend on each other given the truth: who belongs together, and their votes taken as one.

Edges make a graph, and a graph falls into *cliques*: its parts that no single labeling function cuts in two (what
graph theory calls blocks). Two of them share one labeling function at most, so the model factorises exactly,

    P(votes | y) = product over all j of P(vote of j | y)
                   x product over cliques of P(votes of its members | y) / product over its members of P(vote | y).

A source with copiers is so many pairs, a ring is one clique, and neither needs an order of the labeling functions.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from labelmill.arrays import Probs
from labelmill.errors import LabelModelError
from labelmill.label_model import kernels
from labelmill.label_model.encoding import WHOLE, EncodedVotes

MOST_CELLS = 6561
"""Largest joint table of a clique, (k + 1)^members: eight members of two classes, four of eight, a pair of eighty."""


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

    def apart(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each labeling function, how many parts the edges leave of its group."""
        ends = [(clique[0], j) for clique in self.members for j in clique]
        size = len(groups)
        rows, columns = np.array(ends, np.int64).reshape(-1, 2).T
        graph = sp.csr_array((np.ones(len(ends)), (rows, columns)), shape=(size, size))
        part = connected_components(graph, directed=False)[1]
        pairs = np.unique(np.stack([groups, part], axis=1), axis=0)
        return np.bincount(pairs[:, 0])[groups].astype(np.int64)

    def cells(self, votes: EncodedVotes) -> Cells:
        """The cells of each row."""
        if not self.members:
            return Cells(np.zeros(votes.n_rows + 1, np.int64), np.empty(0, np.int32), WHOLE, 0)
        by_lf = _by_lf(votes, {j for clique in self.members for j in clique})
        found = [_cells_of(votes.n_rows, [by_lf[j] for j in clique], self.cardinality) for clique in self.members]
        rows = np.concatenate([part[0] for part in found])
        codes = np.concatenate([part[1] + start for part, start in zip(found, self.starts, strict=False)])
        order = np.argsort(rows, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=votes.n_rows))])
        weights = np.concatenate([part[2] for part in found])[order] if votes.soft else WHOLE
        return Cells(indptr.astype(np.int64), codes[order].astype(np.int32), weights, self.n_cells)

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


def find(edges: Iterable[tuple[int, int]], votes: EncodedVotes) -> tuple[Cliques, list[tuple[int, ...]]]:
    """Return the cliques of the edges, and those that are too large for a joint table.

    Of a clique that is too large only a tree is kept: the edges along which votes tell most about each
    other (Chow and Liu), so that it becomes pairs.

    Raises
    ------
    LabelModelError
        So many classes that not even a pair has a joint table.
    """
    k = votes.cardinality
    pairs = sorted({(min(edge), max(edge)) for edge in edges if edge[0] != edge[1]})
    if pairs and (k + 1) ** 2 > MOST_CELLS:
        raise LabelModelError(
            f"edges need a joint table of (k + 1)^2 = {(k + 1) ** 2:,} cells for each pair, with {k} classes, and "
            f"{MOST_CELLS:,} are the most: leave edges out."
        )
    cliques = _cut(pairs)
    too_large = [clique for clique in cliques if (k + 1) ** len(clique) > MOST_CELLS]
    for clique in too_large:
        cliques.remove(clique)
        cliques += _strongest_tree([pair for pair in pairs if set(pair) <= set(clique)], votes)
    return Cliques(tuple(sorted(cliques)), k), too_large


def _cut(pairs: list[tuple[int, int]]) -> list[tuple[int, ...]]:
    """The parts of the graph that no single node cuts: edges that lie on a common cycle belong together."""
    neighbours: dict[int, list[int]] = defaultdict(list)
    for i, j in pairs:
        neighbours[i].append(j)
        neighbours[j].append(i)
    parent: dict[int, int] = {}
    depth: dict[int, int] = {}
    for root in sorted(neighbours):
        queue = deque([] if root in depth else [root])
        depth.setdefault(root, 0)
        while queue:
            node = queue.popleft()
            for other in neighbours[node]:
                if other not in depth:
                    parent[other], depth[other] = node, depth[node] + 1
                    queue.append(other)
    # Each edge that is not in the tree closes one cycle with it; a tree edge goes by the name of its lower end.
    links = [(node, node) for node in parent]
    for i, j in pairs:
        above, below = sorted((i, j), key=lambda node: depth[node])
        path = []
        while above != below:
            path.append(below)
            below = parent[below]
            above, below = sorted((above, below), key=lambda node: depth[node])
        links += [(path[0], node) for node in path]
    if not links:
        return []
    size = max(neighbours) + 1
    ends = np.array(links).T
    label = connected_components(sp.csr_array((np.ones(len(links)), ends), shape=(size, size)), directed=False)[1]
    parts: dict[int, set[int]] = defaultdict(set)
    for node, above in parent.items():
        parts[label[node]] |= {node, above}
    return [tuple(sorted(part)) for part in parts.values()]


def _strongest_tree(pairs: list[tuple[int, int]], votes: EncodedVotes) -> list[tuple[int, ...]]:
    """The spanning tree of the most mutual information between the votes of its pairs."""
    graph = Cliques(tuple(pairs), votes.cardinality)
    counts = graph.cells(votes).expected(votes.row_weights[:, None])[:, 0]
    total = votes.row_weights.sum() + votes.n_silent
    base = votes.cardinality + 1
    told = np.empty(len(pairs))
    for number, cells in enumerate(np.split(counts, graph.starts[1:-1])):
        joint = cells.reshape(base, base) / total
        joint[0, 0] = 1 - joint.sum()
        apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
        seen = joint > 0
        told[number] = (joint[seen] * np.log(joint[seen] / apart[seen])).sum()
    size = max(max(pair) for pair in pairs) + 1
    ends = np.array(pairs).T
    kept = minimum_spanning_tree(sp.csr_array((1 + told.max() - told, ends), shape=(size, size))).tocoo()
    return [(min(i, j), max(i, j)) for i, j in zip(kept.row.tolist(), kept.col.tolist(), strict=True)]


def _by_lf(
    votes: EncodedVotes, wanted: set[int]
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]:
    """Rows, votes and weights of some labeling functions."""
    lf = votes.codes // votes.cardinality
    mask = np.zeros(votes.n_lfs, bool)
    mask[list(wanted)] = True
    kept = np.flatnonzero(mask[lf])
    kept = kept[np.argsort(lf[kept], kind="stable")]
    bounds = np.searchsorted(lf[kept], np.arange(votes.n_lfs + 1))
    places = {j: kept[bounds[j] : bounds[j + 1]] for j in wanted}
    return {
        j: (
            votes.rows_of_codes[at],
            votes.codes[at].astype(np.int64) % votes.cardinality,
            votes.weights[at] if votes.soft else np.ones(len(at)),
        )
        for j, at in places.items()
    }


def _cells_of(
    n_rows: int, members: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]], cardinality: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Rows, cells and weights of a clique, one entry per row, or one per combination where votes are soft."""
    voted = np.zeros(n_rows, bool)
    for rows, _, _ in members:
        voted[rows] = True
    at = np.flatnonzero(voted)
    cell, weight = np.zeros(len(at), np.int64), np.ones(len(at))
    for position, (rows, votes, weights) in enumerate(members):
        found = np.bincount(rows, minlength=n_rows)
        first = (np.cumsum(found) - found)[at]
        times = np.maximum(found[at], 1)
        entry = np.repeat(np.arange(len(at)), times)
        place = np.repeat(first - (np.cumsum(times) - times), times) + np.arange(len(entry))
        at, cell, weight = at[entry], cell[entry], weight[entry]
        here = found[at] > 0
        cell[here] += (votes[place[here]] + 1) * (cardinality + 1) ** (len(members) - 1 - position)
        weight[here] *= weights[place[here]]
    return at, cell, weight
