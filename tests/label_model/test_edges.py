import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from labelmill.arrays import Votes
from labelmill.errors import LabelModelError
from labelmill.label_model import KINDS, Auto, MajorityVote, Moments, edge_search, find_edges, load, make
from labelmill.label_model.blocks import open_blocks
from labelmill.label_model.edges import COLUMNS
from labelmill.label_model.encoding import encode

TAKING_EDGES = ("anchored_precision", "dawid_skene", "matrix_completion", "triplets", "auto")


def edges_of(L, k=2, **options):
    moments = Moments.of(L, k)
    return find_edges(*moments.meetings, cardinality=k, lf_names=moments.lf_names, **options)


def ends(edges):
    return {(int(a[3:]), int(b[3:])) for a, b in zip(edges["lf_a"], edges["lf_b"], strict=True)}


@pytest.fixture
def copied(make_votes):
    """Eight sources, of which the last repeats the third on half of the rows; and the truth."""
    L, truth = make_votes(3, 5000, [0.85, 0.8, 0.6, 0.75, 0.7, 0.8, 0.75, 0.7], coverage=0.7)
    taken = np.random.default_rng(0).random(len(L)) < 0.5
    L[taken, 7] = L[taken, 2]
    return L, truth


@pytest.mark.parametrize("unipolar", [False, True])
@pytest.mark.parametrize("rate", [0.15, 0.4, 1.0])
def test_planted_pairs_are_found_and_nothing_else(rate, unipolar, stress):
    right = found = planted = 0
    for seed in range(20):
        sample = stress.planted_pairs(rate, unipolar=unipolar, seed=seed)
        pairs = ends(edges_of(sample.L))
        right, found = right + len(pairs & sample.world.pairs), found + len(pairs)
        planted += len(sample.world.pairs)
    assert right >= 0.95 * found
    assert right >= 0.95 * planted


@pytest.mark.parametrize("unipolar", [False, True])
def test_independent_labeling_functions_have_no_edges(unipolar, stress):
    assert sum(len(edges_of(stress.independent(unipolar=unipolar, seed=seed).L)) for seed in range(10)) <= 1


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.1])
def test_a_group_that_outnumbers_the_others_does_not_pass_for_the_class(noise, stress):
    sample = stress.copies(noise=noise)
    assert ends(edges_of(sample.L)) == sample.world.pairs


def test_groups_of_twenty_are_found_whole(stress):
    sample = stress.repeated()
    edges = edges_of(sample.L)
    assert ends(edges) == sample.world.pairs
    assert set(edges["kind"]) == {"copy"}


@pytest.mark.parametrize("k", [3, 5])
def test_several_classes(k, make_votes):
    L, _ = make_votes(k, 10_000, np.linspace(0.5, 0.9, 12), coverage=0.4, cardinality=k)
    assert edges_of(L, k).empty
    taken = np.random.default_rng(1).random(len(L)) < 0.3
    L[taken, 5] = L[taken, 9]
    assert ends(edges_of(L, k)) == {(5, 9)}


def test_an_edge_among_few_is_seen_though_it_bends_the_fit(make_votes):
    L, _ = make_votes(6, 50_000, [0.9, 0.8, 0.75, 0.7, 0.6], coverage=1)
    taken = np.random.default_rng(0).random(len(L)) < 0.3
    L[taken, 4] = L[taken, 1]
    assert ends(edges_of(L)) == {(1, 4)}


def test_among_four_nobody_can_tell_which_two_depend_on_each_other(make_votes):
    L, _ = make_votes(6, 50_000, [0.9, 0.8, 0.75, 0.6], coverage=1)
    taken = np.random.default_rng(0).random(len(L)) < 0.5
    L[taken, 3] = L[taken, 1]
    assert edges_of(L).empty
    L[:, 3] = L[:, 1]
    assert edges_of(L)["kind"].tolist() == ["copy"]


def test_workers_who_share_batches_of_tasks_do_not_depend_on_each_other():
    rng = np.random.default_rng(0)
    truth, L = rng.integers(0, 4, 2000), np.full((2000, 150), -1)
    accuracy = rng.uniform(0.4, 0.95, 150)
    for start in range(0, 2000, 20):
        for worker in rng.choice(150, 5, replace=False):
            t = truth[start : start + 20]
            wrong = (t + rng.integers(1, 4, 20)) % 4
            L[start : start + 20, worker] = np.where(rng.random(20) < accuracy[worker], t, wrong)
    assert len(edges_of(L, 4)) <= 1


