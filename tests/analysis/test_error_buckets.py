"""Who was wrong on a row, and who misled."""

import numpy as np
import pytest

from labelmill.analysis.error_buckets import by_misleader, count_buckets, judge
from labelmill.errors import DataError

L = [[1, 1, 0], [0, 0, -1], [-1, -1, -1], [1, 0, -1], [1, 1, 1]]
GOLD = [0, 0, 1, 1, -1]


def test_each_row_of_gold_in_one_bucket(make_evidence):
    found = judge(make_evidence(L, GOLD), np.array([0, 1, 1, 0, 0]))
    assert [judgement.outcomes for judgement in found] == [
        ("wrong", "right"),
        ("right", "wrong"),
        ("silent", "right"),
        ("silent", "wrong"),  # a tie decides for nobody
    ]
    assert sum(count_buckets(found).values()) == 4


def test_only_a_wrong_vote_misleads(make_evidence):
    (first, *rest) = judge(make_evidence(L, GOLD), None)
    assert first.misled_by in ("lf_0", "lf_1")
    assert first.log_odds > 0
    assert all(judgement.misled_by is None for judgement in rest)
    assert list(by_misleader([first, *rest])) == [first.misled_by]
    assert first.outcomes == ("wrong", "unknown")


def test_without_gold_it_says_what_to_do(make_evidence):
    with pytest.raises(DataError, match="no row has dev gold"):
        judge(make_evidence(L), None)
