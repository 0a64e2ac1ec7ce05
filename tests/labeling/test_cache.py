import os
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, keyword_lf, labeling_function, storage
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.apply import applied
from labelmill.labeling.cache import ColumnCache, prune
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


class Run(NamedTuple):
    """What a run through the cache took from it, and what not."""

    computed: list[str]
    reused: list[str]
    columns: dict


def piece_of(frame, file):
    storage.write_table(file, frame)
    (piece,) = storage.list_pieces(file)
    return piece


def run(folder, *, shard=MAILS, content="hash", hidden=(), cardinality=2, on_error="record"):
    """Label one shard through the cache; check that the result is that of no cache."""
    lfs = load_lfs(folder, cardinality)
    cache = ColumnCache(folder.parent / "cache", folder, lfs, cardinality, hidden)
    said = cache.apply(piece_of(shard, folder.parent / "shard.parquet"), content, on_error=on_error)
    names = [lf.name for lf in lfs]
    found = applied(names, list(said.columns.values()), shard["id"].tolist())
    plain = apply_lfs(shard, lfs, cardinality=cardinality, hidden=hidden)
    assert np.array_equal(found.L, plain.L)
    assert list(said.columns) == plain.lf_names
    pd.testing.assert_frame_equal(found.errors, plain.errors)
    return Run(list(said.seconds), [name for name in names if name not in said.seconds], said.columns)


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
    [{"content": "other"}, {"hidden": ["id2"]}, {"shard": MAILS[:2], "content": "shorter"}],
    ids=str,
)
def test_other_rows_or_columns_are_computed_anew(folder, change):
    run(folder)
    assert run(folder, **change).reused == []


MORE = """
import numpy as np
from labelmill import batch_labeling_function

@labeling_function
def unsure(mail):
    return {0, 1} if mail.size == 2 else 1

@batch_labeling_function
def batch(mails):
    return np.zeros((len(mails), CLASSES))
"""


def test_a_class_more_leaves_hard_votes_of_rows_as_they_are(folder):
    (folder / "main.py").write_text(MAIN + MORE.replace("CLASSES", "2"))
    run(folder)
    edit(folder, "(mails), 2)", "(mails), 3)")
    assert run(folder, cardinality=3).reused == ["cash", "fails", "big"]
    assert run(folder, cardinality=3).computed == []


def test_a_class_less_refuses_votes_for_it(folder):
    edit(folder, "return 0 if mail.size", "return 2 if mail.size")
    run(folder, cardinality=3)
    with pytest.raises(InvalidVoteError, match="big"):
        run(folder, cardinality=2)


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
    piece = piece_of(MAILS, tmp_path / "shard.parquet")
    assert list(cache.apply(piece, "h").seconds) == ["counts", "k"]
    assert list(cache.apply(piece, "h").seconds) == []


def test_soft_votes_are_kept_too(folder):
    (folder / "main.py").write_text(
        "from labelmill import labeling_function\n\n@labeling_function\ndef either(mail):\n"
        "    return {0, 1} if mail.size > 1 else {1: 3, 0: 1}\n"
    )
    first, second = run(folder).columns["either"], run(folder)
    assert second.reused == ["either"]
    assert second.columns["either"].soft.rows.tolist() == [0, 1, 2]
    assert (second.columns["either"].soft.weights == first.soft.weights).all()


@pytest.mark.parametrize(
    ("file", "old", "new", "computed"),
    [
        ("far.py", "LIMIT = 1", "LIMIT = 2", ["far"]),
        ("far.py", "< LIMIT", "<= LIMIT", ["far"]),
        ("words.txt", "cash", "gold", ["listed"]),
        ("main.py", "FLAG = 0", "FLAG = 1", ["flagged"]),
    ],
)
def test_an_edit_of_what_it_uses_recomputes_what_uses_it_and_nothing_else(folder, file, old, new, computed):
    (folder / "far.py").write_text("LIMIT = 1\n\ndef small(size):\n    return size < LIMIT\n")
    (folder / "near.py").write_text("from lfs import far\n\ndef of_mail(mail):\n    return far.small(mail.size)\n")
    (folder / "words.txt").write_text("cash\n")
    (folder / "main.py").write_text(
        "from labelmill import keyword_lf, labeling_function\nfrom lfs.near import of_mail\n\nFLAG = 0\n\n"
        'listed = keyword_lf("listed", "words.txt", column="text", label=1)\n\n'
        "@labeling_function\ndef far(mail):\n    return 1 if of_mail(mail) else None\n\n"
        "@labeling_function\ndef flagged(mail):\n    return FLAG\n"
    )
    assert run(folder).computed == ["listed", "far", "flagged"]
    assert run(folder).computed == []
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    assert run(folder).computed == computed


def test_pruning_drops_what_was_used_longest_ago(folder):
    run(folder)
    files = sorted((folder.parent / "cache").glob("*/*"))
    for age, file in enumerate(files):
        os.utime(file, (1_000_000 - age, 1_000_000 - age))
    size = sum(file.stat().st_size for file in files)
    assert prune(folder.parent / "cache", max_bytes=size) == 0
    assert prune(folder.parent / "cache", max_bytes=size - 1) == 1
    assert not files[-1].exists() and files[0].exists()
    assert prune(folder.parent / "cache", max_bytes=0) == len(files) - 1
