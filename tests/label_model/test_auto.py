import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.errors import LabelModelError
from labelmill.label_model import Auto, MajorityVote, load


def accuracy(model, L, truth):
    return (model.predict(L) == truth).mean()


def f1(probs, truth):
    """Of class 1; a tie counts half."""
    wins = np.where(np.isclose(probs[:, 1], 0.5, atol=1e-9), 0.5, probs[:, 1] > 0.5)
    return 2 * wins[truth == 1].sum() / (wins.sum() + (truth == 1).sum())


def test_copies_of_a_bad_source_do_not_win(make_votes):
    L, truth = make_votes(0, 5000, [0.9, 0.85, 0.8, 0.6], coverage=1)
    L = np.hstack([L, *[L[:, 3:]] * 5])
    assert accuracy(MajorityVote(cardinality=2).fit(L), L, truth) < 0.65
    assert accuracy(Auto(cardinality=2).fit(L), L, truth) >= 0.92


def test_copies_of_an_adversary_cost_next_to_nothing(make_votes):
    good, truth = make_votes(1, 5000, [0.8] * 10, coverage=1)
    rng = np.random.default_rng(2)
    bad = np.where(rng.random(5000) < 0.3, truth, 1 - truth)[:, None].astype(np.int8)
    L = np.hstack([good, *[bad] * 8])
    alone = accuracy(Auto(cardinality=2).fit(good), good, truth)
    assert accuracy(Auto(cardinality=2).fit(L), L, truth) >= alone - 0.02


@pytest.mark.parametrize("seed", range(20))
def test_a_rare_class_is_not_inflated(seed):
    rng = np.random.default_rng(seed)
    n = 5000
    truth = (rng.random(n) < 0.05).astype(int)
    L = np.full((n, 8), -1, dtype=np.int8)
    for j in range(6):
        often = rng.uniform(0.3, 0.6)
        seldom = often * 0.05 / 0.95 * rng.uniform(0.2, 1)
        L[rng.random(n) < np.where(truth == 1, often, seldom), j] = 1
    for j in (6, 7):
        L[rng.random(n) < np.where(truth == 0, rng.uniform(0.4, 0.7), rng.uniform(0.05, 0.2)), j] = 0
    covered = (L >= 0).any(axis=1)
    ours, votes = (kind(cardinality=2).fit(L).predict_proba(L)[covered] for kind in (Auto, MajorityVote))
    assert f1(ours, truth[covered]) >= f1(votes, truth[covered])


def test_workers_who_are_worse_than_chance_are_heard_the_other_way_round_only_by_the_pool(make_votes):
    L, truth = make_votes(3, 3000, [0.9, 0.85, 0.85, 0.8, 0.3, 0.3], coverage=1)
    model = Auto(cardinality=2).fit(L)
    assert accuracy(model, L, truth) > accuracy(MajorityVote(cardinality=2).fit(L), L, truth)
    assert model.diagnostics_["worse_than_chance"] == ["lf_4", "lf_5"]
    unanimous = np.tile([[1], [0]], (1, 6))
    assert model.predict(unanimous).tolist() == [1, 0]


def test_it_says_what_decided(make_votes):
    L, _ = make_votes(4, 500, [0.8, 0.7, 0.9])
    decided_by = Auto(cardinality=2).fit(L).diagnostics_["decided_by"]
    assert decided_by == "agreement with the majority, covariances and the votes"
    few = Auto(cardinality=2).fit(L[:, :2])
    assert few.diagnostics_["decided_by"] == few.diagnostics_["fallback"] == "majority vote"
    assert few.diagnostics_["warnings"]


def test_votes_that_are_independent_are_taken_at_their_word(stress):
    sample = stress.one_class_rules()
    model = Auto(cardinality=2).fit(sample.L)
    assert model.diagnostics_["trust"] > 0.9
    rows = sample.covered
    loss = -np.log(model.predict_proba(sample.L)[rows, sample.truth[rows]]).mean()
    assert loss <= 0.036


