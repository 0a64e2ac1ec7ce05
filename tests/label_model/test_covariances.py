import numpy as np
import pytest

from labelmill.label_model import Moments, covariances


@pytest.fixture
def found(make_votes):
    """Covariances of eight independent sources, and their tables as the truth has them."""
    L, truth = make_votes(0, 20_000, np.linspace(0.6, 0.9, 8), coverage=0.5)
    apart = ~np.eye(8, dtype=bool)
    counted = covariances.covariances(Moments.of(L, 2), np.array([0.5, 0.5]), apart)
    tables = np.array([[[(L[truth == y, j] == v).mean() for y in (0, 1)] for v in (0, 1)] for j in range(8)])
    return counted, tables


def test_true_tables_leave_chance_and_others_do_not(found):
    counted, tables = found
    off, unexplained = covariances.misfit(counted, tables)
    assert 0.8 < off < 1.2
    assert unexplained < 0.05
    flat = np.repeat(tables.mean(axis=2, keepdims=True), 2, axis=2)
    off, unexplained = covariances.misfit(counted, flat)
    assert off > 5
    assert unexplained == pytest.approx(1, abs=0.05)


def test_where_there_is_nothing_to_explain_there_is_no_misfit():
    apart = ~np.eye(3, dtype=bool)
    for L in (np.full((20, 3), -1), np.zeros((0, 3), int), np.zeros((20, 3), int)):
        counted = covariances.covariances(Moments.of(L, 2), np.array([0.5, 0.5]), apart)
        assert covariances.misfit(counted, np.full((3, 2, 2), 1 / 3)) is None


def test_more_rows_and_more_gold_know_accuracies_better(make_votes):
    L, _ = make_votes(1, 4000, [0.85, 0.8, 0.75, 0.7], coverage=0.8)
    apart = ~np.eye(4, dtype=bool)
    tables = np.tile([[0.6, 0.2], [0.2, 0.6]], (4, 1, 1))

    def variance(rows, held):
        counted = covariances.covariances(Moments.of(L[:rows], 2), np.array([0.5, 0.5]), apart)
        return covariances.accuracy_variance(counted, tables, np.full(8, held))

    assert (variance(4000, 1.0) < variance(1000, 1.0)).all()
    assert (variance(1000, 1e6) < variance(1000, 1.0)).all()


def test_tables_are_proper_however_far_the_deviations_go(found):
    counted, tables = found
    wild = np.random.default_rng(0).normal(0, 3, (8, 2, 2))
    table, abstains = covariances.valid_tables(counted, wild)
    assert (table > 0).all()
    assert (abstains > 0).all()
    assert np.abs(table.sum(axis=1) + abstains - 1).max() < 1e-12
    kept, _ = covariances.valid_tables(counted, tables - counted.mean.reshape(8, 2, 1))
    assert np.abs(kept - tables).max() < 0.01
