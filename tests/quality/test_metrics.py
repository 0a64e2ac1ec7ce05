import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from labelmill.quality import metrics
from labelmill.quality.metrics import judge


@st.composite
def weighted_rows(draw, cardinality=2):
    """Gold with every class, probabilities with many ties among ranks, weights as bootstrap counts."""
    n = draw(st.integers(cardinality, 40))
    rest = draw(arrays(np.int64, n - cardinality, elements=st.integers(0, cardinality - 1)))
    gold = np.concatenate([np.arange(cardinality), rest])
    parts = draw(arrays(np.int64, (n, cardinality), elements=st.integers(1, 9)))
    probs = parts / parts.sum(axis=1, keepdims=True)
    weights = draw(arrays(np.int64, n, elements=st.integers(0, 3)))
    weights[:cardinality] += 1
    return gold, probs, weights.astype(float)


def untied(probs):
    """Raise the first of tied classes a little, which is what scikit-learn's argmax takes."""
    probs = probs.copy()
    probs[np.arange(len(probs)), probs.argmax(axis=1)] += 1e-3
    return probs / probs.sum(axis=1, keepdims=True)


@given(weighted_rows())
def test_metrics_are_those_of_scikit_learn_with_weights(drawn):
    gold, probs, w = drawn
    probs = untied(probs)
    rows, weights, preds = judge(gold, probs, positive=1), w[None, :], probs.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(gold, preds, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(gold, preds, sample_weight=w),
        "f1": sk.f1_score(gold, preds, sample_weight=w, zero_division=0),
        "pr_auc": sk.average_precision_score(gold, probs[:, 1], sample_weight=w),
        "roc_auc": sk.roc_auc_score(gold, probs[:, 1], sample_weight=w),
    }
    found = {name: metrics.METRICS[name](rows, weights)[0] for name in expected}
    assert found == pytest.approx(expected)


@given(weighted_rows(cardinality=3))
def test_with_three_classes_the_others_are_the_rest(drawn):
    gold, probs, w = drawn
    probs = untied(probs)
    rows, preds = judge(gold, probs, positive=1), probs.argmax(axis=1)
    found = {name: metric(rows, w[None, :])[0] for name, metric in metrics.METRICS.items()}
    assert found["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(gold, preds, sample_weight=w))
    assert found["f1"] == pytest.approx(sk.f1_score(gold == 1, preds == 1, sample_weight=w, zero_division=0))
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(gold == 1, probs[:, 1], sample_weight=w))


@given(weighted_rows())
def test_a_weight_is_a_row_that_is_there_as_often(drawn):
    gold, probs, w = drawn
    again = np.repeat(np.arange(len(gold)), w.astype(int))
    weighted = judge(gold, probs, positive=1)
    repeated = metrics.score(judge(gold[again], probs[again], positive=1))
    for name, metric in metrics.METRICS.items():
        assert metric(weighted, w[None, :])[0] == pytest.approx(repeated[name]), name


@given(weighted_rows(), st.randoms(use_true_random=True))
def test_the_order_of_rows_changes_nothing(drawn, random):
    gold, probs, _ = drawn
    order = list(range(len(gold)))
    random.shuffle(order)
    assert metrics.score(judge(gold, probs, positive=1)) == pytest.approx(
        metrics.score(judge(gold[order], probs[order], positive=1))
    )


def test_many_weightings_at_once_are_as_one_by_one():
    rng = np.random.default_rng(0)
    gold, scores, weights = rng.integers(0, 2, 50), rng.random(50).round(1), rng.integers(0, 3, (7, 50)).astype(float)
    rows = judge(gold, np.column_stack([1 - scores, scores]), positive=1)
    for name, metric in metrics.METRICS.items():
        one_by_one = [metric(rows, line[None, :])[0] for line in weights]
        assert metric(rows, weights) == pytest.approx(one_by_one), name


def test_a_tie_counts_its_share_and_is_not_called_positive():
    gold = np.array([0, 1, 1])
    found = metrics.score(judge(gold, np.array([[0.5, 0.5], [0.5, 0.5], [0.1, 0.9]]), positive=1))
    assert found["accuracy"] == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert found["balanced_accuracy"] == pytest.approx((0.5 + 0.75) / 2)
    assert found["f1"] == pytest.approx(2 * 1 / (1 + 2))  # one called, rightly; two positive


def test_a_tie_of_two_of_three_classes_counts_a_half_only_where_gold_is_among_them():
    probs = np.array([[0.4, 0.4, 0.2]] * 3)
    assert judge(np.array([0, 1, 2]), probs, positive=2).credit.tolist() == [0.5, 0.5, 0.0]


def test_an_undecided_row_counts_one_kth_whatever_its_probabilities_are():
    gold, probs = np.array([1, 1]), np.array([[0.2, 0.8], [0.2, 0.8]])
    rows = judge(gold, probs, positive=1, undecided=np.array([True, False]))
    assert rows.credit.tolist() == [0.5, 1.0]
    assert rows.called.tolist() == [False, True]
    assert rows.confidence.tolist() == pytest.approx([0.5, 0.8])


def test_probabilities_that_differ_by_rounding_are_tied():
    assert judge(np.array([0]), np.array([[0.5, 0.5 - 1e-12]]), positive=1).credit.tolist() == [0.5]
    assert judge(np.array([0]), np.array([[0.5001, 0.4999]]), positive=1).credit.tolist() == [1.0]


def test_calibration_error_is_the_mean_gap_over_bins():
    probs = np.array([[0.1, 0.9]] * 10 + [[0.4, 0.6]] * 10)
    gold = np.array([1] * 7 + [0] * 3 + [1] * 6 + [0] * 4)
    found = metrics.score(judge(gold, probs, positive=1))
    assert found["ece"] == pytest.approx((0.2 + 0.0) / 2)  # .9 said, .7 right; .6 said, .6 right


def test_wholly_confident_and_right_has_no_calibration_error():
    assert metrics.score(judge(np.array([0, 1]), np.eye(2), positive=1))["ece"] == 0


def test_a_constant_system_ranks_nothing():
    gold = np.array([0, 0, 0, 1])
    found = metrics.score(judge(gold, np.tile([1.0, 0.0], (4, 1)), positive=1))
    assert found["roc_auc"] == 0.5
    assert found["pr_auc"] == 0.25
    assert found["f1"] == 0
    assert found["balanced_accuracy"] == 0.5


@pytest.mark.parametrize("label", [0, 1])
def test_with_one_class_only_what_needs_two_is_undefined(label):
    found = metrics.score(judge(np.full(3, label), np.tile([0.3, 0.7], (3, 1)), positive=1))
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined == {"balanced_accuracy", "roc_auc"} | ({"f1", "pr_auc"} if label == 0 else set())


def test_without_rows_everything_is_undefined():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = metrics.score(judge(np.empty(0, dtype=np.int64), np.empty((0, 2)), positive=1))
    assert all(np.isnan(value) for value in found.values())
