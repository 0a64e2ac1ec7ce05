import numpy as np
import pandas as pd

from labelmill.arrays import Votes
from labelmill.label_model.blocks import open_blocks
from labelmill.label_model.cliques import Cliques
from labelmill.label_model.encoding import encode


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


def test_soft_votes_that_are_sure_are_in_the_cells_of_hard_ones():
    L = np.random.default_rng(0).integers(-1, 3, (200, 5))
    rows, lfs = np.nonzero(L >= 0)
    soft = pd.DataFrame({"row": rows, "lf": lfs, "class": L[rows, lfs], "weight": 1.0})
    groups = Cliques(((0, 1, 2), (2, 3)), 3)
    mass = np.random.default_rng(1).random((200, 3))
    hard, same = (groups.cells(next(open_blocks(votes, 3)()).encoded).expected(mass) for votes in (L, Votes(L, soft)))
    assert np.abs(hard - same).max() < 1e-9
    assert hard.sum() > 0


def test_cliques_that_share_a_member_are_one_part():
    parts = Cliques(((0, 4), (1, 2), (2, 5)), 2).parts(6)
    assert len(np.unique(parts)) == 3
    assert parts[0] == parts[4]
    assert parts[1] == parts[2] == parts[5]
    assert len(np.unique(Cliques((), 2).parts(4))) == 4
