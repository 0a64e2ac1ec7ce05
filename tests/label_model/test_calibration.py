"""Gold rows set one temperature; decisions stay as they are."""

import numpy as np
import pytest

from labelmill.label_model import Auto, LabelModel, MajorityVote, Moments, WeightedVote, load, make
from labelmill.label_model.calibration import temperature


def rows_of(confidence, n=100):
    """Log-probabilities of n rows, each sure of class 0 to this share, up to a constant."""
    return np.log([[confidence, 1 - confidence]] * n) + 3.0


def told(truth, n, seed=0):
    """Gold of n rows, -1 elsewhere."""
    gold = np.full(len(truth), -1)
    rows = np.random.default_rng(seed).choice(len(truth), n, replace=False)
    gold[rows] = truth[rows]
    return gold


def gap(probs, truth):
    """Mean confidence minus share of right rows."""
    return probs.max(axis=1).mean() - (probs.argmax(axis=1) == truth).mean()


@pytest.mark.parametrize("confidence", [0.6, 0.8, 0.95, 0.999])
@pytest.mark.parametrize("right", [0.55, 0.75, 0.9, 0.98])
def test_probabilities_move_towards_the_share_that_is_right(confidence, right):
    truth = (np.arange(1000) >= 1000 * right).astype(int)
    t = temperature(rows_of(confidence, 1000), truth)
    if abs(confidence - right) > 1e-3:
        assert (t > 1) == (confidence > right)
    after = 1 / (1 + np.exp(-np.log(confidence / (1 - confidence)) / t))
    assert abs(after - right) <= 0.6 * abs(confidence - right) + 1e-3
    assert min(confidence, right) - 1e-3 <= after <= max(confidence, right) + 1e-3


def test_few_rows_move_it_little_and_none_not_at_all():
    few, many = (temperature(rows_of(0.7, n), np.zeros(n, int)) for n in (5, 500))
    assert many < few < 1
    assert few > 0.8
    assert temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1


def test_it_does_not_depend_on_the_order_of_rows_and_classes():
    rng = np.random.default_rng(0)
    log_probs, truth = rng.normal(0, 3, (200, 4)), rng.integers(0, 4, 200)
    rows, classes = rng.permutation(200), rng.permutation(4)
    moved = temperature(log_probs[rows][:, classes], np.argsort(classes)[truth][rows])
    assert moved == pytest.approx(temperature(log_probs, truth), abs=1e-6)


def test_without_gold_nothing_is_changed(kind, make_votes):
    L, _ = make_votes(0, 600, [0.9, 0.8, 0.7, 0.6], cardinality=3)
    balance = (0.5, 0.3, 0.2)
    model = make(kind, cardinality=3, class_balance=balance).fit(L)
    nothing_known = make(kind, cardinality=3, class_balance=balance).fit(L, gold=np.full(600, -1))
    assert model.temperature_ == nothing_known.temperature_ == 1
    rows = model.covered(L)
    votes = next(model._blocks(L)).encoded
    scores = np.log(model.class_balance_) + model._log_likelihood(votes)[rows]
    untouched = np.exp(scores - scores.max(axis=1, keepdims=True))
    untouched /= untouched.sum(axis=1, keepdims=True)
    assert np.abs(model.predict_proba(L)[rows] - untouched).max() < 1e-12
    assert (nothing_known.predict_proba(L) == model.predict_proba(L)).all()
    assert (model.explain(L) == model._contributions(votes)).all()


def test_explanations_sum_to_the_posterior_at_any_temperature(kind, make_votes):
    L, truth = make_votes(1, 800, [0.9, 0.8, 0.7, 0.6], cardinality=3)
    model = make(kind, cardinality=3, class_balance=(0.5, 0.3, 0.2)).fit(L, gold=told(truth, 100))
    model.temperature_ = np.array(1.7)
    total = np.log(model.class_balance_) + model.explain(L).sum(axis=1)
    rest = total - np.log(model.predict_proba(L))
    assert np.abs(rest - rest[:, :1]).max() < 1e-6


def test_gold_corrects_probabilities_that_are_too_sure_and_not_sure_enough(make_votes):
    misled, seeming = make_votes(2, 3000, [0.9, 0.9, 0.85, 0.8], coverage=0.6)
    truth = np.where(np.random.default_rng(0).random(3000) < 0.3, 1 - seeming, seeming)  # all err together
    strong, other = make_votes(3, 3000, [0.95, 0.95, 0.9, 0.9, 0.85], coverage=0.6)
    for L, y, too_sure in ((misled, truth, True), (strong, other, False)):
        gold = told(y, 100)
        unseen = (gold < 0) & (L >= 0).any(axis=1)
        without, having = (Auto(cardinality=2).fit(L, gold=g) for g in (None, gold))
        before, after = (gap(model.predict_proba(L[unseen]), y[unseen]) for model in (without, having))
        assert (having.temperature_ > 1) == (before > 0) == too_sure
        assert abs(after) < abs(before)


