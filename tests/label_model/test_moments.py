from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelmill.arrays import Votes
from labelmill.errors import CorruptFileError, LabelModelError
from labelmill.label_model import Moments, VoteStream

CASES = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def cut_votes(draw):
    """Votes with some soft ones among them, and where to cut them."""
    k = draw(st.integers(2, 4))
    shape = draw(st.tuples(st.integers(1, 30), st.integers(1, 5)))
    L = draw(arrays(np.int8, shape, elements=st.integers(-1, k - 1)))
    cuts = draw(st.lists(st.integers(0, shape[0]), max_size=4))
    soft = draw(st.lists(st.integers(0, shape[0] - 1), max_size=3, unique=True))
    rows = []
    for i in soft:
        j = draw(st.integers(0, shape[1] - 1))
        top = draw(st.sampled_from([0.5, 2 / 3, 0.9]))
        L[i, j] = 0
        rows += [(i, j, 0, top), (i, j, 1, 1 - top)]
    return k, L, pd.DataFrame(rows, columns=["row", "lf", "class", "weight"]), sorted({0, *cuts, shape[0]})


def rows_of(L, soft, start, stop):
    mine = soft[(soft["row"] >= start) & (soft["row"] < stop)]
    return Votes(L[start:stop], mine.assign(row=mine["row"] - start))


def one_hot(L, k):
    return (L[:, :, None] == np.arange(k)).reshape(len(L), -1).astype(np.int64)


@CASES
@given(cut_votes(), st.randoms(use_true_random=True))
def test_counts_are_the_same_bytes_for_any_cut_and_order(drawn, random):
    k, L, soft, cuts = drawn
    whole = Moments.of(Votes(L, soft), k)
    parts = [rows_of(L, soft, a, b) for a, b in pairwise(cuts)]
    random.shuffle(parts)
    stream = Moments.of(VoteStream(lambda: parts), k)
    added = sum((Moments.of(part, k) for part in parts[1:]), start=Moments.of(parts[0], k))
    assert stream == whole
    assert added == whole
    assert stream.pairs.tobytes() == added.pairs.tobytes() == whole.pairs.tobytes()


@CASES
@given(cut_votes())
def test_what_was_added_can_be_taken_out(drawn):
    k, L, soft, cuts = drawn
    middle = cuts[len(cuts) // 2]
    first, second = Moments.of(rows_of(L, soft, 0, middle), k), Moments.of(rows_of(L, soft, middle, len(L)), k)
    assert first + second - second == first
    assert first + second - first == second
    assert (second - second).pairs.sum() == 0


@CASES
@given(cut_votes())
def test_counts_are_those_of_numpy(drawn):
    k, L, soft, _ = drawn
    marks = one_hot(L, k)
    moments = Moments.of(L, k)
    assert (moments.pairs == marks.T @ marks).all()
    assert (moments.per_lf.ravel() == marks.sum(axis=0)).all()
    assert (moments.n_rows, moments.unit) == (len(L), 1)
    share = marks.astype(float)
    for row, lf, label, weight in soft.itertuples(index=False):
        share[int(row), int(lf) * k + int(label)] = round(weight * 256) / 256
    expected = share.T @ share
    blocks = expected.reshape(-1, k, expected.shape[0] // k, k)
    blocks[np.arange(L.shape[1]), :, np.arange(L.shape[1])] = 0
    expected += np.diag(share.sum(axis=0))
    found = Moments.of(Votes(L, soft), k)
    assert (found.pairs / found.unit == expected).all()


def test_others_are_refused_by_name():
    L = np.array([[0, 1], [1, 1]])
    ours = Moments.of(L, 2, ["a", "b"])
    for other, words in (
        (Moments.of(L, 3, ["a", "b"]), "2 classes and of 3 classes"),
        (Moments.of(L, 2, ["a", "c"]), "only one side has b, c"),
        (Moments.of(L, 2, ["b", "a"]), "another order"),
    ):
        with pytest.raises(LabelModelError, match=words):
            ours + other
        with pytest.raises(LabelModelError, match=words):
            ours - other
        assert ours != other
    with pytest.raises(LabelModelError, match="were counted before"):
        ours - Moments.of(np.array([[0, 0]]), 2, ["a", "b"])
    with pytest.raises(LabelModelError, match="rows cannot be taken out"):
        ours - (ours + ours)


def test_a_table_that_would_not_fit_is_refused_before_it_is_made():
    with pytest.raises(LabelModelError, match=r"20,000 different votes: .* 3\.2 GB.*anchored_precision"):
        Moments.of(np.full((1, 200), -1), 100)


def test_moments_are_stored_and_read_back(tmp_path):
    moments = Moments.of(np.array([[0, 2, -1], [1, 2, 2]]), 3, ["a", "b", "c"])
    moments.save(tmp_path / "moments")
    assert Moments.load(tmp_path / "moments") == moments
    file = tmp_path / "moments" / "moments.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptFileError):
        Moments.load(tmp_path / "moments")
