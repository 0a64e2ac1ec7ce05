"""Batches: published whole, numbered once, never read when a byte of them differs."""

import datetime as dt
import json
import multiprocessing
import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, DataError, StorageError
from labelmill.sources import batches
from labelmill.sources.generated import mails
from labelmill.sources.intake import Intake, provenance, rejections

DAY = dt.datetime(2024, 7, 1, 12, tzinfo=dt.UTC)
FACTS = {"source": "a.csv", "sha256": "ab", "rejected": 1, "seen_before": 2, "copies": 0, "refused": None}
LEFT_OUT = pd.DataFrame({"source": ["a.csv:3"], "reason": ["no id"]})
CHAMPION = {"seq": 4, "sha256": "cd"}


@pytest.fixture(autouse=True)
def in_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(n=20, seed=1):
    frame, gold = mails(n, seed)
    return Intake(frame, gold, provenance([f"a.csv:{i}" for i in range(n)]), rejections([]), ())


def publish(seed=1, place=paths.INCOMING, **facts):
    intake = rows(seed=seed)
    scores = pd.DataFrame({"id": intake.frame["id"], "p_ham": 0.25, "p_spam": 0.75})
    with batches.adding() as seq:
        return batches.publish(
            place,
            seq,
            intake,
            left_out=LEFT_OUT,
            scores=scores,
            **{**FACTS, "arrived": DAY, "champion": CHAMPION, **facts},
        )


def test_what_was_published_is_what_is_read():
    batch = publish()
    assert batches.list_batches() == [batch]
    assert (batch.seq, batch.name, batch.folder, batch.rows) == (1, "00001", paths.INCOMING / "00001", 20)
    assert (batch.arrived, batch.champion) == (DAY, CHAMPION)
    read = batches.read_batch(batch)
    pd.testing.assert_frame_equal(read.frame, rows().frame)
    pd.testing.assert_frame_equal(read.provenance, rows().provenance)
    assert read.rejected["reason"].tolist() == ["no id"]
    assert (read.gold == -1).all()
    assert batches.read_ids(batch).tolist() == rows().frame["id"].tolist()
    assert batches.read_scores(batch)["p_spam"].tolist() == [0.75] * 20


def test_without_a_champion_there_are_no_scores():
    batch = publish(champion=None)
    assert batches.read_scores(batch) is None


def test_a_time_in_another_zone_is_kept_in_utc():
    batch = publish(arrived=dt.datetime(2024, 7, 1, 14, tzinfo=dt.timezone(dt.timedelta(hours=2))))
    assert json.loads((batch.folder / "manifest.json").read_text())["arrived"] == "2024-07-01T12:00:00+00:00"


def test_where_there_is_no_folder_there_is_no_batch():
    assert batches.list_batches() == batches.held_batches() == []


def test_numbers_go_on_where_batches_were_held_or_taken_away_from_the_middle():
    first, second, third = publish(1), publish(2), publish(3)
    storage.move_folder(third.folder, paths.HELD / third.name)
    storage.move_folder(first.folder, Path("elsewhere"))
    assert publish(4).seq == 4
    assert [batch.seq for batch in batches.list_batches()] == [2, 4]
    assert second in batches.list_batches()


def test_a_batch_is_never_replaced():
    first = publish(1)
    before = storage.folder_hash(first.folder)
    again = {**FACTS, "arrived": DAY, "champion": None}
    with pytest.raises(StorageError, match=r"data/incoming/00001: is there already"):
        batches.publish(paths.INCOMING, 1, rows(seed=2), left_out=LEFT_OUT, scores=None, **again)
    assert storage.folder_hash(first.folder) == before


def test_what_lies_beside_the_batches_is_none():
    publish()
    (paths.INCOMING / "README.md").write_text("about batches")
    (paths.INCOMING / ".00002.77.tmp").mkdir()
    (paths.INCOMING / "notes").mkdir()
    assert [batch.seq for batch in batches.list_batches()] == [1]


def test_every_flipped_byte_is_found_and_named():
    """Faults A4 and G: 60 flips over all files of a batch, 60 refused; told what to do, which is not `dvc repro`."""
    batch = publish()
    files = [path for path in sorted(batch.folder.iterdir()) if path.name != "manifest.json"]
    assert len(files) == 4
    for file in files:
        good = file.read_bytes()
        for place in random.Random(1).sample(range(len(good)), 15):
            file.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
            with pytest.raises(CorruptFileError, match=rf"00001/{file.name}.*incoming hold 1 .*add its file") as error:
                batches.read_batch(batch)
            assert "dvc repro" not in str(error.value)
        file.write_bytes(good)
    batches.read_batch(batch)


@pytest.mark.parametrize("content", ["{", "{}", '{"files": {}}', '{"files": {}, "arrived": "soon"}'])
def test_a_damaged_manifest_is_named(content):
    batch = publish()
    (batch.folder / "manifest.json").write_text(content)
    with pytest.raises(CorruptFileError, match=r"data/incoming/00001.*incoming hold 1"):
        batches.list_batches()


def test_a_held_batch_that_is_damaged_is_in_nobodys_way(caplog):
    publish(1, place=paths.HELD)
    damaged = publish(2, place=paths.HELD)
    (damaged.folder / "provenance.parquet").write_bytes(b"x" * 100)
    (publish(3, place=paths.HELD).folder / "manifest.json").write_text("{")
    assert [batch.seq for batch in batches.held_batches()] == [1]
    assert "00002/provenance.parquet" in caplog.text
    assert "00003/manifest.json" in caplog.text
    assert "restore it from a copy, or take it away, then add its file again" in caplog.text
    assert "incoming hold" not in caplog.text, "it is held already"


def test_a_number_that_is_not_there_is_told_with_those_that_are():
    publish()
    with pytest.raises(DataError, match=r"data/incoming: has no batch 7\. Batches there: 1\."):
        batches.find_folder(7, paths.INCOMING)


def adder(seeds):
    for seed in seeds:
        publish(seed)
    os._exit(0)  # at once: what other tests imported has exit hooks that fail in a fork


def test_adders_at_once_never_get_the_same_number():
    """Faults J3: three processes, twelve batches, numbers 1 to 12, every batch whole."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=adder, args=(range(4 * i, 4 * i + 4),)) for i in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    found = batches.list_batches()
    assert [batch.seq for batch in found] == list(range(1, 13))
    assert len(batches.known_ids(found)) == 12 * 20
    for batch in found:
        batches.read_batch(batch)


def test_the_ids_of_several_batches_are_known():
    ids = batches.known_ids([publish(1), publish(2)])
    assert ids == {*mails(20, 1)[0]["id"], *mails(20, 2)[0]["id"]}
    assert np.all([isinstance(id_, str) for id_ in ids])