def test_rules_that_fire_together_on_long_texts_are_not(make_rules):
    L, _ = make_rules(0, n=20_000)
    model = Auto(cardinality=2).fit(L)
    assert model.diagnostics_["trust"] == 0
    assert model.diagnostics_["misfit"][0] > 2.5


def test_covariances_that_explain_nothing_are_not_heard(stress):
    sample = stress.rare_positives()  # with a balance that is far off, no tables explain them
    assert Auto(cardinality=2).fit(sample.L).diagnostics_["decided_by"] == "agreement with the majority and the votes"
    given = Auto(cardinality=2, class_balance=(0.95, 0.05)).fit(sample.L)
    assert "covariances" in given.diagnostics_["decided_by"]


@pytest.mark.parametrize("n", [800, 20_000])  # few rows: cautious; many independent ones: at its word
def test_contributions_sum_to_the_posterior(make_votes, n):
    L, _ = make_votes(5, n, [0.8, 0.7, 0.9, 0.6], cardinality=3)
    model = Auto(cardinality=3).fit(L)
    covered = model.covered(L)
    total = model.explain(L).sum(axis=1)[covered]
    log_probs = np.log(model.predict_proba(L)[covered])
    gap = total - log_probs
    assert np.abs(gap - gap.mean(axis=1, keepdims=True)).max() < 1e-9


def test_it_is_stored_and_read_back(tmp_path, make_votes):
    L, _ = make_votes(6, 500, [0.8, 0.7, 0.9])
    model = Auto(cardinality=2).fit(L)
    model.save(tmp_path / "m")
    assert (load(tmp_path / "m").predict_proba(L) == model.predict_proba(L)).all()


def test_gold_turns_a_majority_of_adversaries(make_votes):
    L, truth = make_votes(7, 4000, [0.25] * 5 + [0.8] * 2, coverage=1)
    gold = np.full(4000, -1)
    gold[:500] = truth[:500]
    without = accuracy(Auto(cardinality=2).fit(L), L, truth)
    assert without < 0.5 < accuracy(Auto(cardinality=2).fit(L, gold=gold), L, truth)


@pytest.mark.parametrize("weight", [-0.1, 1, 2])
def test_a_weight_that_is_none_is_refused(weight, make_votes):
    L, _ = make_votes(8, 100, [0.8, 0.7, 0.9])
    with pytest.raises(LabelModelError, match="majority_weight"):
        Auto(cardinality=2, majority_weight=weight).fit(L)


@pytest.mark.parametrize("m", [2, 6])  # two: too few to learn from
def test_whole_numbers_added_on_vectors_give_what_floats_do(make_votes, m):
    L, _ = make_votes(9, 3000, [0.9, 0.8, 0.7, 0.6, 0.75, 0.65][:m], coverage=0.4)
    model = Auto(cardinality=2).fit(L)
    sparse = sp.csr_array((L + 1).astype(np.int64))
    assert np.abs(model.predict_proba(L) - model.predict_proba(sparse)).max() < 1e-12


@pytest.mark.parametrize("share", [0.3, 0.1, 0.03])
@pytest.mark.parametrize("cardinality", [2, 3])
def test_unequal_classes_that_nobody_named_do_not_mislead_where_voters_show_them(make_votes, cardinality, share):
    balance = [1 - share, *[share / (cardinality - 1)] * (cardinality - 1)]
    accuracies = [0.9, 0.85, 0.8, 0.75, 0.7, 0.85, 0.65, 0.75]
    L, truth = make_votes(11, 4000, accuracies, cardinality=cardinality, balance=balance)
    rows = (L >= 0).any(axis=1)
    ours, votes = (kind(cardinality=cardinality).fit(L) for kind in (Auto, MajorityVote))
    assert ours.diagnostics_["trust"] == 0  # the fit is good, its balance is not
    assert accuracy(ours, L[rows], truth[rows]) >= accuracy(votes, L[rows], truth[rows])
