"""Stage ingest: what it leaves behind, the same bytes each time, nothing broken when it fails."""

import csv
import datetime as dt
import json
import random

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import DataError, LabelmillError
from labelmill.params import parse_params
from labelmill.sources import batches
from labelmill.sources.generated import mails
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.stages import ingest

SPLITS = {"date_column": "received_at", "test_from": "2024-05-01", "dev_rows": 60, "gate_rows": 40}
GOLD = {"train": paths.GOLD_TRAIN, "dev": paths.GOLD_DEV, "gate": paths.GOLD_GATE, "test": paths.GOLD_TEST}


def params(*, seed=3, text_columns=("subject", "text"), **section):
    section = {"source": "generated", "rows": 600, "splits": SPLITS} | section
    task = {"name": "t", "classes": ["ham", "spam"], "text_columns": list(text_columns), "seed": seed}
    return parse_params({"task": task, "ingest": section})


@pytest.fixture(autouse=True)
def in_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hashes(folder):
    files = [p for p in folder.rglob("*") if p.is_file() and ("data" in p.parts or "reports" in p.parts)]
    return {str(p.relative_to(folder)): storage.sha256_file(p) for p in files}


def test_it_writes_what_it_says_and_reads_nothing_else(in_project):
    ingest.run(params())
    for path in ingest.WRITES:
        assert path.exists(), path
    written = {p for p in in_project.rglob("*") if p.is_file()}
    declared = [in_project / path for path in ingest.WRITES]
    assert all(any(p == d or d in p.parents for d in declared) for p in written)


def test_rows_and_gold_of_each_split_belong_together():
    ingest.run(params())
    rows, stream = storage.read_shards(paths.INGESTED), storage.read_shards(paths.STREAM)
    assert list(rows.columns)[:2] == ["id", "split"]
    assert set(rows["split"]) == {"train", "dev", "gate", "test"}
    assert set(stream["split"]) == {"incoming"}
    everything = pd.concat([rows, stream])
    assert everything["id"].is_unique
    gold = {split: storage.read_table(path) for split, path in GOLD.items()}
    gold["incoming"] = storage.read_table(paths.GOLD_STREAM)
    for split, table in gold.items():
        assert sorted(table["id"]) == sorted(everything.loc[everything["split"] == split, "id"])
        assert table["label"].dtype == "int64"
        assert set(table["label"]) == {0, 1}
    late = everything["received_at"] >= "2024-05-01"
    assert late.equals(everything["split"].isin(["test", "incoming"]))
    assert sorted(storage.read_table(paths.PROVENANCE)["id"]) == sorted(everything["id"])
    assert "label" not in everything


def test_metrics_count_classes_of_dev_only():
    ingest.run(params())
    metrics = storage.read_json(paths.metrics("ingest"))
    assert metrics["splits"]["dev"] == 60 == sum(metrics["dev_gold"].values())
    assert sum(metrics["splits"].values()) == metrics["rows"]
    assert sum(metrics["months"].values()) == metrics["rows"]
    assert list(metrics["months"]) == [f"2024-0{month}" for month in range(1, 7)]
    assert metrics["date_source"] == {"mbox": metrics["rows"]}
    assert "spam" not in json.dumps({key: value for key, value in metrics.items() if key != "dev_gold"})


def test_the_same_params_give_the_same_bytes_and_another_seed_others(in_project):
    ingest.run(params())
    first = hashes(in_project)
    ingest.run(params())
    assert hashes(in_project) == first
    ingest.run(params(seed=4))
    assert hashes(in_project) != first


