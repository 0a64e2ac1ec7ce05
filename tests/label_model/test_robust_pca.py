import numpy as np
import pytest

from labelmill.label_model import Moments
from labelmill.label_model.robust_pca import COLUMNS, principal_component_pursuit, robust_pca_edges


def edges_of(L, k=2):
    moments = Moments.of(L, k)
    return robust_pca_edges(moments.pairs, moments.n_rows, cardinality=k)


def ends(edges):
    return {(int(a[3:]), int(b[3:])) for a, b in zip(edges["lf_a"], edges["lf_b"], strict=True)}


def test_sparse_and_low_rank_are_taken_apart():
    rng = np.random.default_rng(0)
    factor = rng.normal(size=(60, 2))
    sparse = np.zeros((60, 60))
    a, b = rng.integers(0, 60, (2, 40))
    sparse[a, b] = sparse[b, a] = rng.choice([-4, 4], 40)
    found = principal_component_pursuit(factor @ factor.T + sparse)
    assert np.abs(found - sparse).max() < 1e-3
    assert (principal_component_pursuit(np.zeros((5, 5))) == 0).all()


@pytest.mark.parametrize("unipolar", [False, True])
@pytest.mark.parametrize("rate", [0.15, 0.4, 1.0])
def test_planted_pairs_are_found(rate, unipolar, stress):
    right = found = planted = 0
    for seed in range(5):
        sample = stress.planted_pairs(rate, unipolar=unipolar, seed=seed)
        pairs = ends(edges_of(sample.L))
        right, found = right + len(pairs & sample.world.pairs), found + len(pairs)
        planted += len(sample.world.pairs)
    assert right >= 0.9 * found
    assert right >= 0.9 * planted


def test_who_votes_against_whom(make_votes):
    L, _ = make_votes(0, 10_000, np.full(10, 0.7), coverage=0.6)
    both = (np.random.default_rng(0).random(len(L)) < 0.5) & (L[:, 2] >= 0)
    L[both, 6] = 1 - L[both, 2]
    edges = edges_of(L)
    assert edges[["lf_a", "lf_b", "kind"]].to_numpy().tolist() == [["lf_2", "lf_6", "against"]]
    assert list(edges.columns) == list(COLUMNS)


@pytest.mark.parametrize("k", [2, 3])
def test_permuted_votes_give_permuted_scores(k, make_votes):
    L, _ = make_votes(1, 5000, np.full(9, 0.7), coverage=0.8, cardinality=k)
    L[:2500, 8] = L[:2500, 1]
    rng = np.random.default_rng(0)
    lfs, classes = rng.permutation(9), rng.permutation(k)
    moved = L[:, lfs]
    moved = np.where(moved < 0, -1, classes[moved])
    edges, again = edges_of(L, k), edges_of(moved, k)
    assert ends(edges) == {(1, 8)}
    assert {tuple(sorted((int(lfs[a]), int(lfs[b])))) for a, b in ends(again)} == {(1, 8)}
    assert again["score"].to_numpy() == pytest.approx(edges["score"].to_numpy(), abs=1e-4)
