import numpy as np
import pytest

from labelmill.label_model import MajorityVote, WeightedVote


@pytest.mark.parametrize("cardinality", [2, 5])
def test_accuracies_are_recovered(cardinality, make_votes):
    accuracies = np.linspace(0.5, 0.95, 10)
    L, _ = make_votes(0, 50_000, accuracies, coverage=0.3, cardinality=cardinality)
    model = WeightedVote(cardinality=cardinality).fit(L)
    assert np.abs(model.accuracy_ - accuracies).mean() <= 0.02


def test_one_good_source_outweighs_two_bad_ones(make_votes):
    L, truth = make_votes(1, 5000, [0.95, 0.6, 0.6, 0.6, 0.6], coverage=1)
    model = WeightedVote(cardinality=2).fit(L)
    assert (model.predict(L) == truth).mean() > (MajorityVote(cardinality=2).fit(L).predict(L) == truth).mean() + 0.1


def test_rules_of_one_class_get_a_majority_vote(make_rules):
    L, _ = make_rules(0)
    model = WeightedVote(cardinality=2).fit(L)
    assert model.diagnostics_["fallback"] == "majority vote"
    assert "vote for one class each" in model.diagnostics_["warnings"][-1]
    assert (model.predict(L) == MajorityVote(cardinality=2).fit(L).predict(L)).all()


def test_a_rule_beside_sources_of_all_classes_is_weighed(make_votes):
    L, truth = make_votes(2, 20_000, [0.9, 0.8, 0.7])
    rng = np.random.default_rng(0)
    rules = [np.where(rng.random(len(L)) < np.where(truth == 1, 0.4, slip), 1, -1) for slip in (0.04, 0.3)]
    model = WeightedVote(cardinality=2).fit(np.column_stack([L, *rules]))
    good, bad = model.accuracy_[3:]
    assert good > bad + 0.15


def test_votes_that_all_agree_are_never_overturned(make_votes):
    L, _ = make_votes(3, 2000, [0.9, 0.9, 0.9, 0.2, 0.3])
    model = WeightedVote(cardinality=2).fit(L)
    assert model.diagnostics_["overturned"] == 0
    assert model.predict(np.array([[-1, -1, -1, 1, 1]])) == [1]
