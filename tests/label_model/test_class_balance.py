"""How frequent the classes are: only on request, with an interval that covers, and a word where nothing tells."""

import numpy as np
import pandas as pd
import pytest

from labelmill import label_model
from labelmill.errors import LabelModelError
from labelmill.label_model import Moments, VoteStream, estimate_class_balance, load, make
from labelmill.label_model.class_balance import SHARES


def told(truth, n, seed=0):
    """Gold of n rows drawn at random, -1 elsewhere."""
    gold = np.full(len(truth), -1)
    rows = np.random.default_rng(seed).choice(len(truth), n, replace=False)
    gold[rows] = truth[rows]
    return gold


def estimate(L, **more):
    return estimate_class_balance(L, **{"cardinality": 2, "shares": (), **more})


@pytest.fixture
def skewed(make_votes):
    """Votes on 3000 rows of which one in five is of class 1."""
    return make_votes(0, 3000, [0.85, 0.8, 0.75, 0.7, 0.8, 0.75], coverage=0.6, balance=(0.8, 0.2))


def test_gold_finds_the_balance_and_more_gold_narrows_it(skewed):
    L, truth = skewed
    widths = []
    for n in (20, 100, 1000):
        found = estimate(L, gold=told(truth, n))
        assert found.source == "gold"
        assert found.balance.sum() == pytest.approx(1)
        assert found.low[1] <= 0.2 <= found.high[1]
        assert (found.low < found.balance).all()
        assert (found.balance < found.high).all()
        widths.append(found.high[1] - found.low[1])
    assert widths[0] > widths[1] > widths[2]
    assert widths[2] < 0.06
    assert abs(found.balance[1] - truth.mean()) < 0.02


def test_votes_and_gold_together_tell_more_than_gold_alone(make_votes):
    far = []
    for seed in range(10):
        L, truth = make_votes(seed, 4000, [0.9] * 7, coverage=0.9, balance=(0.7, 0.3))
        gold = told(truth, 60, seed)
        both = estimate(L, gold=gold).balance[1]
        alone = (gold == 1).sum() / 60
        far.append([abs(both - truth.mean()), abs(alone - truth.mean())])
    pooled, counted = np.mean(far, axis=0)
    assert pooled < 0.6 * counted


@pytest.mark.slow
def test_the_interval_from_votes_alone_covers_the_truth(twins):
    inside = []
    for number in range(2000, 2025):  # others than those that its width was found on
        one = twins.twin(number)
        found = estimate(one.L, cardinality=one.cardinality)
        truth = one.sample.world.balance
        inside += ((found.low <= truth) & (truth <= found.high)).tolist()
    assert np.mean(inside) >= 0.9


@pytest.mark.slow
def test_the_interval_with_gold_covers_the_truth(twins):
    inside = []
    for number in range(2000, 2025):
        one = twins.twin(number)
        found = estimate(one.L, cardinality=one.cardinality, gold=told(one.sample.truth, 50, number))
        truth = one.sample.world.balance
        inside += ((found.low <= truth) & (truth <= found.high)).tolist()
    assert np.mean(inside) >= 0.9


def test_where_votes_do_not_tell_it_stays_uniform_and_says_so(skewed, make_votes):
    L, truth = skewed
    found = estimate(L, widest=0.1)
    assert found.source == "uniform"
    assert found.balance.tolist() == [0.5, 0.5]
    assert found.low[1] < 0.2 < found.high[1]  # what the votes say is told all the same
    (warning,) = found.warnings
    assert "the votes alone do not tell how frequent the classes are" in warning
    assert f"{found.low[0]:.2f} to {found.high[0]:.2f}" in warning
    even, _ = make_votes(1, 2000, [0.85, 0.8, 0.75, 0.7], coverage=0.6)
    assert "each may be as frequent as the others" in estimate(even, widest=0.9).warnings[0]
    assert "votes and gold do not tell" in estimate(L, gold=told(truth, 3), widest=0.05).warnings[0]


def test_where_votes_speak_against_equal_classes_it_follows_them(make_votes):
    L, truth = make_votes(2, 4000, [0.95] * 6, coverage=0.8, balance=(0.92, 0.08))
    found = estimate(L)
    assert (found.source, found.warnings) == ("votes", ())
    assert abs(found.balance[1] - truth.mean()) < 0.05


@pytest.mark.parametrize(
    "L",
    [np.full((6, 4), -1), np.zeros((0, 3), int), np.array([[1], [0], [-1]]), np.array([[1, 1, -1]] * 5)],
    ids=["all abstain", "no rows", "one labeling function", "one class"],
)
def test_votes_that_tell_nothing_have_a_result(L):
    found = estimate_class_balance(L, cardinality=3, shares=(0.5,))
    assert found.balance.sum() == pytest.approx(1)
    assert np.isfinite([found.balance, found.low, found.high]).all()
    assert (found.low < found.high).all()
    assert len(found.sensitivity) == 3


