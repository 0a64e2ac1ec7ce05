import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.label_model import Auto
from labelmill.label_model.blocks import open_blocks
from labelmill.label_model.gathering import gather


def gathered(L, most_rows, k=2, gold=None):
    return gather(open_blocks(L, k), gold=lambda n: gold, most_rows=most_rows)


def rows_of(votes):
    """The votes as a matrix again, rows sorted."""
    L = np.full((votes.n_rows, votes.n_lfs), -1)
    L[votes.rows_of_codes, votes.codes // votes.cardinality] = votes.codes % votes.cardinality
    return L[np.lexsort(L.T)]


@pytest.fixture
def L(make_votes):
    return make_votes(0, 20_000, [0.9, 0.8, 0.7, 0.75, 0.6, 0.85, 0.65, 0.7], coverage=0.3)[0]


def test_few_rows_are_taken_whole(L):
    data = gathered(L, 20_000)
    assert not data.sampled
    assert data.votes.n_rows == data.n_covered == (L >= 0).any(axis=1).sum()
    assert data.votes.n_silent == 20_000 - data.n_covered
    assert (data.per_lf == [[(column == v).sum() for v in range(2)] for column in L.T]).all()


def test_a_sample_stands_for_all(L):
    data = gathered(L, 2000)
    assert data.sampled
    assert data.votes.n_rows <= 2000
    assert data.votes.row_weights.sum() == pytest.approx(data.n_covered)
    assert data.votes.per_lf == pytest.approx(data.per_lf, rel=0.1)  # far better than chance would do
    assert (data.per_lf.sum(axis=1) == (L >= 0).sum(axis=0)).all()


@pytest.mark.parametrize("n_lfs", [200, 600])
def test_many_votes_a_row_are_not_taken_for_rare_ones(n_lfs):
    L = np.random.default_rng(0).integers(0, 2, (3000, n_lfs)).astype(np.int8)
    assert gathered(L, 500).votes.n_rows == 500


def test_the_sample_does_not_depend_on_order(L):
    rng = np.random.default_rng(1)
    rows, lfs = rng.permutation(len(L)), rng.permutation(L.shape[1])
    moved = L[rows][:, lfs]
    moved = np.where(moved < 0, -1, 1 - moved)
    back = rows_of(gathered(moved, 2000).votes)[:, np.argsort(lfs)]
    back = np.where(back < 0, -1, 1 - back)
    assert (back[np.lexsort(back.T)] == rows_of(gathered(L, 2000).votes)).all()
    sparse = sp.csr_array((L + 1).astype(np.int64))
    assert (rows_of(gathered(sparse, 2000).votes) == rows_of(gathered(L, 2000).votes)).all()


def test_permuted_votes_give_permuted_answers_from_a_sample(L, monkeypatch):
    monkeypatch.setattr(Auto, "max_rows", 3000)
    rng = np.random.default_rng(1)
    rows, lfs = rng.permutation(len(L)), rng.permutation(L.shape[1])
    probs = Auto(cardinality=2).fit(L).predict_proba(L)
    moved = Auto(cardinality=2).fit(L[rows][:, lfs]).predict_proba(L[rows][:, lfs])
    assert np.abs(moved - probs[rows]).max() < 1e-6
    whole = Auto(cardinality=2)
    whole.max_rows = 10**9
    assert np.abs(whole.fit(L).predict_proba(L) - probs).mean() < 0.02


def test_rows_of_rare_labeling_functions_are_all_taken(L):
    rare = np.full((len(L), 1), -1, dtype=np.int8)
    rare[::2000] = 1
    data = gathered(np.hstack([L, rare]), 2000)
    assert data.votes.per_lf[8, 1] == data.per_lf[8, 1] == 10


def test_rows_with_gold_are_all_taken(L):
    gold = np.full(len(L), -1)
    gold[:300] = 1
    data = gathered(L, 2000, gold=gold)
    covered = (L[:300] >= 0).any(axis=1).sum()
    assert (data.gold >= 0).sum() == covered
    assert (data.votes.row_weights[data.gold >= 0] == 1).all()
    assert data.votes.row_weights.sum() == pytest.approx(data.n_covered)
