import numpy as np
import pytest

from labelmill.label_model import trust


def test_a_model_that_fits_many_rows_is_taken_at_its_word_and_one_that_does_not_is_not():
    assert trust.at_its_word((1.0, 0.0), 1e9) == pytest.approx(1, abs=1e-5)
    assert trust.at_its_word((trust.FITS[1], 0.0), 1e9) == 0
    assert trust.at_its_word((1.0, trust.EXPLAINS[1]), 1e9) == 0
    assert trust.at_its_word((1.0, 0.0), 0) == 0


@pytest.mark.parametrize("better", [((1.4, 0.2), 500), ((1.6, 0.1), 500), ((1.6, 0.2), 5000)])
def test_a_better_fit_and_more_rows_are_trusted_more(better):
    assert trust.at_its_word(*better) > trust.at_its_word((1.6, 0.2), 500) > 0


def test_covariances_count_less_the_less_they_explain_and_the_more_gold_there_is():
    by_fit = [trust.share((9.0, unexplained), 0) for unexplained in (-0.1, 0.5, 0.6, 0.7)]
    assert by_fit == sorted(by_fit, reverse=True)
    assert (by_fit[0], by_fit[-1]) == (0.5, 0)
    assert trust.share((9.0, 0.0), 25) == pytest.approx(by_fit[0] / 2)


def test_a_balance_that_voters_contradict_is_not_believed_and_rules_cannot_contradict_it():
    even, uneven = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    assert trust.balanced(even, np.array([0.52, 0.48]), voters=1.0) == 1
    assert trust.balanced(even, uneven, voters=1.0) == 0
    assert trust.balanced(even, uneven, voters=0.0) == 1
    assert trust.balanced(even, uneven, voters=0.25) == pytest.approx(0.75)
