import numpy as np
import pytest

from labelmill.label_model.encoding import EncodedVotes, encode
from labelmill.label_model.gold_rows import GoldRows


def rows_of(L, truth):
    return GoldRows(encode(np.array(L, np.int8), 3), np.array(truth, np.int64))


def as_bytes(rows):
    return [part.tobytes() for part in (rows.votes.indptr, rows.votes.codes, rows.votes.weights, rows.truth)]


@pytest.fixture
def three():
    return rows_of([[0, 2, -1], [1, -1, 0], [0, 2, -1]], [0, 1, 0])


def test_the_same_rows_are_the_same_arrays_however_they_came(three):
    none = GoldRows.none(3, 3)
    at_once = none.plus(three)
    one_by_one = none
    for row in (1, 2, 0):
        one_by_one = one_by_one.plus(GoldRows(three.votes.rows(np.array([row])), three.truth[[row]]))
    assert as_bytes(at_once) == as_bytes(one_by_one)
    assert at_once.votes.per_lf.tolist() == three.votes.per_lf.tolist()
    assert sorted(at_once.truth) == [0, 0, 1]


def test_rows_are_taken_out_as_often_as_they_are_given(three):
    once = GoldRows(three.votes.rows(np.array([0])), three.truth[:1])
    left = three.minus(once)
    assert len(left.truth) == 2
    assert as_bytes(left.plus(once)) == as_bytes(GoldRows.none(3, 3).plus(three))
    assert as_bytes(three.minus(three)) == as_bytes(GoldRows.none(3, 3))


def test_equal_votes_of_another_class_are_another_row(three):
    other = rows_of([[0, 2, -1]], [2])
    assert len(three.minus(other).truth) == 3


def test_soft_votes_keep_their_weights():
    soft = EncodedVotes(np.array([0, 2]), np.array([0, 1], np.int32), 3, 2, np.array([0.75, 0.25]))
    rows = GoldRows(soft, np.array([1]))
    both = rows.plus(rows_of([[1, 2]], [0]))
    assert both.votes.weights.tolist() == [1, 1, 0.75, 0.25]
    assert not both.minus(rows).votes.soft
