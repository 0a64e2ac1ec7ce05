import numpy as np
import pytest
from scipy.stats import norm

from labelmill.quality.drift.shares import UNIT, Shares, signed_root, units


def root(hits, base, known_hits, known_base):
    sides = [Shares(np.array([float(a)]), np.array([float(b)])) for a, b in ((hits, base), (known_hits, known_base))]
    return float(signed_root(*sides)[0])


def test_equal_shares_are_not_apart():
    assert root(30, 100, 300, 1000) == 0
    assert root(0, 100, 0, 1000) == 0
    assert root(100, 100, 1000, 1000) == 0


def test_an_empty_base_tells_nothing():
    assert root(0, 0, 300, 1000) == 0
    assert root(30, 100, 0, 0) == 0


def test_the_sign_is_that_of_the_change_and_zero_counts_need_no_excuse():
    assert root(0, 2000, 1000, 20_000) < -10
    assert root(100, 2000, 0, 20_000) > 10


@pytest.mark.parametrize("share", [0.002, 0.03, 0.5])
def test_without_a_change_it_is_about_standard_normal(share):
    rng = np.random.default_rng(1)
    window = Shares(rng.binomial(2000, share, 20_000).astype(float), np.full(20_000, 2000.0))
    known = Shares(rng.binomial(20_000, share, 20_000).astype(float), np.full(20_000, 20_000.0))
    beyond = (np.abs(signed_root(window, known)) > norm.isf(0.0025)).mean()
    assert beyond < 0.008


def test_sums_of_units_are_exact_in_any_order():
    values = units(np.random.default_rng(2).random(50_000))
    assert values.sum() == values[::-1].sum() == sum(values.tolist())
    assert (values % UNIT == 0).all()