def test_stored_and_read_back(kind, make_votes, tmp_path):
    L, truth = make_votes(4, 500, [0.9, 0.8, 0.7, 0.6])
    model = make(kind, cardinality=2).fit(L, gold=told(truth, 80))
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.temperature_ == model.temperature_ != 1
    assert (again.predict_proba(L) == model.predict_proba(L)).all()


def test_models_that_were_stored_before_there_was_a_temperature_can_be_read(kind, make_votes, tmp_path):
    L, _ = make_votes(5, 300, [0.9, 0.8, 0.7])
    model = make(kind, cardinality=2).fit(L)
    expected = model.predict_proba(L)
    for name in [name for name in vars(model) if name == "temperature_" or name.startswith("gold_")]:
        if name not in ("gold_votes_", "gold_rows_"):  # these were there
            delattr(model, name)
    model.save(tmp_path / "old")
    assert "temperature_" not in np.load(tmp_path / "old" / "state.npz").files
    again = load(tmp_path / "old")
    assert (again.predict_proba(L) == expected).all()
    assert again.explain(L).shape == (300, 3, 2)


def test_gold_on_rows_without_votes_says_nothing_about_probabilities(kind, make_votes):
    L, truth = make_votes(6, 500, [0.9, 0.8, 0.7], coverage=0.3)
    silent = (L < 0).all(axis=1)
    model = make(kind, cardinality=2).fit(L, gold=np.where(silent, truth, -1))
    assert model.temperature_ == 1
    assert np.isfinite(model.predict_proba(L)).all()


def test_gold_of_one_class_only(kind, make_votes):
    L, truth = make_votes(7, 2000, [0.9, 0.8, 0.75, 0.7], coverage=0.8)
    gold = np.where((np.arange(2000) < 80) & (truth == 1), 1, -1)
    model = make(kind, cardinality=2).fit(L, gold=gold)
    assert 0.3 < model.temperature_ < 10
    preds = model.predict(L)
    assert ((preds == truth).sum() / (preds >= 0).sum()) > 0.75
    assert (preds == 0).any()


def test_permuted_votes_with_gold_give_permuted_answers(kind, make_votes):
    L, truth = make_votes(8, 700, [0.9, 0.8, 0.7, 0.6, 0.65], cardinality=3)
    gold = told(truth, 60)
    rng = np.random.default_rng(1)
    rows, lfs, classes = (rng.permutation(size) for size in (700, 5, 3))
    place = np.append(np.argsort(classes), -1)
    probs = make(kind, cardinality=3).fit(L, gold=gold).predict_proba(L)
    moved = place[L[rows][:, lfs]]
    model = make(kind, cardinality=3).fit(moved, gold=place[gold[rows]])
    assert np.abs(model.predict_proba(moved) - probs[rows][:, classes]).max() <= 1e-6


def test_a_majority_of_adversaries_is_seen_with_20_gold_rows(make_votes):
    for seed in range(20):
        L, truth = make_votes(seed, 2000, [0.3] * 6 + [0.8] * 4, coverage=1)
        gold = told(truth, 20, seed)
        assert (Auto(cardinality=2).fit(L).predict(L) == truth).mean() < 0.6
        assert (Auto(cardinality=2).fit(L, gold=gold).predict(L) == truth).mean() > 0.9


def test_moment_models_remember_their_gold_rows_soft_votes_among_them(make_votes, tmp_path):
    import pandas as pd

    from labelmill.arrays import Votes

    L, truth = make_votes(9, 900, [0.9, 0.8, 0.7, 0.6])
    gold = told(truth, 150)
    rows, lfs = np.nonzero(L[:300] >= 0)
    soft = pd.DataFrame(
        {"row": np.repeat(rows, 2), "lf": np.repeat(lfs, 2), "class": np.tile([0, 1], len(rows))}
    ).assign(weight=lambda t: np.where(t["class"] == L[t["row"], t["lf"]], 0.75, 0.25))
    first = Votes(L[:300], soft)
    model = WeightedVote(cardinality=2).fit(first, gold=gold[:300]).partial_fit(L[300:], gold=gold[300:])
    model.save(tmp_path / "model")
    back = load(tmp_path / "model").forget(first, gold=gold[:300])
    only = WeightedVote(cardinality=2).fit(L[300:], gold=gold[300:])
    assert back.temperature_ == only.temperature_ != model.temperature_
    more = model.partial_fit(Moments.of(L[:50], 2))  # without gold: the temperature is learned anew all the same
    assert more.temperature_ != 1
    assert isinstance(more, LabelModel)


def test_majority_vote_keeps_its_order_and_its_ties(make_votes):
    L, truth = make_votes(10, 1000, [0.8, 0.7, 0.6], coverage=0.8)
    without, having = (MajorityVote(cardinality=2).fit(L, gold=g) for g in (None, told(truth, 100)))
    assert having.temperature_ > 1  # unanimous is not certain
    assert (without.predict(L) == having.predict(L)).all()
