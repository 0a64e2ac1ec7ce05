import numpy as np
import pytest

from labelmill.label_model.low_rank import explain


def made(m, k, seed=0):
    """Loads of m labeling functions, correlations they explain, equal weights and freshness."""
    rng = np.random.default_rng(seed)
    toward = np.eye(k) - 1 / k
    loads = rng.uniform(0.3, 0.8, (m, 1, 1)) * toward
    flat = loads.reshape(-1, k)
    corr = flat @ flat.T
    own = np.repeat(np.repeat(np.eye(m, dtype=bool), k, axis=0), k, axis=1)
    corr[own] = 0
    return corr, np.where(np.eye(m, dtype=bool), 0, 1e6), np.full(m, (k - 1) / k), own


@pytest.mark.parametrize("k", [2, 3])
def test_what_one_class_explains_is_found(k):
    corr, weights, fresh, own = made(10, k)
    found = explain(corr, weights, fresh)
    assert np.abs(np.where(own, 0, found.pairs()) - corr).max() < 1e-3
    assert np.abs(found.loads.sum(axis=2)).max() < 1e-9  # k - 1 directions


def test_a_pair_that_is_left_out_does_not_bend_the_fit():
    corr, weights, fresh, own = made(10, 2)
    bent = corr.copy()
    pair = np.ix_([6, 7], [16, 17])
    bent[pair] *= 3
    bent.T[pair] *= 3
    without = weights.copy()
    without[3, 8] = without[8, 3] = 0
    kept, left_out = explain(bent, weights, fresh), explain(bent, without, fresh)
    assert np.abs(np.where(own, 0, left_out.pairs()) - corr).max() < 1e-3
    assert np.abs(np.where(own, 0, kept.pairs()) - corr).max() > 0.02


def test_who_is_compared_with_few_is_known_badly_and_more_rows_tell_more():
    corr, weights, fresh, _ = made(10, 2)
    weights = weights / 1e4
    weights[0, 3:] = weights[3:, 0] = 0
    variance = explain(corr, weights, fresh).relative_variance()
    assert variance[0, 1] > 1.5 * variance[4, 5] > 0
    assert (explain(corr, 10 * weights, fresh).relative_variance()[1:, 1:] < variance[1:, 1:]).all()


def test_who_never_votes_explains_nothing():
    corr, weights, fresh, _ = made(6, 2)
    corr[10:], corr[:, 10:] = 0, 0
    found = explain(corr, weights, fresh)
    assert (found.loads[5] == 0).all()
    assert np.isfinite(found.relative_variance()).all()


def test_votes_that_lean_to_other_classes_than_their_own_are_explained():
    """Loads that are no symmetric matrices: a vote leans to a class otherwise than that vote leans to this one."""
    m, k = 8, 4
    rng = np.random.default_rng(0)
    loads = 0.5 * (np.eye(k) - 1 / k) + rng.uniform(-0.1, 0.1, (m, k, k))
    loads -= loads.mean(axis=2, keepdims=True)
    flat = loads.reshape(m * k, k)
    apart = ~np.eye(m, dtype=bool)
    corr = flat @ flat.T * np.repeat(np.repeat(apart, k, axis=0), k, axis=1)
    found = explain(corr, 5000.0 * apart, np.ones(m)).pairs()
    off = (found - corr) * np.repeat(np.repeat(apart, k, axis=0), k, axis=1)
    assert np.abs(corr).max() > 0.2
    assert np.abs(off).max() < 0.01


def test_each_source_is_solved_for_once_a_round(monkeypatch):
    """Not once per vote: from hundreds of classes on that took minutes."""
    systems = []
    solve = np.linalg.solve

    def counted(a, b):
        systems.append(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
        return solve(a, b)

    monkeypatch.setattr(np.linalg, "solve", counted)
    explain(np.full((12, 12), 0.1), np.ones((4, 4)), np.ones(4))
    assert systems
    assert all(np.prod(shape) == 4 for shape in systems)