def test_kinds_and_evidence(make_votes):
    L, _ = make_votes(5, 20_000, np.full(10, 0.75), coverage=0.5)
    rng = np.random.default_rng(0)
    L[:, 1] = L[:, 0]
    some = rng.random(len(L)) < 0.3
    L[some, 3] = L[some, 2]
    both = (rng.random(len(L)) < 0.5) & (L[:, 4] >= 0)
    L[both, 5] = 1 - L[both, 4]
    L[:, 6:8] = np.where(L[:, 6:8] == 1, 1, -1)
    fires = (rng.random(len(L)) < 0.5) & (L[:, 6] == 1)
    L[fires, 7] = 1
    edges = edges_of(L).set_index(["lf_a", "lf_b"])
    kinds = {("lf_0", "lf_1"): "copy", ("lf_2", "lf_3"): "agree", ("lf_4", "lf_5"): "against"}
    assert edges["kind"].to_dict() == {**kinds, ("lf_6", "lf_7"): "fire together"}
    assert list(edges.columns) == list(COLUMNS[2:])
    assert (edges["z"].abs().diff().dropna() <= 0).all()
    pair = edges.loc[("lf_2", "lf_3")]
    met = (L[:, 2] >= 0) & (L[:, 3] >= 0)
    assert pair["overlap"] == met.sum()
    assert pair["agreement"] == pytest.approx((L[met, 2] == L[met, 3]).mean(), abs=1e-6)
    assert pair["expected"] == pytest.approx(0.75**2 + 0.25**2, abs=0.02)
    assert edges.loc[("lf_6", "lf_7"), "excess"] == pytest.approx(0.5, abs=0.1)


def test_a_hidden_factor_that_moves_all_makes_few_edges(stress):
    """Half of the rows are long and set off all rules more often: without a look at the bulk, every pair stands out."""
    for seed in range(3):
        still = stress.independent(unipolar=True, m=20, seed=seed).world
        tables = np.stack([still.tables[0], still.tables[0]])
        tables[1, :, :, 1:] *= 0.3
        tables[1, :, :, 0] = 1 - tables[1, :, :, 1:].sum(axis=2)
        moved = replace(still, tables=tables, loudness=np.array([0.5, 0.5]))
        assert len(edges_of(moved.draw(20_000, seed).L)) <= 4


