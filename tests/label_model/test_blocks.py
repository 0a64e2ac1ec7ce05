import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from labelmill import storage
from labelmill.arrays import Votes
from labelmill.errors import LabelModelError
from labelmill.label_model import KINDS, Auto, blocks, make
from labelmill.label_model.blocks import VoteStream, open_blocks


@pytest.fixture
def L(make_votes):
    return make_votes(0, 700, [0.9, 0.8, 0.7, 0.75], cardinality=3)[0]


def test_a_stream_gives_the_model_that_the_whole_gives(kind, L):
    whole = make(kind, cardinality=3).fit(L)
    stream = VoteStream(lambda: np.array_split(L, [100, 101, 400]))
    cut = make(kind, cardinality=3).fit(stream)
    assert (cut.predict_proba(stream) == whole.predict_proba(L)).all()
    assert cut.lf_summary_.equals(whole.lf_summary_)


def test_the_table_of_stage_label_is_read_shard_by_shard(tmp_path, L):
    names = list("abcd")
    with storage.shard_writer(tmp_path / "votes") as write:
        for start in (0, 300):
            rows = L[start : start + 300] if not start else L[start:]
            frame = pd.DataFrame(rows, columns=names)
            frame.insert(0, "id", [f"r{start + i}" for i in range(len(rows))])
            write(frame)
    model = Auto(cardinality=3).fit(tmp_path / "votes")
    assert model.lf_names_ == names
    assert (model.predict_proba(str(tmp_path / "votes")) == Auto(cardinality=3).fit(L).predict_proba(L)).all()


def test_blocks_of_any_size_make_no_difference(monkeypatch, L):
    whole = Auto(cardinality=3).fit(L).predict_proba(L)
    for size in (1, 7, 699):
        monkeypatch.setattr(blocks, "BLOCK_ROWS", size)
        assert (Auto(cardinality=3).fit(L).predict_proba(L) == whole).all()


def test_an_error_in_a_stream_says_where(L):
    broken = VoteStream(lambda: [L[:10], np.full((2, 4), 9)])
    with pytest.raises(LabelModelError, match=r"begins at row 10: L\[0, 0\] is 9"):
        Auto(cardinality=3).fit(broken)
    with pytest.raises(LabelModelError, match="no block"):
        Auto(cardinality=3).fit(VoteStream(list))


def soft(*rows):
    return pd.DataFrame(rows, columns=["row", "lf", "class", "weight"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_soft_vote_of_weight_one_is_a_hard_vote(kind, L):
    rows, lfs = np.nonzero(L[:50] >= 0)
    table = pd.DataFrame({"row": rows, "lf": lfs, "class": L[rows, lfs], "weight": 1.0})
    hard = make(kind, cardinality=3).fit(L).predict_proba(L)
    assert np.allclose(make(kind, cardinality=3).fit(Votes(L, table)).predict_proba(Votes(L, table)), hard, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_soft_vote_says_less_than_a_hard_one(kind, L):
    model = make(kind, cardinality=3).fit(L)
    row = np.array([[0, 1, -1, -1]])
    sure = model.predict_proba(row)[0]
    unsure = model.predict_proba(Votes(row, soft((0, 1, 1, 0.6), (0, 1, 0, 0.4))))[0]
    assert unsure[1] < sure[1]
    one_of = model.predict_proba(Votes(np.array([[1, -1, -1, -1]]), soft((0, 0, 1, 0.5), (0, 0, 2, 0.5))))[0]
    assert one_of[0] < min(one_of[1], one_of[2])


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (soft((0, 1, 1, 0.6), (0, 1, 0, 0.1)), "sum to 1"),
        (soft((0, 1, 1, 1.2), (0, 1, 0, -0.2)), "above 0"),
        (soft((0, 1, 1, np.nan)), "above 0"),
        (soft((0, 1, 0, 0.6), (0, 1, 1, 0.4)), "heaviest class"),
        (soft((5, 1, 1, 1.0)), "row 5"),
        (soft((0, 9, 1, 1.0)), "lf 9"),
        (soft((0, "nobody", 1, 1.0)), "lf nobody"),
        (soft((0, 1, 7, 1.0)), "class 7"),
        (soft((0, 1, 1, 1.0)).drop(columns="weight"), "no column weight"),
    ],
)
def test_soft_votes_that_are_none_are_refused_by_name(table, words):
    with pytest.raises(LabelModelError, match=words):
        next(open_blocks(Votes(np.array([[0, 1]]), table), 3)())


def test_soft_votes_go_to_their_block(monkeypatch, L):
    table = soft((3, 0, int(max(L[3, 0], 0)), 0.7), (3, 0, (int(max(L[3, 0], 0)) + 1) % 3, 0.3))
    L = L.copy()
    L[3, 0] = max(L[3, 0], 0)
    whole = Auto(cardinality=3).fit(Votes(L, table)).predict_proba(Votes(L, table))
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 2)
    assert (Auto(cardinality=3).fit(Votes(L, table)).predict_proba(Votes(L, table)) == whole).all()


def test_sparse_votes(L):
    sparse = sp.csr_array((L + 1).astype(np.int64))
    assert (Auto(cardinality=3).fit(sparse).predict_proba(sparse) == Auto(cardinality=3).fit(L).predict_proba(L)).all()
