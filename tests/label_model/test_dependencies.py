from dataclasses import replace

import numpy as np
import pytest

from labelmill.label_model import dependencies
from labelmill.label_model.encoding import encode


def test_overlaps_are_counted_by_pair():
    L = np.array([[0, 0, -1], [1, 0, -1], [1, 1, 1], [-1, 1, 0]])
    found = dependencies.overlaps(encode(L, 2))
    assert found.shared.tolist() == [[3, 3, 1], [3, 4, 2], [1, 2, 2]]
    assert found.alike.tolist() == [[3, 2, 1], [2, 4, 1], [1, 1, 2]]


def test_without_the_table_of_all_pairs_they_are_the_same(monkeypatch, make_votes):
    L, _ = make_votes(3, 400, [0.8, 0.7, 0.9], coverage=0.6, cardinality=3)
    votes = replace(encode(L, 3), stands_for=np.repeat([1.0, 7.5], 200))
    whole = dependencies.overlaps(votes)
    monkeypatch.setattr(dependencies, "_MOST_CODES", 8)
    sparse = dependencies.overlaps(votes)
    assert sparse.shared == pytest.approx(whole.shared)
    assert sparse.alike == pytest.approx(whole.alike)


def test_copies_are_one_group_and_count_once(make_votes):
    L, _ = make_votes(0, 1000, [0.8, 0.8, 0.7])
    L = np.hstack([L, L[:, [1, 1]]])
    L[:3, 4] = -1  # nearly the same is the same
    groups = dependencies.copies(dependencies.overlaps(encode(L, 2)))
    assert len(set(groups)) == 3
    assert groups[1] == groups[3] == groups[4]
    assert dependencies.shares(groups).tolist() == pytest.approx([1, 1 / 3, 1, 1 / 3, 1 / 3])


def test_labeling_functions_that_never_vote_are_no_copies():
    L = np.full((10, 3), -1)
    assert len(set(dependencies.copies(dependencies.overlaps(encode(L, 2))))) == 3


def weights(L, k=2):
    votes = encode(L, k)
    found = dependencies.overlaps(votes)
    several = (votes.per_lf > 0).sum(axis=1) > 1
    return dependencies.damping(found, dependencies.copies(found), several, k)


@pytest.mark.parametrize("cardinality", [2, 4])
def test_who_copies_another_is_damped_and_independent_ones_are_not(make_votes, cardinality):
    L, _ = make_votes(1, 20_000, np.linspace(0.55, 0.95, 12), coverage=0.3, cardinality=cardinality)
    assert weights(L, cardinality).min() > 0.9
    copied = np.random.default_rng(0).random(len(L)) < 0.6
    L[copied, 3] = L[copied, 8]
    damped = weights(L, cardinality)
    assert max(damped[3], damped[8]) < 0.8
    assert np.delete(damped, [3, 8]).min() > 0.9


def test_rules_of_one_class_are_not_damped_for_agreeing(make_rules):
    L, _ = make_rules(0)
    assert (weights(L) == 1).all()


def test_who_hardly_meets_anybody_changes_nothing(make_votes):
    """Only the part of the tables in which labeling functions met often enough is worked on."""
    L, _ = make_votes(1, 20_000, np.linspace(0.55, 0.95, 12), coverage=0.3, cardinality=3)
    copied = np.random.default_rng(0).random(len(L)) < 0.6
    L[copied, 3] = L[copied, 8]
    shy, _ = make_votes(2, 20_000, [0.9, 0.9, 0.9], coverage=0.001, cardinality=3)
    alone = weights(L, 3)
    among = weights(np.hstack([shy[:, :1], L[:, :5], shy[:, 1:2], L[:, 5:], shy[:, 2:]]), 3)
    assert alone.min() < 0.8
    assert np.delete(among, [0, 6, 14]) == pytest.approx(alone, abs=1e-9)
    assert among[[0, 6, 14]].tolist() == [1, 1, 1]
    assert weights(shy, 3).tolist() == [1, 1, 1]
