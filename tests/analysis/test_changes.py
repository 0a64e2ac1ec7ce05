"""What an edit changed: every row is counted once, in the right kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelmill.analysis.changes import compare_decisions, compare_votes
from labelmill.errors import DataError

votes = arrays(np.int8, 12, elements=st.integers(-1, 2))


@given(votes, votes)
def test_counts_add_up(was, now):
    found = compare_votes((was[:, None], ["a"]), (now[:, None], ["a"]), samples=12, seed=0)
    changed = np.flatnonzero(was != now)
    assert sorted(s.position for change in found for s in change.samples) == changed.tolist()
    if found:
        (change,) = found
        assert change.after - change.before == change.gained - change.lost
        assert change.gained + change.lost + change.flipped == len(changed)


@given(votes, votes)
def test_the_way_back_swaps_gained_and_lost(was, now):
    there = compare_votes((was[:, None], ["a"]), (now[:, None], ["a"]), samples=0, seed=0)
    back = compare_votes((now[:, None], ["a"]), (was[:, None], ["a"]), samples=0, seed=0)
    assert [(c.gained, c.lost, c.flipped) for c in there] == [(c.lost, c.gained, c.flipped) for c in back]


def test_new_and_gone_in_whatever_order_the_columns_are():
    before = np.array([[0, 1], [-1, 1]], dtype=np.int8), ["a", "b"]
    after = np.array([[1, -1], [1, 0]], dtype=np.int8), ["b", "c"]
    found = compare_votes(before, after, samples=1, seed=0)
    assert {c.name: (c.state, c.gained, c.lost) for c in found} == {"a": ("gone", 0, 1), "c": ("new", 1, 0)}


def test_other_rows_cannot_be_compared():
    with pytest.raises(DataError, match="on 2 rows"):
        compare_votes((np.zeros((2, 1)), ["a"]), (np.zeros((3, 1)), ["a"]), samples=0, seed=0)


class TestDecisions:
    def test_mended_and_broken(self):
        gold = np.array([0, 0, 1, 1, -1])
        found = compare_decisions(np.array([1, 0, 1, -1, 0]), np.array([0, 0, 0, 1, 1]), gold)
        assert (found.rows, found.right_before, found.right_after, found.mended, found.broken) == (4, 2, 3, 2, 1)
        assert found.p_value == 1.0

    def test_a_clear_change_is_told_from_chance(self):
        gold = np.zeros(20, dtype=int)
        assert compare_decisions(np.ones(20, dtype=int), gold, gold).p_value < 1e-4

    def test_no_gold_no_answer(self):
        assert compare_decisions(np.array([0]), np.array([1]), np.array([-1])) is None
