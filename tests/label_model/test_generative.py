from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.arrays import Votes
from labelmill.errors import LabelModelError
from labelmill.label_model import GenerativeModel, load


@pytest.fixture
def dependent():
    """A ring of three, one that copies its last, and two on their own: (L, edges)."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 600)

    def source(accuracy, coverage=0.7):
        vote = np.where(rng.random(600) < accuracy, truth, 1 - truth)
        return np.where(rng.random(600) < coverage, vote, -1)

    def mixed(*parents):
        own = source(0.7)
        for parent in parents:
            own = np.where(rng.random(600) < 0.3, parent, own)
        return own

    first = source(0.8)
    second = mixed(first)
    third = mixed(first, second)
    rule = np.where(rng.random(600) < np.where(truth == 1, 0.5, 0.1), 1, -1)
    L = np.stack([first, second, third, mixed(third), source(0.75), rule], axis=1)
    return L, [("lf_0", "lf_1"), (1, 2), (2, 0), (2, "lf_3")]


def log_loss(sample, probs):
    rows = sample.covered
    return -np.log(probs[rows, sample.truth[rows]]).mean()


def by_hand(model, rows):
    """P(row, y) from the tables alone, n x k: single labeling functions, times cliques, over their members."""
    singles = np.concatenate([model.abstains_[:, None], model.tables_], axis=1)
    out = np.tile(model.class_balance_, (len(rows), 1))
    for i, row in enumerate(rows + 1):
        for j, cell in enumerate(row):
            out[i] *= singles[j, cell]
        start = 0
        for clique in model.cliques_:
            members = clique[clique >= 0]
            shape = (model.cardinality + 1,) * len(members)
            table = model.joints_[start : start + np.prod(shape)].reshape(*shape, model.cardinality)
            start += np.prod(shape)
            out[i] *= table[tuple(row[members])]
            for j in members:
                out[i] /= singles[j, row[j]]
    return out


def test_the_likelihood_is_that_of_all_that_can_happen(dependent):
    L, edges = dependent
    model = GenerativeModel(cardinality=2, class_balance=[0.4, 0.6], edges=edges).fit(L)
    assert model.cliques_.tolist() == [[0, 1, 2], [2, 3, -1]]
    assert model.diagnostics_["silence_power"] == 1
    everything = np.array(list(product((-1, 0, 1), repeat=6)))
    assert np.abs(by_hand(model, everything).sum(axis=0) - model.class_balance_).max() < 1e-12
    of_rows = by_hand(model, L)
    assert model.diagnostics_["log_likelihood"] == pytest.approx(np.log(of_rows.sum(axis=1)).mean(), abs=1e-6)
    covered = (L >= 0).any(axis=1)
    gap = model.predict_proba(L) - of_rows / of_rows.sum(axis=1, keepdims=True)
    assert np.abs(gap[covered]).max() < 1e-7


def test_the_rounds_climb_the_likelihood_to_where_the_truth_is_no_better(make_votes):
    accuracies, coverage, n = np.array([0.9, 0.8, 0.75, 0.7, 0.65]), 0.6, 20_000
    L, _ = make_votes(0, n, accuracies, coverage=coverage)
    found = [
        GenerativeModel(cardinality=2, anchor_votes=1e-3, table_votes=1e-3, max_iter=rounds, tol=1e-9)
        .fit(L)
        .diagnostics_["log_likelihood"]
        for rounds in (1, 2, 4, 8, 16, 60)
    ]
    assert (np.diff(found) > 0).all()
    right = np.where(L >= 0, coverage * np.where(L == 1, accuracies, 1 - accuracies), 1 - coverage).prod(axis=1)
    wrong = np.where(L >= 0, coverage * np.where(L == 0, accuracies, 1 - accuracies), 1 - coverage).prod(axis=1)
    truth = np.log((right + wrong) / 2).mean()
    assert truth < found[-1] < truth + 40 / n  # twice the gain of 20 free parameters


@pytest.mark.parametrize("unipolar", [False, True])
def test_accuracies_of_independent_labeling_functions_are_recovered(unipolar, stress):
    sample = stress.independent(unipolar=unipolar)
    model = GenerativeModel(cardinality=2).fit(sample.L)
    assert model.diagnostics_["converged"]
    assert np.abs(model.lf_summary_["Est. Acc."] - sample.world.accuracies).mean() <= 0.012
    # The intervals know of the votes' number only, not that the truth is latent: they hold less than 95 %.
    held = sample.world.accuracies < model.lf_summary_["Est. Acc. High"]
    held &= sample.world.accuracies > model.lf_summary_["Est. Acc. Low"]
    assert held.mean() >= 0.7
    table = np.concatenate([model.abstains_[:, None], model.tables_], axis=1)
    assert np.abs(table - sample.world.tables[0].transpose(0, 2, 1)).max() <= 0.03


def test_tables_of_many_classes_are_recovered(make_votes):
    accuracies = np.linspace(0.5, 0.95, 10)
    L, _ = make_votes(0, 50_000, accuracies, coverage=0.3, cardinality=5)
    model = GenerativeModel(cardinality=5).fit(L)
    assert np.abs(model.lf_summary_["Est. Acc."] - accuracies).max() <= 0.02
    assert np.abs(np.einsum("jvv->jv", model.tables_) - 0.3 * accuracies[:, None]).max() <= 0.02


def test_labeling_functions_that_always_vote_say_nothing_by_abstaining(make_votes):
    accuracies = np.array([0.9, 0.8, 0.7, 0.6])
    L, _ = make_votes(1, 20_000, accuracies, coverage=1.0)
    L[:7, 0] = -1
    model = GenerativeModel(cardinality=2).fit(L)
    assert np.abs(model.lf_summary_["Est. Acc."] - accuracies).max() <= 0.02
    assert np.abs(np.log(model.abstains_[:, 1] / model.abstains_[:, 0])).max() < 0.05


def test_when_rules_are_silent_tells_something(stress):
    sample = stress.one_class_rules()
    informed = GenerativeModel(cardinality=2).fit(sample.L)
    deaf = GenerativeModel(cardinality=2, abstains_inform=False).fit(sample.L)
    assert log_loss(sample, informed.predict_proba(sample.L)) <= min(0.036, log_loss(sample, sample.posterior) + 0.0005)
    assert log_loss(sample, deaf.predict_proba(sample.L)) > log_loss(sample, informed.predict_proba(sample.L)) + 0.002
    assert deaf.diagnostics_["silence_power"] == 0
    assert (deaf.silence_ == 0).all()


def test_rows_without_votes_are_part_of_the_likelihood():
    rng = np.random.default_rng(0)
    truth = rng.random(40_000) < 0.5
    fires = rng.random((40_000, 6)) < np.where(truth[:, None], 0.35, 0.05) * np.linspace(0.5, 1, 6)
    fires[:, 5] = rng.random(40_000) < np.where(truth, 0.1, 0.15)
    L = np.where(fires, [1, 1, 1, 1, 1, 0], -1)
    assert 0.4 < (L < 0).all(axis=1).mean() < 0.6
    model = GenerativeModel(cardinality=2).fit(L)
    rates = np.stack([np.full(5, 0.05), np.full(5, 0.35)], axis=1) * np.linspace(0.5, 1, 6)[:5, None]
    assert np.abs(model.tables_[:5, 1] - rates).max() <= 0.03


def test_where_rows_differ_in_loudness_silence_counts_less(stress, make_rules):
    L, _ = make_rules(1, n=20_000)
    assert GenerativeModel(cardinality=2).fit(L).diagnostics_["silence_power"] < 0.9
    even = stress.independent(unipolar=True).L
    assert GenerativeModel(cardinality=2).fit(even).diagnostics_["silence_power"] == 1


@pytest.mark.parametrize("unipolar", [False, True])
@pytest.mark.parametrize("copy_rate", [0.4, 0.8])
def test_true_edges_bring_the_loss_near_to_what_can_be_known(copy_rate, unipolar, stress):
    sample = stress.planted_pairs(copy_rate, unipolar=unipolar)
    least = log_loss(sample, sample.posterior)
    without = GenerativeModel(cardinality=2, edges=()).fit(sample.L)
    edges = sorted(sample.world.pairs)
    with_edges = GenerativeModel(cardinality=2, edges=edges).fit(sample.L)
    lost = [log_loss(sample, model.predict_proba(sample.L)) - least for model in (without, with_edges)]
    assert lost[0] > 0.03
    assert lost[1] < lost[0] / 5
    assert with_edges.diagnostics_["log_likelihood"] > without.diagnostics_["log_likelihood"] + 0.03
    assert len(with_edges.cliques_) >= 3


def test_exact_copies_count_once_whether_or_not_an_edge_says_so(stress):
    sample = stress.planted_pairs(1.0)
    found = [
        log_loss(sample, GenerativeModel(cardinality=2, edges=edges).fit(sample.L).predict_proba(sample.L))
        for edges in ((), sorted(sample.world.pairs), sorted(sample.world.pairs)[:2])
    ]
    assert np.ptp(found) < 0.002
    assert found[0] < log_loss(sample, sample.posterior) + 0.005


def test_copies_of_one_source_are_a_tree_or_a_clique(stress):
    for noise, n in ((0.05, 10_000), (0.02, 2000)):
        sample = stress.copies(noise=noise, n=n)
        least = log_loss(sample, sample.posterior)
        star = [(3, j) for j in range(4, 9)]
        for edges in (star, sorted(sample.world.pairs)):
            model = GenerativeModel(cardinality=2, edges=edges).fit(sample.L)
            assert log_loss(sample, model.predict_proba(sample.L)) < least + 0.005
    blind = GenerativeModel(cardinality=2, edges=()).fit(sample.L)
    assert (blind.predict(sample.L) == sample.truth).mean() < 0.7


def test_a_clique_that_is_too_large_becomes_a_tree_and_says_so(stress):
    sample = stress.bad_copies(n=3000)
    edges = [(i, j) for i in range(9) for j in range(i)]
    model = GenerativeModel(cardinality=2, edges=edges).fit(sample.L)
    assert len(model.cliques_) == 8
    assert any("only a tree of them is kept: 9 labeling functions" in w for w in model.diagnostics_["warnings"])


@pytest.mark.slow
@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_any_edges_on_any_votes_give_valid_tables_in_any_order(seed):
    rng = np.random.default_rng(seed)
    k, m = int(rng.integers(2, 4)), int(rng.integers(3, 6))
    L = np.repeat(rng.integers(-1, k, (rng.integers(1, 40), m)), rng.choice([1, 5, 30]), axis=0)
    L[:, 1] = np.where(rng.random() < 0.3, L[:, 0], L[:, 1])
    edges = [tuple(rng.choice(m, 2, replace=False)) for _ in range(rng.integers(0, 6))]
    model = GenerativeModel(cardinality=k, edges=edges).fit(L)
    everything = np.array(list(product(range(-1, k), repeat=m)))
    assert np.abs(by_hand(model, everything).sum(axis=0) - model.class_balance_).max() < 1e-9
    order, classes = rng.permutation(m), rng.permutation(k)
    moved = np.where(everything < 0, -1, np.argsort(classes)[everything])[:, order]
    votes = np.where(L < 0, -1, np.argsort(classes)[L])[:, order]
    place = np.argsort(order)
    again = GenerativeModel(cardinality=k, edges=[(place[j], place[i]) for i, j in edges]).fit(votes)
    gap = again.predict_proba(moved) - model.predict_proba(everything)[:, classes]
    assert np.abs(gap).max() <= 1e-6


def test_explanations_of_dependent_votes_sum_to_the_log_odds(dependent, tmp_path):
    L, edges = dependent
    model = GenerativeModel(cardinality=2, class_balance=[0.3, 0.7], edges=edges).fit(L)
    parts, probs = model.explain(L), model.predict_proba(L)
    gap = np.log(model.class_balance_) + parts.sum(axis=1) - np.log(probs)
    covered = (L >= 0).any(axis=1)
    assert np.abs(gap - gap[:, :1])[covered].max() < 1e-9
    assert (parts[L < 0] == 0).all()
    alone = np.full((1, 6), -1)
    alone[0, 1] = 1  # who votes alone takes all, also of what its clique adds
    added = np.log(by_hand(model, alone)[0]) - np.log(model.class_balance_)
    assert np.abs(np.diff(model.explain(alone)[0, 1]) - np.diff(added)).max() < 1e-6
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert (again.predict_proba(L) == probs).all()
    assert (again.explain(L) == parts).all()


def test_tables_are_valid_and_no_vote_rules_a_class_out(dependent):
    L, edges = dependent
    L[:, 4] = np.where(L[:, 4] == 1, 1, -1)
    model = GenerativeModel(cardinality=3, edges=edges).fit(L)  # class 2 never occurs
    assert np.abs(model.tables_.sum(axis=1) + model.abstains_ - 1).max() < 1e-12
    assert (model.tables_ > 0).all()
    assert (model.joints_ > 0).all()
    assert np.abs(model.joints_[:64].sum(axis=0) - 1).max() < 1e-9
    assert np.abs(model.joints_[:64].reshape(4, 4, 4, 3).sum(axis=(1, 2))[1:] - model.tables_[0]).max() < 1e-12


def test_a_little_gold_turns_a_majority_of_adversaries_round(make_votes):
    L, truth = make_votes(1, 5000, [0.25, 0.3, 0.2, 0.35, 0.85])
    gold = np.full(len(L), -1)
    gold[:50] = truth[:50]
    covered = (L >= 0).any(axis=1)
    without, with_gold = (
        (GenerativeModel(cardinality=2).fit(L, gold=g).predict(L) == truth)[covered].mean() for g in (None, gold)
    )
    assert without < 0.35
    assert with_gold > 0.75


def test_soft_votes_count_by_their_weight(dependent):
    hard, edges = dependent
    rows, lfs = np.nonzero(hard >= 0)
    whole = pd.DataFrame({"row": rows, "lf": lfs, "class": hard[rows, lfs], "weight": 1.0})
    same = [
        GenerativeModel(cardinality=2, edges=edges).fit(votes).predict_proba(votes)
        for votes in (hard, Votes(hard, whole))
    ]
    assert np.abs(same[0] - same[1]).max() < 1e-6
    unsure = pd.concat([whole.assign(weight=0.6), whole.assign(weight=0.4, **{"class": 1 - whole["class"]})])
    votes = Votes(hard, unsure[unsure["lf"] == 2])
    model = GenerativeModel(cardinality=2, edges=edges).fit(votes)
    parts = model.explain(votes)
    spread = np.abs(np.diff(parts, axis=2))[..., 0]
    assert (
        spread[hard[:, 2] >= 0, 2].mean()
        < 0.5
        * np.abs(np.diff(GenerativeModel(cardinality=2, edges=edges).fit(hard).explain(hard), axis=2))[
            hard[:, 2] >= 0, 2, 0
        ].mean()
    )
    gap = parts.sum(axis=1) - np.log(model.predict_proba(votes))
    assert np.abs(gap - gap[:, :1])[(hard >= 0).any(axis=1)].max() < 1e-9


def test_more_rows_than_are_learned_from_give_nearly_the_same(stress):
    sample = stress.independent(unipolar=True)
    whole = GenerativeModel(cardinality=2)
    part = GenerativeModel(cardinality=2)
    part.max_rows = 10_000
    gap = whole.fit(sample.L).tables_ - part.fit(sample.L).tables_
    assert part.diagnostics_["fitted_on"] <= 10_000
    assert np.abs(gap).max() < 0.03


@pytest.mark.parametrize(
    ("L", "reason"),
    [
        ([[0], [1], [-1]], "1 labeling functions voted"),
        ([[0, 0], [1, 0], [-1, 1]], "2 labeling functions voted"),
        (np.repeat([[0, 0, 1], [1, 1, 0], [0, 0, 0]], 20, axis=0), "2 labeling functions voted (copies counted once)"),
        ([[1, 1, 1], [1, -1, 1]], "all votes are for class 1"),
    ],
)
def test_where_nothing_can_be_learned_votes_are_counted_and_the_reason_is_named(L, reason):
    model = GenerativeModel(cardinality=2).fit(L)
    assert model.diagnostics_["fallback"] == "majority vote"
    assert reason in model.diagnostics_["warnings"][-1]
    assert (model.explain(L).sum(axis=1)[:, 1] > 0).tolist() == (model.predict(L) == 1).tolist()


def test_a_slip_in_the_edges_is_named_also_where_nothing_can_be_learned():
    with pytest.raises(LabelModelError, match="'money', which is not there"):
        GenerativeModel(cardinality=2, edges=[(0, "money")]).fit([[0, 1], [1, 1]])


def test_too_few_rounds_are_said():
    rng = np.random.default_rng(0)
    model = GenerativeModel(cardinality=2, max_iter=1).fit(rng.integers(-1, 2, (200, 5)))
    assert not model.diagnostics_["converged"]
    assert model.diagnostics_["warnings"][-1].startswith("not settled after 1 rounds")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"edges": [("lf_0", "lf_9")]}, r"edges name the labeling function 'lf_9', which is not there"),
        ({"edges": [(0, 4)]}, r"or a position from 0 to 3"),
        ({"table_votes": 0}, r"GenerativeModel needs table_votes above 0"),
        ({"anchor": 0.5}, r"needs anchor above 1/2 and below 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong, message, make_votes):
    L, _ = make_votes(0, 50, [0.8] * 4)
    with pytest.raises(LabelModelError, match=message):
        GenerativeModel(cardinality=2, **wrong).fit(L)
