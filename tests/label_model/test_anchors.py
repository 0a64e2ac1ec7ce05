import numpy as np
import pytest

from labelmill.label_model import anchors

UNIFORM = np.array([0.5, 0.5])


def precision(right, wrong, balance=UNIFORM, anchor=0.8, strength=100.0):
    """Of one labeling function, from how often its votes for each class are right and wrong."""
    right, wrong = np.array(right, dtype=float), np.array(wrong, dtype=float)
    expected = np.zeros((1, 2, 2))
    expected[0, [0, 1], [0, 1]] = right
    expected[0, [0, 1], [1, 0]] = wrong
    counts = (right + wrong)[None]
    return anchors.anchored_precision(expected, counts, balance, anchor=anchor, strength=strength)[0]


def test_few_votes_move_the_anchor_little_and_many_move_it_to_the_data():
    assert precision([0, 0], [0, 0]).tolist() == pytest.approx([0.8, 0.8])
    assert precision([0, 1], [0, 1])[1] == pytest.approx(0.8, abs=0.01)
    assert precision([0, 6000], [0, 4000])[1] == pytest.approx(0.6, abs=0.003)


def test_the_votes_for_another_class_move_the_prior():
    alone, beside = precision([0, 0], [0, 0]), precision([9000, 0], [0, 0])
    assert alone[1] == pytest.approx(0.8)
    assert beside[1] == pytest.approx(0.99)


def test_a_vote_never_counts_against_its_own_class():
    low, high = precision([0, 0], [9000, 0], strength=1.0)[0], precision([9000, 0], [0, 0])[0]
    assert (low, high) == pytest.approx((0.51, 0.99))
    balance = np.array([0.95, 0.05])
    evidence = anchors.precision_evidence(precision([0, 10], [9000, 90], balance)[None], balance)[0]
    assert (np.diag(evidence) > 0).all()
    assert (evidence[[0, 1], [1, 0]] < 0).all()


def test_evidence_is_bayes_rule():
    balance = np.array([0.2, 0.3, 0.5])
    evidence = anchors.precision_evidence(np.array([[0.9, 0.8, 0.7]]), balance)[0]
    for vote, a in enumerate([0.9, 0.8, 0.7]):
        joint = balance * np.exp(evidence[vote])
        assert joint.sum() == pytest.approx(1)
        assert joint[vote] == pytest.approx(a)


def test_confusion_rows_come_from_the_data_where_there_is_much_and_from_the_precisions_where_not():
    table = np.array([[[0.9, 0.5], [0.1, 0.5]]])  # vote x truth
    counts = table.sum(axis=2) * 5000
    evidence = anchors.confusion_evidence(table * 5000, counts, np.array([[0.8, 0.8]]), UNIFORM, strength=10)
    assert evidence[0, 1, 1] - evidence[0, 1, 0] == pytest.approx(np.log(5), abs=0.01)
    little = anchors.confusion_evidence(table * 0.1, counts * 0 + 50, np.array([[0.8, 0.8]]), UNIFORM, strength=10)
    assert little[0, 1, 1] - little[0, 1, 0] == pytest.approx(np.log(4), abs=0.05)
