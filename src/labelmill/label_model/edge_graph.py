"""From edges to cliques: which labeling functions need a joint table.

Edges make a graph, and a graph falls into *cliques*: its parts that no single labeling function cuts in two (what
graph theory calls blocks). Two of them share one labeling function at most, so the model factorises exactly,

    P(votes | y) = product over all j of P(vote of j | y)
                   x product over cliques of P(votes of its members | y) / product over its members of P(vote | y).

A source with copiers is so many pairs, a ring is one clique, and neither needs an order of the labeling functions.
"""

from collections import defaultdict, deque
from collections.abc import Iterable

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.special import kl_div

from labelmill.errors import LabelModelError
from labelmill.label_model.cliques import Cliques
from labelmill.label_model.encoding import EncodedVotes

MOST_CELLS = 6561
"""Largest joint table of a clique, (k + 1)^members: eight members of two classes, four of eight, a pair of eighty."""


def pairs_fit(cardinality: int) -> bool:
    """Whether so many classes leave room for the joint table of a pair."""
    return (cardinality + 1) ** 2 <= MOST_CELLS


def cut(edges: Iterable[tuple[int, int]], votes: EncodedVotes) -> tuple[Cliques, list[tuple[int, ...]]]:
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
    if pairs and not pairs_fit(k):
        raise LabelModelError(
            f"edges need a joint table of (k + 1)^2 = {(k + 1) ** 2:,} cells for each pair, with {k} classes, and "
            f"{MOST_CELLS:,} are the most: leave edges out."
        )
    cliques = _uncut(pairs)
    too_large = [clique for clique in cliques if (k + 1) ** len(clique) > MOST_CELLS]
    for clique in too_large:
        cliques.remove(clique)
        cliques += _strongest_tree([pair for pair in pairs if set(pair) <= set(clique)], votes)
    return Cliques(tuple(sorted(cliques)), k), too_large


def _uncut(pairs: list[tuple[int, int]]) -> list[tuple[int, ...]]:
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
    k = votes.cardinality
    members = np.unique(pairs)
    first, second = np.searchsorted(members, np.array(pairs)).T
    fires = votes.one_hot()[:, (members[:, None] * k + np.arange(k)).ravel()]
    counted = sp.diags_array(votes.row_weights) @ fires
    total = votes.n_all
    share = counted.sum(axis=0).reshape(-1, k) / total
    joint = np.zeros((len(pairs), k + 1, k + 1))
    joint[:, 1:, 1:] = (fires.T @ counted).toarray().reshape(len(members), k, -1, k)[first, :, second] / total
    joint[:, 1:, 0] = share[first] - joint[:, 1:, 1:].sum(axis=2)
    joint[:, 0, 1:] = share[second] - joint[:, 1:, 1:].sum(axis=1)
    joint[:, 0, 0] = 1 - joint.sum(axis=(1, 2))
    apart = joint.sum(axis=2, keepdims=True) * joint.sum(axis=1, keepdims=True)
    told = kl_div(np.maximum(joint, 0), np.maximum(apart, np.finfo(float).tiny)).sum(axis=(1, 2))
    graph = sp.csr_array((1 + told.max() - told, (first, second)), shape=(len(members), len(members)))
    kept = minimum_spanning_tree(graph).tocoo()
    ends = np.sort(members[np.stack([kept.row, kept.col], axis=1)], axis=1)
    return [(i, j) for i, j in ends.tolist()]