@pytest.mark.parametrize("unipolar", [False, True])
def test_permuted_votes_give_permuted_edges(unipolar, stress):
    L = stress.planted_pairs(0.4, unipolar=unipolar, n=4000).L
    rng = np.random.default_rng(0)
    rows, lfs = rng.permutation(len(L)), rng.permutation(L.shape[1])
    moved = L[rows][:, lfs]
    moved = np.where(moved < 0, -1, 1 - moved)
    edges, again = edges_of(L), edges_of(moved)
    back = {tuple(sorted((int(lfs[a]), int(lfs[b])))) for a, b in ends(again)}
    assert back == ends(edges)
    assert again[["overlap", "agreement"]].to_numpy() == pytest.approx(edges[["overlap", "agreement"]].to_numpy())
    assert again["z"].to_numpy() == pytest.approx(edges["z"].to_numpy(), abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_reports_the_edges(kind, copied):
    L, _ = copied
    model = make(kind, cardinality=2).fit(L)
    assert ends(model.edges_) == {(2, 7)}
    assert json.loads(json.dumps(model.diagnostics_["edges"])) == model.edges_.to_dict("records")
    assert model.diagnostics_["edges_found"] == 1


def test_edges_are_stored(kind, copied, tmp_path):
    model = make(kind, cardinality=2).fit(copied[0])
    model.save(tmp_path / "model")
    assert load(tmp_path / "model").edges_.equals(model.edges_)
    assert len(model.edges_) == 1


@pytest.mark.parametrize("cut", [1, 999, 4096])
def test_chunks_of_any_size_give_the_same_bytes(cut, copied):
    L, _ = copied
    whole = Moments.of(L, 2)
    parts = [Moments.of(L[start : start + cut * 7], 2) for start in range(0, len(L), cut * 7)]
    total = sum(parts[1:], start=parts[0])
    one, other = (find_edges(m.pairs, m.n_rows, cardinality=2) for m in (whole, total))
    assert one.to_json() == other.to_json()
    by_block = find_edges(*encode(L, 2).meetings, cardinality=2)
    assert by_block.to_json() == one.to_json()


def test_a_sample_shows_the_same_edges(stress):
    L = stress.planted_pairs(0.4, n=30_000).L
    whole = MajorityVote(cardinality=2).fit(L)
    sampled = MajorityVote(cardinality=2)
    sampled.max_rows = 10_000
    sampled.fit(L)
    assert sampled.diagnostics_["fitted_on"] < len(L) / 2
    assert ends(sampled.edges_) == ends(whole.edges_)


def test_a_rule_that_always_fires_is_no_trouble_in_a_sample(make_votes):
    """Weights of rows are fractions: their sum over all rows that it fires on may be a hair more than over all rows."""
    for seed in range(4):
        L, _ = make_votes(seed, 6001 + 13 * seed, [0.8, 0.7, 0.75, 0.65], coverage=1)
        rare = np.random.default_rng(seed).random((len(L), 2)) < [0.01, 0.003]
        L = np.hstack([np.ones((len(L), 1), np.int8), L, np.where(rare, 1, -1)])
        model = MajorityVote(cardinality=2)
        model.max_rows = 1000 + 7 * seed
        model.fit(L)  # a warning would be an error
        assert "lf_0" not in set(model.edges_["lf_a"]) | set(model.edges_["lf_b"])


def test_soft_votes_of_whole_weight_make_no_difference(copied):
    L, _ = copied
    rows, lfs = np.nonzero(L[:500] >= 0)
    soft = pd.DataFrame({"row": rows, "lf": lfs, "class": L[rows, lfs], "weight": 1.0})
    votes = next(open_blocks(Votes(L, soft), 2)()).encoded
    assert votes.soft
    assert find_edges(*votes.meetings, cardinality=2).equals(edges_of(L))


@pytest.mark.parametrize("kind", TAKING_EDGES)
def test_declared_edges_change_what_is_learned(kind, copied):
    L, _ = copied
    without = make(kind, cardinality=2, edges=()).fit(L)
    declared = make(kind, cardinality=2, edges=[("lf_2", 7)]).fit(L)
    assert np.abs(without.predict_proba(L) - declared.predict_proba(L)).max() > 0.01
    if kind in ("matrix_completion", "triplets"):
        assert abs(declared.accuracy_[2] - 0.6) < abs(without.accuracy_[2] - 0.6)
    else:
        assert declared.weights_[[2, 7]].max() < without.weights_[[2, 7]].min()


@pytest.mark.parametrize("kind", TAKING_EDGES)
def test_forbidden_edges_are_never_edges(kind, copied):
    L, _ = copied
    names = [f"lf_{j}" for j in range(8)]
    model = make(kind, cardinality=2, no_edges=[("lf_2", "lf_7")]).fit(L, lf_names=names)
    assert (2, 7) not in ends(model.edges_)
    assert model.weights_[[2, 7]].min() == 1


@pytest.mark.parametrize("kind", TAKING_EDGES)
def test_forbidden_copies_count_twice(kind, make_votes):
    good, _ = make_votes(5, 2000, [0.9, 0.85, 0.8, 0.6], coverage=1)
    L = np.hstack([good, good[:, [3, 3]]])
    together = make(kind, cardinality=2).fit(L)
    assert together.diagnostics_["copies"] == [["lf_3", "lf_4", "lf_5"]]
    apart = make(kind, cardinality=2, no_edges=[(3, 4)]).fit(L)
    # Position 5 is a copy of both, and would join them.
    assert not any({"lf_3", "lf_4"} <= set(group) for group in apart.diagnostics_["copies"])


@pytest.mark.parametrize("kind", TAKING_EDGES)
@pytest.mark.parametrize("option", ["edges", "no_edges"])
@pytest.mark.parametrize(
    ("pair", "says"),
    [
        (("lf_0", "nobody"), "'nobody'"),
        ((0, 9), "9"),
        ((-1, 0), "-1"),
        ((0.5, 1), "0.5"),
        ((True, 3), "True"),
        ("lf_0", "pair"),
        ((1, 1), "itself"),
    ],
)
def test_pairs_name_who_is_there(kind, option, pair, says, copied):
    with pytest.raises(LabelModelError, match=says) as error:
        make(kind, cardinality=2, **{option: [pair]}).fit(copied[0])
    assert str(error.value).startswith(option)


@pytest.mark.parametrize("option", ["edges", "no_edges"])
def test_what_lists_no_pairs_is_refused(option, copied):
    found = Auto(cardinality=2).fit(copied[0]).edges_
    for pairs, says in ((5, "is 5"), ("lf_0", "is 'lf_0'"), ({(0, 1)}, "is {"), (found, "is a data frame")):
        with pytest.raises(LabelModelError, match=f"{option} {says}"):
            Auto(cardinality=2, **{option: pairs}).fit(copied[0])


def test_pairs_may_be_an_array(copied):
    as_list, as_array = (Auto(cardinality=2, edges=pairs).fit(copied[0]) for pairs in ([(2, 7)], np.array([[2, 7]])))
    assert np.array_equal(as_list.predict_proba(copied[0]), as_array.predict_proba(copied[0]))


def test_a_pair_is_not_both(copied):
    with pytest.raises(LabelModelError, match="lf_0 and lf_1"):
        Auto(cardinality=2, edges=[(0, 1)], no_edges=[("lf_1", "lf_0")]).fit(copied[0])


def test_near_copies_of_a_bad_source_do_not_outvote_the_good_ones(stress):
    for noise in (0.05, 0.1):
        sample = stress.copies(noise=noise)
        model = Auto(cardinality=2).fit(sample.L)
        assert (model.predict(sample.L) == sample.truth).mean() >= 0.92
        assert model.diagnostics_["copies"] == [[f"lf_{j}" for j in range(3, 9)]]


def test_good_sources_that_agree_much_are_no_copies(make_votes):
    L, _ = make_votes(2, 5000, [0.97, 0.96, 0.95, 0.6, 0.6, 0.65], coverage=1)
    model = Auto(cardinality=2).fit(L)
    assert model.diagnostics_["copies"] == []
    assert model.edges_.empty


def test_nothing_is_fitted_where_nothing_could_be_reported(monkeypatch, make_votes):
    """Among four sources only copies are edges; with hundreds of classes a fit for nothing takes minutes."""
    L, _ = make_votes(0, 500, [0.8, 0.7, 0.75, 0.7], cardinality=3)

    def fit(*_):
        raise AssertionError("fitted")

    monkeypatch.setattr("labelmill.label_model.edges._judge", fit)
    assert len(edges_of(L, 3)) == 0
    with pytest.raises(AssertionError, match="fitted"):
        edges_of(np.concatenate([L, L[:, :1]], axis=1), 3)


def test_too_many_to_look_for_edges(monkeypatch, copied):
    monkeypatch.setattr(edge_search, "MOST_CODES", 10)
    model = Auto(cardinality=2).fit(copied[0])
    assert model.diagnostics_["edges_found"] is None
    assert model.edges_.empty
    assert "did not look for edges: 16 different votes are more than 10" in model.diagnostics_["warnings"]


def test_the_strongest_are_kept_and_all_are_counted(monkeypatch, stress):
    monkeypatch.setattr(edge_search, "_MOST_EDGES", 5)
    model = MajorityVote(cardinality=2).fit(stress.copies().L)
    assert len(model.edges_) == 5
    assert model.diagnostics_["edges_found"] == 15


@pytest.mark.parametrize("kind", ["auto", "matrix_completion", "generative"])
def test_those_that_are_not_reported_are_learned_from_as_well(kind, monkeypatch, stress):
    L = stress.copies(noise=0.05).L
    usual = make(kind, cardinality=2).fit(L)
    monkeypatch.setattr(edge_search, "_MOST_EDGES", 2)
    short = make(kind, cardinality=2).fit(L)
    assert (len(usual.edges_), len(short.edges_)) == (15, 2)
    assert (short.predict_proba(L) == usual.predict_proba(L)).all()
    assert np.abs(make(kind, cardinality=2, edges=()).fit(L).predict_proba(L) - usual.predict_proba(L)).max() > 0.05


@pytest.mark.parametrize(
    "L", [np.empty((0, 4), int), np.full((5, 4), -1), np.zeros((50, 4), int), np.eye(4, dtype=int)]
)
def test_votes_without_news_have_no_edges_but_copies(L):
    edges = edges_of(L)
    assert np.isfinite(edges[["agreement", "expected", "excess", "z"]].to_numpy(float)).all()
    assert set(edges["kind"]) <= {"copy"}
