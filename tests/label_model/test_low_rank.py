import numpy as np

from labelmill.label_model.low_rank import explain


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
