import numpy as np
import pytest

from labelmill.label_model import class_mass
from labelmill.label_model.posteriors import posterior

UNIFORM = np.array([0.5, 0.5])


def test_the_target_lies_between_majority_vote_and_balance():
    led = np.eye(2)[[0] * 10_000]
    led[:4000] = [0, 1]
    ones = np.ones(10_000)
    assert class_mass.target(led, ones, UNIFORM, majority_share=1)[1] == pytest.approx(0.4, abs=1e-3)
    half = class_mass.target(led, ones, UNIFORM, majority_share=0.5)
    assert half[1] / half[0] == pytest.approx((4 / 6) ** 0.5, rel=1e-3)  # half way in log-odds
    led[:4800] = [0, 1]
    assert class_mass.target(led, ones, UNIFORM, majority_share=0)[1] == pytest.approx(0.5)


def test_a_rare_class_stays_rare():
    led = np.eye(2)[[0] * 10_000]
    led[:500] = [0, 1]
    for share in (0, 0.5):
        assert 0.05 < class_mass.target(led, np.ones(10_000), UNIFORM, majority_share=share)[1] < 0.2


def test_rows_count_as_often_as_they_stand_for():
    led = np.eye(2)[[0, 1]]
    assert class_mass.target(led, np.array([300.0, 100.0]), UNIFORM, majority_share=1)[1] == pytest.approx(
        0.25, abs=1e-2
    )


def test_the_bias_brings_the_mass_to_the_target():
    scores = np.random.default_rng(0).normal(size=(500, 3)) * 2
    wished = np.array([0.7, 0.2, 0.1])
    bias = class_mass.tie(scores, np.ones(500), wished, np.zeros(3))
    assert posterior(scores + bias).mean(axis=0) == pytest.approx(wished, abs=1e-6)
    assert bias.sum() == pytest.approx(0)


def test_a_class_without_target_is_left_alone():
    scores = np.random.default_rng(0).normal(size=(500, 3))
    bias = class_mass.tie(scores, np.ones(500), np.array([0.8, 0.2, 0.0]), np.zeros(3))
    mass = posterior(scores + bias).mean(axis=0)
    assert bias[2] == 0
    assert mass[0] / mass[1] == pytest.approx(4, rel=1e-5)


def test_the_bias_is_held_back_where_all_votes_agree():
    scores = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 8.0]])
    share = class_mass.held_back(scores, np.array([2.0, -2.0]), np.array([1, -1, 0, 1]))
    assert share.tolist() == [0.125, 1, 1, 1]
    assert (scores + share[:, None] * np.array([2.0, -2.0])).argmax(axis=1).tolist() == [1, 0, 0, 1]
