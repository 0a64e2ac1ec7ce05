import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from labelmill.arrays import Votes
from labelmill.errors import LabelModelError
from labelmill.label_model.blocks import open_blocks
from labelmill.label_model.cliques import Cliques, find
from labelmill.label_model.encoding import encode


def cliques(edges, L=None, cardinality=2):
    votes = encode(np.zeros((1, 12), np.int8) if L is None else L, cardinality)
    return find(edges, votes)


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


def test_the_votes_of_a_clique_are_numbered_as_the_axes_of_its_table():
    L = np.array([[0, 1, -1], [-1, -1, 2], [2, -1, 0], [-1, -1, -1]], np.int8)
    groups = Cliques(((0, 1, 2), (0, 2)), 3)
    cells = groups.cells(encode(L, 3))
    wide = np.ravel_multi_index(tuple(L.T + 1), (4, 4, 4))
    narrow = 64 + np.ravel_multi_index(tuple(L[:, [0, 2]].T + 1), (4, 4))
    assert groups.n_cells == 80
    assert cells.indptr.tolist() == [0, 2, 4, 6, 6]
    assert cells.codes.reshape(-1, 2).tolist() == np.stack([wide, narrow], axis=1)[:3].tolist()


def test_soft_votes_are_in_each_cell_with_the_product_of_their_weights():
    rows = [(0, 0, 0, 0.75), (0, 0, 1, 0.25), (0, 1, 0, 0.4), (0, 1, 1, 0.6), (1, 1, 1, 0.9), (1, 1, 0, 0.1)]
    soft = pd.DataFrame(rows, columns=["row", "lf", "class", "weight"])
    votes = next(open_blocks(Votes(np.array([[0, 1], [-1, 1], [1, -1]]), soft), 2)()).encoded
    table = Cliques(((0, 1),), 2).cells(votes).expected(np.ones((3, 1)))[:, 0].reshape(3, 3)
    expected = np.array([[0, 0.1, 0.9], [0, 0.3, 0.45], [1, 0.1, 0.15]])
    assert np.abs(table - expected).max() < 1e-12


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


def test_edges_join_parts_of_a_group():
    groups = np.array([0, 0, 0, 1, 1, 2])
    assert Cliques(((0, 1), (3, 4)), 2).apart(groups).tolist() == [2, 2, 2, 1, 1, 1]
    assert Cliques((), 2).apart(groups).tolist() == [3, 3, 3, 2, 2, 1]
