"""`Auto` on soft votes: what their weights say is heard, and learned no worse than from the heaviest classes."""

import numpy as np
import pandas as pd
import pytest

from labelmill.arrays import Votes
from labelmill.label_model import Auto, MajorityVote
from labelmill.label_model.encoding import encode
from labelmill.label_model.soft_votes import as_heard


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


@pytest.mark.parametrize("setting", ["sets", "pairs", "pairs and hard votes", "sets and soft votes"])
def test_sets_are_no_worse_heard_than_by_the_majority(softness, setting):
    found, hard, majority = softness.compare(setting, cardinality=3, n=4000, seed=11)
    assert found >= max(hard, majority) - 0.005


@pytest.mark.parametrize("cardinality", [2, 3])
@pytest.mark.parametrize("setting", ["three models and two rules", "mixed"])
def test_beside_hard_votes_they_gain(softness, setting, cardinality):
    found, hard, majority = softness.compare(setting, cardinality=cardinality, n=4000, seed=11)
    assert found >= max(hard, majority) + 0.01


def test_rows_without_soft_votes_are_answered_alike_alone_and_among_others(softness):
    votes, _ = softness.draw(softness.SETTINGS["mixed"], cardinality=2, n=1000, seed=1)
    model = Auto(cardinality=2).fit(votes)
    L = np.vstack([np.ones((1, 8), np.int8), votes.L])
    among = model.predict_proba(Votes(L, votes.soft.assign(row=votes.soft["row"] + 1)))[0]
    assert np.abs(model.predict_proba(L[:1])[0] - among).max() < 1e-12


def encoded(L, rows, cardinality):
    table = pd.DataFrame(rows, columns=["row", "lf", "class", "weight"])
    return encode(np.array(L, dtype=np.int8), cardinality, table)


def test_the_heaviest_class_is_the_vote_and_a_set_is_none():
    parts = [(0, 0, 1, 0.4), (0, 0, 2, 0.6), (2, 1, 1, 0.5), (2, 1, 2, 0.5)]
    plain = encoded([[2, 0], [1, -1], [0, 1]], parts, 3).heaviest
    assert not plain.soft
    assert plain.indptr.tolist() == [0, 2, 3, 4]
    assert plain.codes.tolist() == [2, 3, 1, 0]
    assert plain.heaviest is plain


def test_weights_are_heard_as_log_odds():
    votes = encoded([[1, 1], [1, 1]], [(0, 0, 0, 0.1), (0, 0, 1, 0.9), (1, 0, 0, 0.5), (1, 0, 1, 0.5)], 2)
    heard = as_heard(votes, np.array([0.3, 0]))
    half = 0.3 * np.log(9) / 2
    assert heard.codes.tolist() == [0, 1, 3, 0, 1, 3]
    assert np.allclose(heard.weights, [0.5 - half, 0.5 + half, 1, 0.5, 0.5, 1])
    assert as_heard(votes, np.zeros(2)) is votes
