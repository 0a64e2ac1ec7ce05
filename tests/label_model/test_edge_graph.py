import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from labelmill.errors import LabelModelError
from labelmill.label_model.edge_graph import cut
from labelmill.label_model.encoding import encode


def cliques(edges, L=None, cardinality=2):
    votes = encode(np.zeros((1, 12), np.int8) if L is None else L, cardinality)
    return cut(edges, votes)


def parts(edges, nodes):
    """How many parts the nodes are in."""
    kept = [edge for edge in edges if set(edge) <= nodes]
    place = {node: i for i, node in enumerate(sorted(nodes))}
    ends = np.array([[place[i], place[j]] for i, j in kept], int).reshape(-1, 2).T
    return connected_components(sp.csr_array((np.ones(len(kept)), ends), shape=(len(nodes),) * 2), directed=False)[0]


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([], ()),
        ([(0, 3), (1, 3), (3, 2)], ((0, 3), (1, 3), (2, 3))),
        ([(0, 1), (1, 2), (2, 3), (3, 0)], ((0, 1, 2, 3),)),
        ([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 2), (4, 5)], ((0, 1, 2), (2, 3, 4), (4, 5))),
        ([(1, 0), (0, 1), (5, 6)], ((0, 1), (5, 6))),
    ],
)
def test_a_graph_falls_into_what_no_node_cuts(edges, expected):
    found, too_large = cliques(edges)
    assert found.members == expected
    assert not too_large


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda edge: edge[0] < edge[1]), max_size=12))
def test_cliques_are_the_finest_parts_that_meet_in_one_node(edges):
    found = cliques(edges, cardinality=2)[0].members
    for edge in edges:
        assert sum(set(edge) <= set(clique) for clique in found) == 1
    for clique in found:
        assert parts(edges, set(clique)) == 1
        assert len(clique) == 2 or all(parts(edges, set(clique) - {node}) == 1 for node in clique)
    # Joined at shared nodes they form no ring: each has one node that is new, but for the first of each component.
    nodes = {node for edge in edges for node in edge}
    if nodes:
        assert sum(len(clique) - 1 for clique in found) == len(nodes) - parts(edges, nodes)


def test_a_clique_that_is_too_large_keeps_the_tree_that_tells_most():
    rng = np.random.default_rng(0)
    source = rng.integers(0, 2, 2000)
    chain = [source]
    for _ in range(9):  # each copies the one before
        chain.append(np.where(rng.random(2000) < 0.8, chain[-1], rng.integers(0, 2, 2000)))
    every = [(i, j) for i in range(10) for j in range(i)]
    found, too_large = cliques(every, np.stack(chain, axis=1).astype(np.int8))
    assert too_large == [tuple(range(10))]
    assert found.members == tuple((i, i + 1) for i in range(9))


def test_with_too_many_classes_even_a_pair_is_refused():
    with pytest.raises(LabelModelError, match=r"6,724 cells for each pair, with 81 classes"):
        cliques([(0, 1)], cardinality=81)
