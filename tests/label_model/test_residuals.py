import numpy as np
import pytest

from labelmill.label_model import Moments
from labelmill.label_model.residuals import of_rules, of_voters


def test_voters_are_compared_where_both_vote_and_rules_by_where_they_fire(make_votes):
    L, _ = make_votes(0, 4000, [0.8, 0.7, 0.75, 0.8], coverage=0.5)
    L[:, 2:] = np.where(L[:, 2:] == 1, 1, -1)
    pairs, n = Moments.of(L, 2).meetings
    voters, rules = of_voters(pairs, 2), of_rules(pairs, n, 2)
    both = (L[:, 0] >= 0) & (L[:, 1] >= 0)
    assert np.argwhere(np.triu(voters.usable)).tolist() == [[0, 1]]
    assert voters.found[0, 1] == pytest.approx((L[both, 0] == L[both, 1]).mean())
    assert not voters.by_firing.any()
    assert np.argwhere(np.triu(rules.usable)).tolist() == [[0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert rules.found[2, 3] == pytest.approx(((L[:, 2] == 1) & (L[:, 3] == 1)).mean())
    assert rules.found[0, 2] == pytest.approx(((L[:, 0] == 1) & (L[:, 2] == 1)).mean())
    assert rules.most[2, 3] == pytest.approx(min((L[:, 2] == 1).mean(), (L[:, 3] == 1).mean()))
    assert np.argwhere(rules.by_firing & rules.usable).tolist() == [[2, 3], [3, 2]]


@pytest.mark.parametrize("unipolar", [False, True])
def test_what_is_left_of_independent_votes_is_as_large_as_its_standard_error(unipolar, stress):
    z = []
    for seed in range(10):
        L = stress.independent(unipolar=unipolar, seed=seed).L
        pairs, n = Moments.of(L, 2).meetings
        compared = of_rules(pairs, n, 2) if unipolar else of_voters(pairs, 2)
        usable = np.triu(compared.usable)
        expected, variance = compared.expected(compared.fit(compared.usable))
        z += [*((compared.found - expected) / np.sqrt(variance))[usable]]
    assert 0.7 < np.std(z) < 1.2
    assert abs(np.mean(z)) < 0.2


def test_pairs_on_few_rows_are_not_compared(make_votes):
    L, _ = make_votes(1, 400, [0.8, 0.7, 0.8], coverage=1)
    L[19:, 0] = -1
    pairs, _ = Moments.of(L, 2).meetings
    assert np.argwhere(np.triu(of_voters(pairs, 2).usable)).tolist() == [[1, 2]]