@pytest.mark.parametrize("n_gold", [0, 60])
def test_another_order_of_rows_lfs_and_classes_permutes_the_answer(make_votes, n_gold):
    L, truth = make_votes(3, 900, [0.85, 0.7, 0.75, 0.8, 0.6], coverage=0.5, cardinality=3, balance=(0.6, 0.3, 0.1))
    gold = told(truth, n_gold)
    rng = np.random.default_rng(4)
    rows, lfs, classes = (rng.permutation(size) for size in (900, 5, 3))
    place = np.append(np.argsort(classes), -1)
    one = estimate(L, cardinality=3, gold=gold)
    other = estimate(place[L[rows][:, lfs]], cardinality=3, gold=place[gold[rows]])
    again = estimate(L, cardinality=3, gold=gold)
    for name in ("balance", "low", "high"):
        assert np.abs(getattr(other, name) - getattr(one, name)[classes]).max() <= 1e-6
        assert (getattr(again, name) == getattr(one, name)).all()


def test_every_form_of_votes_gives_the_same(skewed):
    L, truth = skewed
    gold = told(truth, 50)
    one = estimate(L, gold=gold)
    frame = pd.DataFrame(L, columns=list("abcdef"))
    for form in (frame, VoteStream(lambda: [frame[:1000], frame[1000:]])):
        assert np.abs(estimate(form, gold=gold).balance - one.balance).max() < 1e-9


def test_the_table_says_what_depends_on_the_balance(skewed):
    L, _ = skewed
    table = estimate_class_balance(L, cardinality=2).sensitivity
    assert list(table) == ["class", "share", "changed", "mass"]
    assert len(table) == 2 * len(SHARES)
    of_1 = table[table["class"] == 1].reset_index(drop=True)
    within = of_1["share"].between(0.05, 0.8)  # beyond, covariances are not explained at all, and not heard
    assert of_1.loc[within, "mass"].is_monotonic_increasing  # the more frequent a class, the more rows it is given
    assert of_1["mass"].iloc[-1] - of_1["mass"].iloc[0] > 0.1
    assert of_1["changed"].between(0, 1).all()
    found = estimate(L)
    same = estimate_class_balance(L, cardinality=2, shares=(found.balance[1],)).sensitivity
    assert same.loc[same["class"] == 1, "changed"].item() == 0


def test_a_model_estimates_only_if_it_is_told_to(kind, skewed, tmp_path):
    L, truth = skewed
    gold = told(truth, 200)
    usual = make(kind, cardinality=2).fit(L, gold=gold)
    assert usual.class_balance_.tolist() == [0.5, 0.5]
    assert "class_balance" not in usual.diagnostics_
    model = make(kind, cardinality=2, class_balance="estimate").fit(L, gold=gold)
    found = estimate(L, gold=gold)
    assert (model.class_balance_ == found.balance).all()
    record = model.diagnostics_["class_balance"]
    assert record == {
        "balance": found.balance.tolist(),
        "low": found.low.tolist(),
        "high": found.high.tolist(),
        "source": "gold",
    }
    given = make(kind, cardinality=2, class_balance=found.balance).fit(L, gold=gold)
    assert np.abs(model.predict_proba(L) - given.predict_proba(L)).max() < 1e-9
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.class_balance == "estimate"
    assert again.diagnostics_["class_balance"] == record
    assert (again.predict_proba(L) == model.predict_proba(L)).all()


def test_a_model_passes_the_warning_on(kind):
    model = make(kind, cardinality=2, class_balance="estimate").fit(np.full((20, 4), -1))
    assert model.class_balance_.tolist() == [0.5, 0.5]
    assert model.diagnostics_["class_balance"]["source"] == "uniform"
    assert any("do not tell how frequent" in warning for warning in model.diagnostics_["warnings"])


def test_more_rows_do_not_lose_the_balance_and_moments_alone_cannot_give_it(skewed):
    L, truth = skewed
    model = label_model.WeightedVote(cardinality=2, class_balance="estimate").fit(L[:2000], gold=told(truth[:2000], 90))
    before, record = model.class_balance_.copy(), model.diagnostics_["class_balance"]
    model.partial_fit(L[2000:])
    assert (model.class_balance_ == before).all()
    assert model.diagnostics_["class_balance"] == record
    with pytest.raises(LabelModelError, match="'estimate' needs the votes"):
        label_model.WeightedVote(cardinality=2, class_balance="estimate").fit(Moments.of(L, 2))


def test_another_word_is_refused(skewed):
    with pytest.raises(LabelModelError, match=r"class_balance is 'guess': expected 2 shares .* or 'estimate'"):
        make("auto", cardinality=2, class_balance="guess").fit(skewed[0])
