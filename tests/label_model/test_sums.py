import numpy as np
import pytest

from labelmill.label_model import sums
from labelmill.label_model.encoding import EncodedVotes, encode


def test_sums_are_those_of_numpy_in_any_order():
    rng = np.random.default_rng(0)
    L = rng.integers(-1, 2, (300, 12)).astype(np.int8)
    L[:5] = -1
    evidence = sums.rounded(rng.normal(0, 2, (12, 2, 2)))
    added = sums.of_votes(encode(L, 2), evidence, None)
    expected = np.zeros((2, 300))
    for j in range(12):
        voted = L[:, j] >= 0
        expected[:, voted] += evidence[j, L[voted, j]].T
    assert (added.evidence == expected).all()
    lfs = np.random.default_rng(1).permutation(12)
    assert (sums.of_votes(encode(L[:, lfs], 2), evidence[lfs], None).evidence == added.evidence).all()


def test_tempering_divides_by_a_power_of_the_number_of_votes():
    hard = encode(np.array([[0, 1, 1], [-1, 1, -1], [-1, -1, -1]], np.int8), 2)
    evidence = np.ones((3, 2, 2))
    tempered = sums.of_votes(hard, evidence, None).tempered(0.3)
    assert tempered == pytest.approx(np.array([[3**0.7, 1, 0]] * 2))
    half = EncodedVotes(np.array([0, 3]), np.array([0, 1, 3], np.int32), 2, 3, np.array([0.5, 0.5, 0.5]))
    assert sums.of_votes(half, evidence, None).tempered(0.3) == pytest.approx(np.full((2, 1), 1.5**0.7))


def test_rows_agree_if_all_votes_are_for_one_class_soft_ones_by_all_of_their_weight():
    codes, weights = np.array([2, 5, 2, 3, 4, 5, 8], np.int32), np.array([1, 1, 0.7, 0.3, 0.2, 0.3, 0.5])
    votes = EncodedVotes(np.array([0, 2, 4, 7, 7]), codes, 3, 3, weights)
    rows, classes = sums.of_votes(votes, np.zeros((3, 3, 3)), None).agreed()
    assert (rows.tolist(), classes.tolist()) == ([0], [2])
