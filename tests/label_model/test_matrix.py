import numpy as np
import pytest

from labelmill.label_model import MatrixCompletion
from labelmill.label_model.matrix import _solved


@pytest.mark.parametrize("cardinality", [2, 5])
def test_accuracies_are_recovered(cardinality, make_votes):
    accuracies = np.linspace(0.55, 0.95, 10)
    L, _ = make_votes(0, 50_000, accuracies, coverage=0.3, cardinality=cardinality)
    model = MatrixCompletion(cardinality=cardinality).fit(L)
    assert model.diagnostics_["converged"]
    assert np.abs(model.accuracy_ - accuracies).mean() <= 0.01
    assert np.abs(model.accuracy_ - accuracies).max() <= 0.02


def test_the_tables_of_rules_that_follow_the_class_are_recovered():
    rng = np.random.default_rng(1)
    hit, slip = rng.uniform(0.1, 0.6, 20), rng.uniform(0.01, 0.1, 20)
    truth = rng.integers(0, 2, 50_000)
    label = np.arange(20) % 2
    fires = rng.random((50_000, 20)) < np.where(truth[:, None] == label, hit, slip)
    model = MatrixCompletion(cardinality=2).fit(np.where(fires, label, -1))
    table = model.tables_[np.arange(20), label]
    assert np.abs(table[np.arange(20), label] - hit).mean() <= 0.01
    assert np.abs(table[np.arange(20), 1 - label] - slip).mean() <= 0.01


def test_uneven_errors_are_seen():
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 50_000)
    columns = []
    for j in range(8):  # every other one takes each second 0 for a 1
        vote = np.where(rng.random(50_000) < 0.8, truth, (truth + rng.integers(1, 3, 50_000)) % 3)
        if j % 2:
            vote = np.where((truth == 0) & (rng.random(50_000) < 0.5), 1, vote)
        columns.append(vote)
    table = MatrixCompletion(cardinality=3).fit(np.stack(columns, axis=1)).tables_
    even, uneven = table[::2].mean(axis=0), table[1::2].mean(axis=0)
    assert uneven[1, 0] - uneven[1, 2] > 0.3  # votes for 1 where the truth is 0, beyond those where it is 2
    assert abs(even[1, 0] - even[1, 2]) < 0.1


def test_what_two_labeling_functions_do_together_is_explained(make_votes):
    L, _ = make_votes(3, 50_000, np.linspace(0.6, 0.9, 8), cardinality=3)
    model = MatrixCompletion(cardinality=3).fit(L)
    mu = model.tables_.reshape(-1, 3)
    explained = mu @ np.diag(model.class_balance_) @ mu.T
    apart = np.kron(1 - np.eye(8), np.ones((3, 3))) > 0
    assert np.abs(explained - model.moments_.rates)[apart].max() < 0.005


def test_the_votes_of_a_source_are_solved_for_at_once():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(4, 3, 3))
    system, held, target = half @ half.transpose(0, 2, 1), rng.uniform(0.1, 2, (4, 3, 1)), rng.normal(size=(4, 3, 3))
    one_by_one = np.linalg.solve(system[:, None] + held[..., None] * np.eye(3), target[..., None])[..., 0]
    np.testing.assert_allclose(_solved(system, held, target), one_by_one, rtol=1e-10)
