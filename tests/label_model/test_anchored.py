import time

import numpy as np
import pytest

from labelmill.errors import LabelModelError
from labelmill.label_model import AnchoredPrecision, MajorityVote

BALANCED_ERRORS = [0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]


def right_share(model, L, truth):
    preds, covered = model.predict(L), model.covered(L)
    return np.where(preds >= 0, preds == truth, 0.5)[covered].mean()


def balanced_accuracy(probs, truth):
    first = (probs == probs.max(axis=1, keepdims=True)).astype(float)
    first /= first.sum(axis=1, keepdims=True)
    return np.mean([first[truth == y, y].mean() for y in range(probs.shape[1])])


def pr_auc(score, truth):
    from sklearn.metrics import average_precision_score

    return average_precision_score(truth, score)


def test_accuracies_are_recovered_without_gold(make_votes):
    accuracies = np.linspace(0.6, 0.95, 10)
    L, truth = make_votes(1, 20_000, accuracies)
    model = AnchoredPrecision(cardinality=2).fit(L)
    assert np.abs(model.lf_summary_["Est. Acc."] - accuracies).mean() < 0.02
    assert model.diagnostics_["converged"]
    assert right_share(model, L, truth) > right_share(MajorityVote(cardinality=2).fit(L), L, truth) + 0.02


def test_more_classes(make_votes):
    L, truth = make_votes(3, 5000, BALANCED_ERRORS, cardinality=5, coverage=0.6)
    model = AnchoredPrecision(cardinality=5).fit(L)
    assert np.abs(model.lf_summary_["Est. Acc."] - BALANCED_ERRORS).mean() < 0.03
    assert right_share(model, L, truth) > right_share(MajorityVote(cardinality=5).fit(L), L, truth)


def test_six_copies_of_a_poor_labeling_function_do_not_outvote_three_good_ones(make_votes):
    L, truth = make_votes(0, 4000, [0.9, 0.85, 0.8, 0.6], coverage=1.0)
    L = np.hstack([L, np.repeat(L[:, 3:], 5, axis=1)])
    model = AnchoredPrecision(cardinality=2).fit(L)
    assert right_share(MajorityVote(cardinality=2).fit(L), L, truth) < 0.65
    assert right_share(model, L, truth) > 0.92
    assert model.diagnostics_["copies"] == [[f"lf_{j}" for j in range(3, 9)]]
    assert any(warning.startswith("copies of each other") for warning in model.diagnostics_["warnings"])


def test_one_class_rules_do_not_collapse_and_gain_on_majority_vote(make_rules):
    gains = []
    for seed in range(8):
        L, truth = make_rules(seed)
        covered = (L >= 0).any(axis=1)
        rows, gold = L[covered], truth[covered]
        majority = MajorityVote(cardinality=2).fit(L).predict_proba(rows)
        model = AnchoredPrecision(cardinality=2).fit(L)
        probs = model.predict_proba(rows)
        assert model.diagnostics_["converged"]
        assert 0.1 < probs[:, 1].mean() < 0.7
        gains.append(
            (
                balanced_accuracy(probs, gold) - balanced_accuracy(majority, gold),
                pr_auc(probs[:, 1], gold) - pr_auc(majority[:, 1], gold),
            )
        )
    assert np.mean(gains, axis=0)[0] >= 0
    assert np.min(gains, axis=0)[1] > 0


def test_without_the_tie_redundant_rules_would_collapse(monkeypatch, make_rules):
    L, _ = make_rules(2, positive_rules=12, negative_rules=3)
    L = np.hstack([L, np.where(np.random.default_rng(0).random((len(L), 12)) < 0.7, L[:, :12], -1)])
    covered = (L >= 0).any(axis=1)
    tied = AnchoredPrecision(cardinality=2).fit(L).predict_proba(L[covered])[:, 0].mean()
    monkeypatch.setattr("labelmill.label_model.class_mass.tie", lambda scores, row_weights, wished, bias: bias)
    free = AnchoredPrecision(cardinality=2).fit(L).predict_proba(L[covered])[:, 0].mean()
    assert abs(tied - 0.5) < abs(free - 0.5)


def test_unanimous_votes_stand_against_the_class_bias(make_rules):
    L, _ = make_rules(5, positive_rules=3, negative_rules=10, positive_share=0.05)
    model = AnchoredPrecision(cardinality=2).fit(L)
    assert np.ptp(model.class_bias_) > 0.2
    agreed = [(i, row[row >= 0][0]) for i, row in enumerate(L) if len(set(row[row >= 0])) == 1]
    preds = model.predict(L)
    assert all(preds[i] == label for i, label in agreed)
    assert model.diagnostics_["overturned"] == 0


