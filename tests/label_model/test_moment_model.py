"""What the moment models share; each in turn."""

import numpy as np
import pytest

from labelmill.errors import LabelModelError
from labelmill.label_model import MatrixCompletion, Moments, Triplets, VoteStream, WeightedVote, load

MODELS = (WeightedVote, Triplets, MatrixCompletion)
TABLES = (Triplets, MatrixCompletion)


@pytest.fixture(params=MODELS)
def model_of(request):
    return request.param


@pytest.fixture
def L(make_votes):
    return make_votes(0, 3000, [0.9, 0.8, 0.7, 0.75, 0.6], cardinality=3)[0]


def same(one, two, rows):
    return (
        one.moments_ == two.moments_
        and (one.evidence_ == two.evidence_).all()
        and (one.predict_proba(rows) == two.predict_proba(rows)).all()
        and one.lf_summary_.equals(two.lf_summary_)
    )


def test_learning_shard_by_shard_is_learning_from_all(model_of, L):
    whole = model_of(cardinality=3).fit(L)
    steps = model_of(cardinality=3).partial_fit(L[:1000]).partial_fit(L[2500:]).partial_fit(L[1000:2500])
    merged = model_of(cardinality=3).fit(Moments.of(L[1000:], 3) + Moments.of(L[:1000], 3))
    stream = model_of(cardinality=3).fit(VoteStream(lambda: [L[2000:], L[:2000]]))
    assert same(steps, whole, L)
    assert same(merged, whole, L)
    assert same(stream, whole, L)


def test_what_is_forgotten_was_never_there(model_of, L, tmp_path):
    model = model_of(cardinality=3).fit(L)
    model.save(tmp_path / "model")
    later = load(tmp_path / "model").forget(L[:700])
    assert same(later, model_of(cardinality=3).fit(L[700:]), L)
    assert same(later.partial_fit(Moments.of(L[:700], 3)), model, L)
    with pytest.raises(LabelModelError, match="cannot be taken out"):
        model_of(cardinality=3).fit(L[700:800]).forget(L)


def test_moments_must_fit(model_of, L):
    moments = Moments.of(L, 3)
    for model, arguments, words in (
        (model_of(cardinality=4), {}, "3 classes, this model of 4"),
        (model_of(cardinality=3), {"gold": np.zeros(len(L), int)}, "gold needs the votes"),
        (model_of(cardinality=3), {"lf_names": list("abcde")}, "bring their own"),
    ):
        with pytest.raises(LabelModelError, match=words):
            model.fit(moments, **arguments)
    with pytest.raises(LabelModelError, match="gold needs the votes"):
        model_of(cardinality=3).fit(L).partial_fit(moments, gold=np.zeros(len(L), int))


def test_gold_is_counted_shard_by_shard_and_uncounted(model_of, L):
    gold = np.random.default_rng(0).integers(-1, 3, len(L))
    whole = model_of(cardinality=3).fit(L, gold=gold)
    steps = model_of(cardinality=3).partial_fit(L[:900], gold=gold[:900]).partial_fit(L[900:], gold=gold[900:])
    assert same(steps, whole, L)
    assert (whole.gold_rows_ == np.bincount(gold[gold >= 0])).all()
    less = whole.forget(L[:900], gold=gold[:900])
    assert same(less, model_of(cardinality=3).fit(L[900:], gold=gold[900:]), L)


@pytest.mark.parametrize("model", TABLES)
def test_a_little_gold_turns_a_majority_of_adversaries_round(model, make_votes):
    L, truth = make_votes(1, 5000, [0.25, 0.3, 0.2, 0.35, 0.85])
    gold = np.full(len(L), -1)
    gold[:50] = truth[:50]
    covered = (L >= 0).any(axis=1)
    without, having = model(cardinality=2).fit(L), model(cardinality=2).fit(L, gold=gold)
    assert (without.predict(L) == truth)[covered].mean() < 0.3
    assert (having.predict(L) == truth)[covered].mean() > 0.75
    assert having.diagnostics_["worse_than_chance"] == ["lf_0", "lf_1", "lf_2", "lf_3"]


def test_gold_that_agrees_does_no_harm(model_of, make_votes):
    L, truth = make_votes(2, 5000, [0.9, 0.8, 0.7, 0.65])
    gold = np.full(len(L), -1)
    gold[:20] = truth[:20]
    without, having = model_of(cardinality=2).fit(L), model_of(cardinality=2).fit(L, gold=gold)
    assert np.abs(having.accuracy_ - without.accuracy_).max() < 0.02


def test_groups_that_never_meet_get_a_majority_vote(model_of, make_votes):
    votes, _ = make_votes(3, 2000, [0.8] * 6, coverage=0.8)
    votes[:1000, :3] = -1
    votes[1000:, 3:] = -1
    model = model_of(cardinality=2).fit(votes)
    assert model.diagnostics_["fallback"] == "majority vote"
    assert "never vote on the same row: lf_0, lf_1, lf_2; lf_3, lf_4, lf_5" in model.diagnostics_["warnings"][-1]


