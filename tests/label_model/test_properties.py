"""What must hold for any votes: nothing depends on the order of rows, labeling functions or classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelmill.label_model import KINDS, AnchoredPrecision, Auto, Moments, VoteStream, make


@st.composite
def label_matrices(draw, max_rows=40, max_lfs=7):
    k = draw(st.integers(2, 4))
    shape = draw(st.tuples(st.integers(1, max_rows), st.integers(1, max_lfs)))
    rows = draw(arrays(np.int8, shape, elements=st.integers(-1, k - 1)))
    if draw(st.booleans()):  # one-class rules, the usual case
        label = draw(arrays(np.int8, shape[1], elements=st.integers(0, k - 1)))
        rows = np.where(rows == 0, -1, np.where(rows > 0, label, rows)).astype(np.int8)
    return k, np.repeat(rows, draw(st.sampled_from([1, 1, 5, 30])), axis=0)


CASES = settings(max_examples=120, deadline=None, derandomize=True)


@pytest.mark.parametrize("kind", KINDS)
@CASES
@given(label_matrices(), st.randoms(use_true_random=True))
def test_permuted_votes_give_permuted_answers(kind, drawn, random):
    k, L = drawn
    rows, lfs, classes = (random.sample(range(size), size) for size in (*L.shape, k))
    moved = L[rows][:, lfs]
    moved = np.where(moved < 0, -1, np.argsort(classes)[moved])  # class classes[y] is now y
    probs = make(kind, cardinality=k).fit(L).predict_proba(L)
    model = make(kind, cardinality=k).fit(moved)
    assert np.abs(model.predict_proba(moved) - probs[rows][:, classes]).max() <= 1e-6


@pytest.mark.parametrize("kind", KINDS)
@CASES
@given(label_matrices())
def test_answers_are_valid_and_unanimous_votes_stand(kind, drawn):
    k, L = drawn
    model = make(kind, cardinality=k).fit(L)
    probs, preds = model.predict_proba(L), model.predict(L)
    assert np.isfinite(probs).all()
    assert np.allclose(probs.sum(axis=1), 1)
    voted = [np.unique(row[row >= 0]) for row in L]
    assert all(preds[i] == -1 for i, v in enumerate(voted) if len(v) == 0)
    if kind in ("dawid_skene", "generative", "matrix_completion", "triplets") and model.diagnostics_["overturned"]:
        return  # a confusion matrix may say that a vote means another class, abstentions that it is outweighed
    assert all(preds[i] == v[0] for i, v in enumerate(voted) if len(v) == 1)
    assert model.diagnostics_["overturned"] == 0


def test_a_tie_of_two_other_classes_overturns_a_vote_too():
    """All agree on class 1, but what the first abstains from speaks for 2 and 3 alike."""
    L = np.array([[0, 1, 1], [-1, 1, 1], *[[1, 1, 1]] * 5])
    model = make("generative", cardinality=4).fit(L)
    assert model.predict(L)[1] == -1
    assert model.diagnostics_["overturned"] == 1


@pytest.mark.slow
@settings(max_examples=500, deadline=None, derandomize=True)
@given(label_matrices(max_rows=60, max_lfs=9), st.randoms(use_true_random=True))
def test_neither_the_order_nor_the_cut_of_the_votes_matters(drawn, random):
    k, L = drawn
    rows, lfs = (random.sample(range(size), size) for size in L.shape)
    probs = Auto(cardinality=k).fit(L).predict_proba(L)
    moved = Auto(cardinality=k).fit(L[rows][:, lfs]).predict_proba(L[rows][:, lfs])
    assert np.abs(moved - probs[rows]).max() <= 1e-6
    cuts = sorted(random.randrange(len(L) + 1) for _ in range(random.randrange(4)))
    stream = VoteStream(lambda: np.split(L, cuts))
    assert Auto(cardinality=k).fit(stream).predict_proba(stream).tobytes() == probs.tobytes()
    shards = np.split(L[rows], cuts)
    assert sum((Moments.of(part, k) for part in shards[1:]), start=Moments.of(shards[0], k)) == Moments.of(L, k)


@CASES
@given(label_matrices(), st.integers(0, 10))
def test_equal_rows_get_equal_answers_and_other_rows_do_not_touch_them(drawn, place):
    k, L = drawn
    model = AnchoredPrecision(cardinality=k).fit(L)
    probs = model.predict_proba(L)
    row = L[place % len(L)]
    assert np.abs(model.predict_proba(np.repeat(row[None], 3, axis=0)) - probs[place % len(L)]).max() < 1e-12