def test_small_shards_hold_the_same_rows():
    ingest.run(params())
    whole = storage.read_shards(paths.INGESTED)
    ingest.run(params(shard_rows=100))
    assert len(list(storage.iter_shards(paths.INGESTED))) == -(-len(whole) // 100)
    pd.testing.assert_frame_equal(storage.read_shards(paths.INGESTED), whole)


TABLE = {
    "source": "csv",
    "path": "rows",
    "label_column": "label",
    "splits": {"date_column": "day", "test_from": "2024-05-01", "dev_rows": 5, "gate_rows": 5},
}


def write_tables(folder, rows, files):
    folder.mkdir(exist_ok=True)
    for number in range(files):
        with (folder / f"{number}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "day", "label"), *rows[number::files]])


def test_shuffled_files_and_rows_give_the_same_rows_and_splits(in_project):
    rows = [(f"text {i % 90} of some length", f"2024-0{1 + i % 6}-01", "spam" if i % 3 else "ham") for i in range(90)]
    rows += rows[:7]
    same = [paths.INGESTED, paths.STREAM, *GOLD.values(), paths.metrics("ingest")]
    results = []
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        write_tables(in_project / "rows", rows, files=1 + seed)
        ingest.run(params(text_columns=["text"], **TABLE))
        now = hashes(in_project)
        results.append({name: hash_ for name, hash_ in now.items() if any(name.startswith(str(path)) for path in same)})
    assert results[0] == results[1] == results[2]
    assert storage.read_json(paths.metrics("ingest"))["duplicates"] == 7


def test_labels_given_by_hand_become_gold(in_project):
    ingest.run(params())
    train, test = (storage.read_table(GOLD[split])["id"].tolist() for split in ("train", "test"))
    (in_project / "gold").mkdir()
    lines = [{"id": train[0], "label": "spam", "purpose": "dev"}, {"id": train[1], "label": 0, "purpose": "gate"}]
    paths.ANNOTATIONS.write_text("\n".join(map(json.dumps, lines)))
    ingest.run(params())
    gold = {split: storage.read_table(path).set_index("id")["label"] for split, path in GOLD.items()}
    assert gold["dev"][train[0]] == 1
    assert gold["gate"][train[1]] == 0
    assert not set(train[:2]) & set(gold["train"].index)
    assert (len(gold["dev"]), len(gold["gate"])) == (61, 41)
    before = hashes(in_project)
    paths.ANNOTATIONS.write_text(json.dumps({"id": test[0], "label": 1, "purpose": "dev"}))
    with pytest.raises(LabelmillError, match=r"gold/annotations\.jsonl:1: labels the row"):
        ingest.run(params())
    assert hashes(in_project) == before


def test_gold_that_is_rare_or_absent_still_runs(in_project):
    write_tables(in_project / "rows", [(f"text {i}", f"2024-0{1 + i % 6}-01", "") for i in range(60)], files=1)
    ingest.run(params(text_columns=["text"], **TABLE))
    assert len(storage.read_table(paths.GOLD_DEV)) == 0
    assert storage.read_json(paths.metrics("ingest"))["dev_gold"] == {"ham": 0, "spam": 0}


BROKEN = {
    "empty": b"",
    "header only": b"text,day,label\n",
    "cut": b'text,day,label\n"cut',
    "columns": b"txt,day,label\na,2024-01-01,ham\n",
    "binary": bytes(range(256)) * 100,
    "dates": b"text,day,label\na,soon,ham\n",
    "line": b"text,day,label\n" + b"x" * 50_000_000 + b"\n",
    "nul": b"\0" * 1000,
    "utf-16": "text,day,label\na,2024-01-01,ham\n".encode("utf-16"),
    "class": b"text,day,label\na,2024-01-01,eggs\n",
    "gzip": b"\x1f\x8b\x08\x00garbage",
    "bytes": b"text,day,label\n\xff\xfe,2024-01-01,ham\n",
    "no dates": b"text,day,label\na,,ham\nb,,spam\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_a_named_error_and_leaves_earlier_outputs(name, in_project):
    ingest.run(params())
    before = hashes(in_project)
    (in_project / "rows").mkdir()
    (in_project / "rows/a.csv").write_bytes(BROKEN[name])
    if name == "no dates":  # undated rows are rows of the train period
        ingest.run(params(text_columns=["text"], **TABLE))
        assert storage.read_json(paths.metrics("ingest"))["months"] == {"none": 2}
        return
    with pytest.raises(LabelmillError, match=r"rows"):
        ingest.run(params(text_columns=["text"], **TABLE))
    assert hashes(in_project) == before


def test_a_date_column_that_is_none_is_named():
    with pytest.raises(LabelmillError, match=r"date_column is 'subject'.*\['received_at', 'sent_at'\]"):
        ingest.run(params(splits={"date_column": "subject"}))


def publish(frame):
    """These rows as a batch, as if they had come in."""
    where = provenance([f"file:{i}" for i in range(len(frame))])
    intake = Intake(frame.reset_index(drop=True), np.full(len(frame), -1), where, rejections([]), ())
    facts = {"source": "f", "sha256": None, "champion": None, "rejected": 0, "seen_before": 0, "copies": 0}
    arrived = dt.datetime(2024, 7, 1, tzinfo=dt.UTC)
    with batches.adding() as seq:
        batches.publish(
            paths.INCOMING, seq, intake, left_out=intake.rejected, scores=None, arrived=arrived, refused=None, **facts
        )


def day(seed, n=50):
    return mails(n, seed, start=dt.date(2024, 6, 20) + dt.timedelta(days=seed), days=1)[0]


class TestBatches:
    def test_each_adds_shards_of_its_own_and_changes_none_that_was_there(self):
        ingest.run(params(shard_rows=100))
        shards = {shard.file.name: shard.sha256 for shard in storage.list_shards(paths.INGESTED)}
        for seed, rows in ((1, 50), (2, 150)):
            publish(day(seed, rows))
            ingest.run(params(shard_rows=100))
            now = {shard.file.name: shard.sha256 for shard in storage.list_shards(paths.INGESTED)}
            assert len(now) == len(shards) + -(-rows // 100)
            assert shards.items() <= now.items()
            shards = now

    def test_the_rows_say_which_batches_they_are_of(self):
        assert batches.ingested() == {}
        publish(day(1))
        ingest.run(params())
        publish(day(2))
        assert batches.ingested() == {"00001": storage.folder_hash(paths.INCOMING / "00001")}
        ingest.run(params())
        assert batches.ingested() == batches.hashes()
        assert list(batches.hashes()) == ["00001", "00002"]

    @pytest.mark.parametrize("seed", range(3))
    def test_ids_of_the_splits_are_apart_and_gold_follows_the_rows(self, seed):
        ingest.run(params(seed=seed))
        before = {split: set(storage.read_table(path)["id"]) for split, path in GOLD.items()}
        stream = storage.read_shards(paths.STREAM).drop(columns="split")
        test = storage.read_shards(paths.INGESTED).query("split == 'test'").drop(columns="split")
        for frame in (day(1), stream.head(40), test.head(10), day(2)):
            publish(frame)
        ingest.run(params(seed=seed))
        after = {split: storage.read_table(path)["id"] for split, path in GOLD.items()}
        assert pd.concat(after.values()).is_unique
        assert set(after["dev"]) == before["dev"]
        assert set(after["test"]) == before["test"]
        assert len(set(after["train"]) | set(after["gate"])) == len(before["train"] | before["gate"]) + 140
        rows = storage.read_shards(paths.INGESTED)
        for split, ids in after.items():
            assert sorted(ids) == sorted(rows.loc[rows["split"] == split, "id"])
        provenance_ids = storage.read_table(paths.PROVENANCE)["id"]
        assert provenance_ids.is_unique
        assert set(rows["id"]) <= set(provenance_ids)
        metrics = storage.read_json(paths.metrics("ingest"))
        assert (metrics["batches"], metrics["rows_of_batches_left_out"]) == (4, 10)
        assert metrics["rows"] == sum(metrics["splits"].values())

    def test_the_stream_and_its_gold_stay_whole_when_its_rows_come_in(self, in_project):
        ingest.run(params())
        stream = storage.read_shards(paths.STREAM).drop(columns="split")
        before = {name: hash_ for name, hash_ in hashes(in_project).items() if "stream" in name}
        publish(stream)
        ingest.run(params())
        after = {name: hash_ for name, hash_ in hashes(in_project).items() if "stream" in name}
        assert (len(before) > 2, after) == (True, before)

    def test_a_window_leaves_older_train_rows_out(self):
        publish(day(3))
        ingest.run(params(window=60))
        rows = storage.read_shards(paths.INGESTED)
        oldest = rows.groupby("split")["received_at"].min().dt.date
        assert oldest["train"] >= dt.date(2024, 6, 23) - dt.timedelta(days=60)
        assert oldest["dev"] < dt.date(2024, 2, 15)
        metrics = storage.read_json(paths.metrics("ingest"))
        assert metrics["older_than_window"] > 100
        assert metrics["rows"] == sum(metrics["splits"].values())

    def test_the_same_batches_give_the_same_bytes(self, in_project):
        publish(day(1))
        ingest.run(params())
        first = hashes(in_project)
        ingest.run(params())
        assert hashes(in_project) == first

    def test_a_damaged_batch_is_named_and_nothing_is_written(self, in_project):
        ingest.run(params())
        publish(day(1))
        (paths.INCOMING / "00001/provenance.parquet").write_bytes(b"PAR1")
        before = hashes(in_project)
        with pytest.raises(LabelmillError, match=r"data/incoming/00001/provenance\.parquet.*incoming hold 1"):
            ingest.run(params())
        assert hashes(in_project) == before

    def test_an_experiment_in_a_copy_without_the_batches_says_how_to_take_them_along(self, in_project, monkeypatch):
        """DVC copies what git knows, and git knows of no batch: it would train on fewer rows, and tell nobody."""
        publish(day(1))
        copy = in_project / ".dvc/tmp/exps/tmpabc"
        copy.mkdir(parents=True)
        monkeypatch.chdir(copy)
        with pytest.raises(DataError, match=r"--copy-paths data/incoming"):
            ingest.run(params())