@pytest.mark.parametrize("model", TABLES)
def test_noise_is_not_learned_from(model):
    L = np.random.default_rng(0).integers(-1, 2, (2000, 8))
    fitted = model(cardinality=2).fit(L)
    assert fitted.diagnostics_["fallback"] == "majority vote"
    assert "more than by chance, 3 are needed" in fitted.diagnostics_["warnings"][-1]


def test_who_is_worse_than_chance_is_named_and_not_followed(model_of, make_votes):
    L, _ = make_votes(4, 5000, [0.9, 0.85, 0.85, 0.8, 0.25])
    model = model_of(cardinality=2).fit(L)
    assert model.diagnostics_["worse_than_chance"] == ["lf_4"]
    alone = np.array([[-1, -1, -1, -1, 1]])
    assert 0.5 < model.predict_proba(alone)[0, 1] < 0.6


def test_copies_count_once(model_of, make_votes):
    good, truth = make_votes(5, 5000, [0.9, 0.85, 0.8, 0.6], coverage=1)
    L = np.hstack([good, *[good[:, 3:]] * 5])
    once, model = model_of(cardinality=2).fit(good), model_of(cardinality=2).fit(L)
    assert len(model.diagnostics_["copies"][0]) == 6
    assert (model.predict(L) == once.predict(good)).mean() > 0.99
    assert (model.predict(L) == truth).mean() > 0.92


@pytest.mark.parametrize("model", TABLES)
@pytest.mark.parametrize("edges", [(("lf_1", "lf_4"),), ((4, 1),), None])
def test_pairs_that_depend_are_left_out(model, edges, make_votes):
    accuracies = np.array([0.9, 0.8, 0.75, 0.7, 0.6])
    L, _ = make_votes(6, 50_000, accuracies, coverage=1)
    copied = np.random.default_rng(0).random(len(L)) < 0.5
    L[copied, 4] = L[copied, 1]
    accuracies[4] = 0.7
    error = [
        np.abs(model(cardinality=2, edges=left_out).fit(L).accuracy_ - accuracies).max() for left_out in (edges, ())
    ]
    assert error[0] < 0.02 < error[1]


@pytest.mark.parametrize("model", TABLES)
@pytest.mark.parametrize("edge", [("lf_0", "nobody"), (0, 9), (-1, 0)])
def test_edges_name_who_is_there(model, edge, L):
    with pytest.raises(LabelModelError, match="which is not there"):
        model(cardinality=3, edges=[edge]).fit(L)


@pytest.mark.parametrize("options", [{"anchor": 0.3}, {"anchor": 1.0}, {"anchor_votes": 0}])
def test_anchors_must_be_anchors(model_of, options, L):
    with pytest.raises(LabelModelError, match=r"needs anchor above 1/3 and below 1, and anchor_votes above 0"):
        model_of(cardinality=3, **options).fit(L)


@pytest.mark.parametrize("model", TABLES)
def test_abstaining_informs_only_if_it_may(model, make_rules):
    L, _ = make_rules(0)
    row = np.full((1, L.shape[1]), -1)
    row[0, 0] = 1
    deaf = model(cardinality=2, abstains_inform=False).fit(L)
    assert (deaf.silence_ == 0).all()
    assert deaf.diagnostics_["overturned"] == 0
    assert np.ptp(model(cardinality=2).fit(L).silence_) > 0
    assert deaf.predict(row) == [1]


@pytest.mark.parametrize("model", TABLES)
def test_tables_are_probabilities(model, L, make_rules):
    for votes, k in ((L, 3), (make_rules(0)[0], 2), (np.maximum(L, 0), 3)):
        fitted = model(cardinality=k).fit(votes)
        assert (fitted.tables_ > 0).all()
        assert (fitted.abstains_ > 0).all()
        assert np.allclose(fitted.tables_.sum(axis=1) + fitted.abstains_, 1)


@pytest.mark.parametrize("seed", range(10))
def test_permuted_votes_give_permuted_answers_where_something_is_learned(model_of, seed, make_votes, make_rules):
    rng = np.random.default_rng(seed)
    if seed % 2:
        L, k = make_rules(seed)[0], 2
    else:
        k = 2 + seed % 4
        L = make_votes(seed, 2000, rng.uniform(0.5, 0.9, 7), coverage=0.6, cardinality=k)[0]
    rows, lfs, classes = (rng.permutation(size) for size in (*L.shape, k))
    moved = L[rows][:, lfs]
    moved = np.where(moved < 0, -1, np.argsort(classes)[moved])
    model = model_of(cardinality=k).fit(L)
    assert model_of is WeightedVote or not model.diagnostics_["fallback"]
    probs = model_of(cardinality=k).fit(moved).predict_proba(moved)
    assert np.abs(probs - model.predict_proba(L)[rows][:, classes]).max() <= 1e-6
