import numpy as np
import pytest

from labelmill.label_model import Triplets, triplets


@pytest.mark.parametrize("cardinality", [2, 4])
def test_accuracies_are_recovered(cardinality, make_votes):
    accuracies = np.linspace(0.5, 0.95, 10) if cardinality > 2 else np.linspace(0.55, 0.95, 10)
    L, _ = make_votes(0, 50_000, accuracies, coverage=0.3, cardinality=cardinality)
    model = Triplets(cardinality=cardinality).fit(L)
    assert np.abs(model.accuracy_ - accuracies).mean() <= 0.01
    assert np.abs(model.accuracy_ - accuracies).max() <= 0.02


@pytest.mark.parametrize("cardinality", [2, 3])
def test_rules_of_one_class_are_told_apart_by_when_they_are_silent(cardinality):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, cardinality, 50_000)
    columns, precision = [], []
    for j in range(12):
        label, hit = j % cardinality, rng.uniform(0.1, 0.6)
        slip = hit * rng.uniform(0.05, 0.6)
        columns.append(np.where(rng.random(50_000) < np.where(truth == label, hit, slip), label, -1))
        precision.append(hit / (hit + (cardinality - 1) * slip))
    model = Triplets(cardinality=cardinality).fit(np.stack(columns, axis=1))
    assert np.abs(model.accuracy_ - precision).mean() <= 0.02


def test_the_class_balance_is_taken_into_account(make_votes):
    accuracies = np.array([0.9, 0.8, 0.75, 0.7, 0.6, 0.85])
    L, _ = make_votes(2, 50_000, accuracies, balance=[0.2, 0.8])
    model = Triplets(cardinality=2, class_balance=[0.2, 0.8]).fit(L)
    assert np.abs(model.accuracy_ - accuracies).mean() <= 0.02


def test_a_dependent_pair_does_not_move_the_others(make_votes):
    accuracies = np.array([0.9, 0.85, 0.8, 0.75, 0.75, 0.7, 0.65, 0.6, 0.8, 0.7])
    L, _ = make_votes(3, 50_000, accuracies)
    copied = np.random.default_rng(0).random(len(L)) < 0.7
    L[copied, 7] = L[copied, 6]
    model = Triplets(cardinality=2).fit(L)
    assert np.abs(model.accuracy_ - accuracies)[[0, 1, 2, 3, 4, 5, 8, 9]].max() <= 0.02


def test_the_weighted_median_is_where_half_of_the_weight_lies():
    values = np.array([5.0, 1.0, 3.0])
    assert triplets._weighted_median(values, np.ones(3)) == 3
    assert triplets._weighted_median(values, np.array([10.0, 1.0, 1.0])) == 5
    assert triplets._weighted_median(values[:2], np.ones(2)) == 3
