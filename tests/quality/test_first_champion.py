import json

import numpy as np
import pytest

from labelmill.params import PromoteParams
from labelmill.quality.first_champion import judge_first

CLASSES = ("ham", "spam")


def probs(gold, share_right, seed):
    """Decisions that are right on about this share of rows, each class alike."""
    right = np.random.default_rng(seed).random(len(gold)) < share_right
    said = np.where(right, gold, 1 - gold)
    return np.eye(2)[said] * 0.8 + 0.1


def decide(gold, challenger, rival, **params):
    return judge_first(
        gold,
        challenger=challenger,
        majority_vote=rival,
        always=np.tile([1.0, 0.0], (len(gold), 1)),
        params=PromoteParams(bootstrap_samples=200, **params),
        seed=1,
        classes=CLASSES,
    )


GOLD = (np.random.default_rng(0).random(300) < 0.3).astype(np.int64)


def test_a_better_model_is_promoted_with_reasons_and_numbers():
    decision = decide(GOLD, probs(GOLD, 0.95, 1), probs(GOLD, 0.8, 2))
    assert decision.promote
    assert len(decision.reasons) == 2
    assert "of majority_vote" in decision.reasons[0]
    assert "of always_ham" in decision.reasons[1]
    assert "95 % between" in decision.reasons[0]
    assert decision.numbers["always_ham"]["value"] == 0.5
    assert decision.numbers["differences"]["challenger-majority_vote"]["low"] > 0
    json.dumps(decision.numbers, allow_nan=False)


def test_a_class_without_gate_rows_is_told():
    gold, classes = GOLD[:100], (*CLASSES, "news")
    known = np.pad(probs(gold, 0.95, 1), ((0, 0), (0, 1)))
    always = np.tile([1.0, 0.0, 0.0], (100, 1))
    some = PromoteParams(bootstrap_samples=100)
    found = judge_first(
        gold, challenger=known, majority_vote=always, always=always, params=some, seed=1, classes=classes
    )
    assert found.promote
    assert found.reasons[-1] == "no gate row is of class news: whether the model knows it was not judged"


def test_a_worse_one_is_not():
    decision = decide(GOLD, probs(GOLD, 0.7, 1), probs(GOLD, 0.9, 2))
    assert not decision.promote
    assert "does not beat" in decision.reasons[0]
    assert "beats" in decision.reasons[1]


def test_an_equal_one_is_not():
    same = probs(GOLD, 0.9, 1)
    assert not decide(GOLD, same, same).promote


def test_always_the_first_class_must_be_beaten_too():
    useless = np.tile([0.9, 0.1], (len(GOLD), 1))
    assert not decide(GOLD, useless, probs(GOLD, 0.3, 2)).promote


def test_the_margin_counts():
    better, worse = probs(GOLD, 0.92, 1), probs(GOLD, 0.85, 2)
    gain = decide(GOLD, better, worse).numbers["differences"]["challenger-majority_vote"]["value"]
    assert decide(GOLD, better, worse, margin=gain - 0.001).promote
    refused = decide(GOLD, better, worse, margin=gain + 0.001)
    assert not refused.promote
    assert "by more than" in refused.reasons[0]


def test_uncovered_rows_count_half_for_majority_vote():
    undecided = np.full((len(GOLD), 2), 0.5)
    assert decide(GOLD, probs(GOLD, 0.9, 1), undecided).numbers["majority_vote"]["value"] == 0.5


@pytest.mark.parametrize("gold", [np.zeros(5, dtype=np.int64), np.zeros(0, dtype=np.int64)])
def test_gold_of_one_class_tells_nothing(gold):
    decision = decide(gold, probs(gold, 1, 1), probs(gold, 0, 2))
    assert not decision.promote
    assert "fewer than two classes" in decision.reasons[0]
    json.dumps(decision.numbers, allow_nan=False)