def test_a_given_class_balance_counts_and_overturned_rows_are_counted(make_votes):
    L, truth = make_votes(6, 4000, [0.7, 0.65, 0.6, 0.6], balance=(0.95, 0.05))
    given = AnchoredPrecision(cardinality=2, class_balance=(0.95, 0.05)).fit(L)
    assert right_share(given, L, truth) > right_share(AnchoredPrecision(cardinality=2).fit(L), L, truth)
    agreed = np.array([len(set(row[row >= 0])) == 1 for row in L])
    preds = given.predict(L)
    overturned = agreed & (preds >= 0) & (preds != L.max(axis=1))
    assert given.diagnostics_["overturned"] == overturned.sum() > 0


def test_gold_enters_as_counts(make_votes):
    L, truth = make_votes(7, 2000, [0.35, 0.35, 0.35, 0.9])  # the majority is wrong more often than right
    gold = np.where(np.arange(len(L)) < 300, truth, -1)
    without, with_gold = (AnchoredPrecision(cardinality=2).fit(L, gold=g) for g in (None, gold))
    assert right_share(with_gold, L, truth) >= right_share(without, L, truth)
    nothing_known = AnchoredPrecision(cardinality=2).fit(L, gold=np.full(len(L), -1))
    assert (nothing_known.predict_proba(L) == without.predict_proba(L)).all()


def test_who_is_worse_than_chance_is_named(make_votes):
    L, _ = make_votes(8, 4000, [0.9, 0.85, 0.8, 0.8, 0.2])
    model = AnchoredPrecision(cardinality=2).fit(L, lf_names=["a", "b", "c", "d", "contrary"])
    assert model.diagnostics_["worse_than_chance"] == ["contrary"]
    assert any("contrary" in warning for warning in model.diagnostics_["warnings"])


def test_calibration_changes_no_decision_and_softens_many_votes(make_votes):
    L, _ = make_votes(9, 1000, BALANCED_ERRORS, coverage=0.9)
    soft, hard = (AnchoredPrecision(cardinality=2, calibrate=flag).fit(L) for flag in (True, False))
    assert (soft.predict(L) == hard.predict(L)).all()
    assert (soft.predict_proba(L).max(axis=1) <= hard.predict_proba(L).max(axis=1) + 1e-12).all()


def test_rounds_that_run_out_are_recorded(make_votes):
    L, _ = make_votes(9, 1000, BALANCED_ERRORS)
    model = AnchoredPrecision(cardinality=2, max_iter=1).fit(L)
    assert model.diagnostics_["rounds"] == 1
    assert model.diagnostics_["converged"] is False
    assert any("not settled after 1 rounds" in warning for warning in model.diagnostics_["warnings"])


def test_numbers_that_are_not_finite_lead_to_majority_vote(monkeypatch, make_votes):
    L, _ = make_votes(9, 500, BALANCED_ERRORS)
    monkeypatch.setattr(AnchoredPrecision, "_evidence", lambda self, e, c, p: np.full(e.shape, np.nan))
    model = AnchoredPrecision(cardinality=2).fit(L)
    assert model.diagnostics_["fallback"] == "majority vote"
    preds = MajorityVote(cardinality=2).fit(L).predict(L)
    assert (model.predict(L) == preds).all()
    assert model.diagnostics_["converged"] is False


@pytest.mark.parametrize(
    ("name", "value"), [("anchor", 0.5), ("anchor", 1.0), ("anchor_votes", 0), ("majority_share", 1.1), ("max_iter", 0)]
)
def test_hyperparameters_out_of_range_are_named(make_votes, name, value):
    L, _ = make_votes(9, 50, BALANCED_ERRORS)
    with pytest.raises(LabelModelError, match=f"AnchoredPrecision needs {name} "):
        AnchoredPrecision(cardinality=2, **{name: value}).fit(L)


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_about_a_second(make_votes):
    L, _ = make_votes(3, 100_000, np.linspace(0.55, 0.95, 25), coverage=0.17)
    start = time.process_time()
    AnchoredPrecision(cardinality=2).fit(L)
    assert time.process_time() - start < 3  # .4 s where nothing else runs
