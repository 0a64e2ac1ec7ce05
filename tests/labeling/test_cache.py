import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, keyword_lf, labeling_function
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.loading import load_lfs

MAILS = pd.DataFrame({"id": ["a", "b", "c"], "text": ["cash", None, "gold"], "size": [1, 2, 3]})

MAIN = """
from labelmill import keyword_lf, labeling_function

cash = keyword_lf("cash", ["cash"], column="text", label=1)

@labeling_function
def fails(mail):
    return 0 if mail.text.isupper() else None

@labeling_function
def big(mail):
    return 0 if mail.size > 1 else None
"""


@pytest.fixture
def folder(tmp_path, own_lfs):
    (tmp_path / "lfs").mkdir()
    (tmp_path / "lfs/main.py").write_text(MAIN)
    return tmp_path / "lfs"


def run(folder, *, shard=MAILS, content="hash", hidden=(), cardinality=2, on_error="record"):
    """Label one shard through the cache; check that the result is that of no cache."""
    lfs = load_lfs(folder, cardinality)
    cache = ColumnCache(folder.parent / "cache", folder, lfs, cardinality, hidden)
    applied = cache.apply(shard, content, on_error=on_error)
    plain = apply_lfs(shard, lfs, cardinality=cardinality, hidden=hidden)
    assert np.array_equal(applied.L, plain.L)
    assert applied.lf_names == plain.lf_names
    pd.testing.assert_frame_equal(applied.errors, plain.errors)
    return cache


def edit(folder, old, new):
    text = (folder / "main.py").read_text()
    assert old in text
    (folder / "main.py").write_text(text.replace(old, new))


def test_a_second_run_computes_nothing_and_knows_the_errors(folder):
    assert run(folder).computed == ["cash", "fails", "big"]
    assert run(folder).reused == ["cash", "fails", "big"]


def test_an_edit_recomputes_one_column(folder):
    run(folder)
    edit(folder, "> 1", "> 2")
    assert run(folder).computed == ["big"]
    edit(folder, '["cash"]', '["gold"]')
    assert run(folder).computed == ["cash"]


def test_a_function_removed_and_another_added(folder):
    run(folder)
    edit(folder, 'cash = keyword_lf("cash"', 'money = keyword_lf("money"')
    edit(folder, "def fails", "def zz_new(mail): return None\n\n@labeling_function\ndef fails")
    assert run(folder).computed == ["zz_new", "fails"], "the failing one, since its message names a line that moved"
    assert run(folder).computed == []


@pytest.mark.parametrize(
    "change",
    [{"content": "other"}, {"hidden": ["id2"]}, {"cardinality": 3}, {"shard": MAILS[:2], "content": "shorter"}],
    ids=str,
)
def test_other_rows_columns_or_classes_are_computed_anew(folder, change):
    run(folder)
    assert run(folder, **change).reused == []


def test_a_shard_of_another_length_under_the_same_hash_is_computed(folder):
    run(folder)
    assert run(folder, shard=MAILS[:2]).reused == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:40] + bytes([data[40] ^ 1]) + data[41:],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: bytes([data[0] ^ 1]) + data[1:],
    ],
    ids=["empty", "cut", "header", "votes", "checksum"],
)
def test_a_damaged_column_is_computed_again_and_mended(folder, damage):
    run(folder)
    files = [file for file in (folder.parent / "cache").rglob("*") if file.is_file()]
    assert len(files) == 3
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    assert run(folder).reused == []
    assert run(folder).computed == []


def test_kept_failures_still_raise_where_they_should(folder):
    run(folder)
    with pytest.raises(LFError, match="'fails' failed on row 'b'"):
        run(folder, on_error="raise")


def test_columns_before_an_invalid_vote_are_kept(folder):
    edit(folder, "> 1", "> 1 and 'x'")
    edit(folder, "return 0 if mail.size", "return 7 if mail.size")
    with pytest.raises(InvalidVoteError):
        run(folder)
    edit(folder, "return 7", "return 0")
    assert run(folder).reused == ["cash", "fails"]


def test_a_missing_column_is_found_though_the_votes_are_kept(folder):
    run(folder)
    with pytest.raises(LFError, match=r"'cash'.*no column 'text'"):
        run(folder, shard=MAILS.drop(columns="text"))


def test_a_function_that_keeps_notes_keeps_its_key(tmp_path):
    notes = {}

    @labeling_function
    def counts(mail):
        notes[mail.id] = notes.get(mail.id, 0) + 1
        return 0

    lfs = [counts, keyword_lf("k", ["cash"], column="text", label=1)]
    cache = ColumnCache(tmp_path / "cache", tmp_path, lfs, 2)
    cache.apply(MAILS, "h")
    cache.apply(MAILS, "h")
    assert (cache.computed, cache.reused) == (["counts", "k"], ["counts", "k"])
