"""`Auto` on soft votes: what their weights say is heard, and learned no worse than from the heaviest classes."""

import numpy as np
import pandas as pd
import pytest

from labelmill.arrays import Votes
from labelmill.label_model import Auto, MajorityVote


def soft_votes(cardinality, clarities, boldness, n=1500, seed=0):
    """Sources that see the class through noise, and what they believe: calibrated where they are not bold."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, cardinality, n)
    L, parts = np.empty((n, len(clarities)), np.int8), []
    for j, (clarity, bold) in enumerate(zip(clarities, boldness, strict=True)):
        scale = clarity / np.sqrt(2)
        seen = scale * np.eye(cardinality)[truth] + rng.normal(size=(n, cardinality))
        weights = np.exp(bold * scale * (seen - seen.max(axis=1, keepdims=True)))
        weights /= weights.sum(axis=1, keepdims=True)
        L[:, j] = weights.argmax(axis=1)
        rows, classes = np.nonzero(weights)
        parts.append(pd.DataFrame({"row": rows, "lf": j, "class": classes, "weight": weights[rows, classes]}))
    return Votes(L, pd.concat(parts, ignore_index=True)), truth


def accuracy(model, votes, truth):
    return (model.fit(votes).predict_proba(votes).argmax(axis=1) == truth).mean()


@pytest.mark.parametrize("cardinality", [2, 3])
@pytest.mark.parametrize(
    ("clarities", "boldness"),
    [
        ((0.6, 1.0, 1.4, 1.8, 2.2), (1, 1, 1, 1, 1)),
        ((1.8, 1.8, 1.8, 0.8, 0.8, 0.8), (1, 1, 1, 4, 4, 4)),
        ((0.6, 1.0, 1.2, 1.4, 1.8, 2.2), (0.3,) * 6),
    ],
    ids=["calibrated", "half too bold", "too modest"],
)
def test_no_worse_than_their_majority_and_than_their_heaviest_classes(cardinality, clarities, boldness):
    votes, truth = soft_votes(cardinality, clarities, boldness)
    found = accuracy(Auto(cardinality=cardinality), votes, truth)
    hard = accuracy(Auto(cardinality=cardinality), votes.L, truth)
    majority = accuracy(MajorityVote(cardinality=cardinality), votes, truth)
    assert found >= max(hard, majority) - 0.01
    assert found > hard + 0.02


def test_bold_ones_are_believed_less():
    votes, _ = soft_votes(2, (1.4, 1.4, 1.4, 1.4), (1, 1, 1, 6))
    scale = Auto(cardinality=2).fit(votes).soft_scale_
    assert scale[3] < 0.5 * scale[:3].min()


def test_hard_votes_have_no_scale_and_sure_soft_votes_are_hard_ones():
    votes, _ = soft_votes(3, (1.0, 1.4, 1.8, 2.2), (1, 1, 1, 1))
    L = votes.L
    rows = np.arange(len(L))
    sure = Votes(L, pd.DataFrame({"row": rows, "lf": 0, "class": L[:, 0], "weight": 1.0}))
    plain = Auto(cardinality=3).fit(L)
    assert not plain.soft_scale_.any()
    assert (Auto(cardinality=3).fit(sure).predict_proba(sure) == plain.predict_proba(L)).all()


def test_contributions_sum_to_the_posterior_and_survive_saving(tmp_path):
    votes, _ = soft_votes(3, (1.0, 1.4, 1.8), (1, 3, 1), n=300)
    model = Auto(cardinality=3).fit(votes)
    probs = model.predict_proba(votes)
    scores = model.explain(votes).sum(axis=1) + np.log(model.class_balance_)
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert np.allclose(scores / scores.sum(axis=1, keepdims=True), probs)
    model.save(tmp_path / "model")
    assert (Auto.load(tmp_path / "model").predict_proba(votes) == probs).all()


def test_a_set_of_classes_speaks_against_the_others():
    votes, truth = soft_votes(3, (1.4, 1.8, 1.8, 2.2), (1, 1, 1, 1))
    weights = votes.soft.pivot_table(index=["row", "lf"], columns="class", values="weight", fill_value=0.0)
    pair = weights.rank(axis=1, ascending=False) <= 2
    sets = pair.stack().loc[lambda kept: kept].reset_index().drop(columns=0).assign(weight=0.5)
    assert accuracy(Auto(cardinality=3), Votes(votes.L, sets), truth) > 0.7
