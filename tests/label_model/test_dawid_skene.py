import numpy as np
import pytest

from labelmill.label_model import AnchoredPrecision, DawidSkene, MajorityVote


@pytest.fixture
def crowd():
    """Workers of two sorts: careful ones, and ones that call half of the 1s a 0 but never the other way."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 600)
    careful = np.where(rng.random((600, 6)) < 0.75, truth[:, None], 1 - truth[:, None])
    timid = np.where((truth[:, None] == 1) & (rng.random((600, 9)) < 0.5), 0, truth[:, None])
    return np.hstack([careful, timid]), truth


def share(model, L, truth):
    return (model.fit(L).predict(L) == truth).mean()


def test_one_sided_workers_are_understood(crowd):
    L, truth = crowd
    model = DawidSkene(cardinality=2)
    assert share(model, L, truth) > share(MajorityVote(cardinality=2), L, truth) + 0.02
    assert model.has_confusion_.all()
    lift = model.evidence_[:, 1, 1] - model.evidence_[:, 1, 0]
    assert lift[6:].min() > lift[:6].max()  # a 1 of a timid worker is worth more


def test_rules_of_one_class_are_modelled_by_their_precision(make_rules):
    L, _ = make_rules(1)
    model = DawidSkene(cardinality=2).fit(L)
    assert not model.has_confusion_.any()
    assert (model.predict_proba(L) == AnchoredPrecision(cardinality=2).fit(L).predict_proba(L)).all()


def test_few_votes_carry_no_confusion_matrix(make_votes):
    L, _ = make_votes(0, 120, [0.8] * 5, coverage=0.5)
    assert not DawidSkene(cardinality=2).fit(L).has_confusion_.any()
    assert DawidSkene(cardinality=2, confusion_votes=20).fit(L).has_confusion_.all()


def test_where_nothing_can_be_learned_nobody_has_a_confusion_matrix():
    model = DawidSkene(cardinality=2).fit([[0, 1], [1, 1], [0, -1]])
    assert model.diagnostics_["fallback"] == "majority vote"
    assert model.has_confusion_.tolist() == [False, False]
