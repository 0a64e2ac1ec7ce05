"""`labelmill incoming`: new rows by command, with what a person must know to go on."""

import datetime as dt
import json
import re

import pytest

from labelmill import paths, storage
from labelmill.params import load_params
from labelmill.sources.generated import mails
from labelmill.stages import ingest


@pytest.fixture
def ingested(new_project):
    """A new project of which stage ingest was run; the current folder."""
    ingest.run(load_params())
    return new_project


def write(file, *, seed=5, n=40, **columns):
    frame, _ = mails(n, seed, start=dt.date(2024, 6, 25), days=2)
    frame.assign(**columns).to_json(file, orient="records", lines=True, date_format="iso")
    return file


def test_a_file_comes_in_is_listed_held_and_released(labelmill, ingested):
    write(ingested / "monday.jsonl")
    ended = labelmill("incoming", "add", "monday.jsonl")
    assert ended.code == 0
    assert ended.out == "monday.jsonl: batch 1, 40 rows, no champion to score them: data/incoming/00001\n"
    assert "incoming  monday.jsonl" in labelmill("incoming", "list").out
    ended = labelmill("incoming", "hold", "1", "--reason", "a spam trap")
    assert ended.out == "batch 1 is held: data/held/00001\n"
    assert "held: a spam trap" in labelmill("incoming", "list").out
    assert labelmill("incoming", "list", "--json").json[0]["held"] == "a spam trap"
    assert labelmill("incoming", "release", "1").out == "batch 1 is released: data/incoming/00001\n"
    assert labelmill("incoming", "list", "--json").json[0]["held"] is None


def test_the_list_says_which_batches_are_in_training(labelmill, ingested):
    labelmill("incoming", "add", write(ingested / "monday.jsonl"))
    labelmill("run", "--to", "ingest")
    labelmill("incoming", "add", write(ingested / "tuesday.jsonl", seed=6))
    states = re.findall(r" (in training|incoming) ", labelmill("incoming", "list").out)
    assert states == ["in training", "incoming"]
    assert [batch["in_training"] for batch in labelmill("incoming", "list", "--json").json] == [True, False]
    labelmill("incoming", "hold", "1", "--reason", "odd")
    assert [batch["in_training"] for batch in labelmill("incoming", "list", "--json").json] == [False, False]


def test_the_same_file_again_ends_with_13_and_adds_nothing(labelmill, ingested):
    write(ingested / "monday.jsonl")
    labelmill("incoming", "add", "monday.jsonl")
    ended = labelmill("incoming", "add", "monday.jsonl")
    assert ended.code == 13
    assert "error: monday.jsonl: is batch 1 already" in ended.err
    assert len(labelmill("incoming", "list", "--json").json) == 1


def test_of_several_files_the_good_ones_come_in_and_the_worst_gives_the_code(labelmill, ingested):
    write(ingested / "monday.jsonl")
    write(ingested / "tuesday.jsonl", seed=6, text=None)
    (ingested / "empty.csv").write_bytes(b"")
    ended = labelmill("incoming", "add", "monday.jsonl", "monday.jsonl", "empty.csv")
    assert ended.code == 0
    assert ended.err.count("note: ") == 2
    ended = labelmill("incoming", "add", "empty.csv", "tuesday.jsonl", write(ingested / "wednesday.jsonl", seed=7))
    assert ended.code == 3
    assert "wednesday.jsonl: batch 3" in ended.out
    assert "note: empty.csv: is empty" in ended.err
    assert "error: tuesday.jsonl: " in ended.err
    assert "it is kept in data/held/00002" in ended.err
    assert "refused: 1 expectation broken" in labelmill("incoming", "list").out


def test_a_batch_is_held_once_and_for_a_reason(labelmill, ingested):
    labelmill("incoming", "add", write(ingested / "monday.jsonl"))
    assert labelmill("incoming", "hold", "1", "--reason", " ").code == 2
    assert labelmill("incoming", "hold", "1", "--reason", "a").code == 0
    again = labelmill("incoming", "hold", "1", "--reason", "b")
    assert again.code == 13
    assert "held already, and its reason stays: a" in again.err


def test_a_row_that_breaks_what_is_expected_is_named_with_file_and_column(labelmill, ingested):
    frame, _ = mails(40, 5)
    lines = frame.to_json(orient="records", lines=True, date_format="iso").splitlines()
    bad = json.loads(lines[6]) | {"received_at": "next week"}
    (ingested / "a.jsonl").write_text("\n".join([*lines[:6], json.dumps(bad), *lines[7:]]))
    assert "39 rows (1 rejected left out)" in labelmill("incoming", "add", "a.jsonl").out
    reasons = storage.read_table(paths.INCOMING / "00001/rejected.parquet")
    assert reasons["source"].tolist() == ["a.jsonl:7"]
    assert reasons["reason"].tolist() == [
        "column 'received_at': 'next week' is no date (2026-01-31, with or without a time)"
    ]


def test_what_is_added_is_printed_as_json(labelmill, ingested):
    write(ingested / "monday.jsonl")
    told = labelmill("incoming", "add", "monday.jsonl", "monday.jsonl", "--json").json
    assert [(batch["seq"], batch["rows"], batch["champion"]) for batch in told["added"]] == [(1, 40, None)]
    assert "is batch 1 already" in told["problems"][0]


def test_audits_are_lines_to_label_and_to_append(labelmill, ingested):
    write(ingested / "monday.jsonl", n=80)
    labelmill("incoming", "add", "monday.jsonl")
    ended = labelmill("incoming", "audits")
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert lines
    assert {tuple(line) for line in lines} == {("id", "label", "purpose", "batch", "subject", "text")}
    assert f"{len(lines)} rows without a label; classes are ham, spam" in ended.err
    assert labelmill("incoming", "audits", "--json").json == lines
    with paths.ANNOTATIONS.open("a") as file:
        file.writelines(json.dumps(line | {"label": "ham"}) + "\n" for line in lines)
    assert "0 rows without a label" in labelmill("incoming", "audits").err
    ingest.run(load_params())
    gate = storage.read_table(paths.GOLD_GATE).set_index("id")["label"]
    assert (gate[[line["id"] for line in lines]] == 0).all()


def test_before_the_first_batch_it_says_what_to_do(labelmill, new_project):
    assert "labelmill incoming add FILE" in labelmill("incoming", "list").out
    assert labelmill("incoming", "list", "--json").json == []


@pytest.mark.parametrize("command", ["hold", "release"])
def test_a_batch_that_is_not_there_is_an_error_that_tells_which_are(labelmill, new_project, command):
    ended = labelmill("incoming", command, "3", *(["--reason", "x"] if command == "hold" else []))
    assert ended.code == 3
    assert "has no batch 3. Batches there: none" in ended.err


def test_a_project_from_before_there_were_batches_just_works(labelmill, new_project):
    """Without `data/incoming` and without the dep in `dvc.yaml`; of that it is told."""
    (new_project / "data/incoming/README.md").unlink()
    (new_project / "data/incoming").rmdir()
    dvc = new_project / "dvc.yaml"
    dvc.write_text(dvc.read_text().replace("      - data/incoming\n", ""))
    assert labelmill("run", "--to", "ingest").code == 0
    ended = labelmill("incoming", "add", write(new_project / "monday.jsonl"))
    assert ended.code == 0
    assert "note: dvc.yaml: add data/incoming to the deps of ingest" in ended.err
    assert labelmill("run", "--to", "ingest").code == 0
    assert storage.read_json(paths.metrics("ingest"))["batches"] == 1


def test_a_flipped_byte_is_found_by_verify_and_by_ingest(labelmill, ingested):
    labelmill("incoming", "add", write(ingested / "monday.jsonl"))
    file = ingested / "data/incoming/00001/part-00000.parquet"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    for command in (["verify"], ["run", "--to", "ingest"]):
        ended = labelmill(*command)
        assert ended.code == 7
        assert "data/incoming/00001/part-00000.parquet: its bytes are not those that were written" in ended.err


def test_a_refused_file_is_explained_where_it_is_asked_for_and_is_not_the_last_decision(labelmill, ingested):
    labelmill("incoming", "add", write(ingested / "monday.jsonl"))
    labelmill("incoming", "hold", "1", "--reason", "odd")
    (ingested / "tuesday.jsonl").write_bytes("text: näh".encode("latin-1"))
    assert labelmill("incoming", "add", "tuesday.jsonl").code == 3
    assert "Decision 1 of 2\n" in (ended := labelmill("explain", "last")).out
    assert "batch 1 is held" in ended.out
    for command in (["explain", "2"], ["explain", "last", "--kind", "refused_file"]):
        assert "tuesday.jsonl was refused: nothing of it can train" in labelmill(*command).out


def test_a_kind_of_decision_that_there_is_not_is_told_with_those_that_are(labelmill, ingested):
    ended = labelmill("explain", "last", "--kind", "promo")
    assert ended.code == 2
    assert "promotion" in ended.err


@pytest.mark.parametrize(
    ("start", "end", "code", "says"),
    [
        ("2024-06-01", "2024-05-01", 2, "must be after --from"),
        ("2031-01-01", "2031-02-01", 13, "its rows are of 2024-05-"),
    ],
)
def test_a_replay_of_no_day_is_refused_before_anything_is_done(labelmill, ingested, start, end, code, says):
    ended = labelmill("replay", "--from", start, "--to", end)
    assert ended.code == code
    assert says in ended.err
    assert not paths.STATE.exists()


@pytest.mark.slow
def test_only_the_shard_of_the_new_batch_is_labeled(labelmill, new_project, caplog):
    """What a batch adds changes no byte of other shards, so their columns come from the cache."""

    def columns():
        """How many columns the last run computed, and how many it took from the cache."""
        assert labelmill("run", "--to", "label").code == 0
        found = re.findall(r"(\d+) columns computed.*?, (\d+) reused", caplog.text)[-1]
        return tuple(map(int, found))

    lfs, reused = columns()
    assert (lfs > 5, reused) == (True, 0)
    before = {shard.file.name: shard.sha256 for shard in storage.list_shards(paths.CLEAN)}
    for number in (1, 2):
        labelmill("incoming", "add", write(new_project / f"{number}.jsonl", seed=number))
        assert columns() == (lfs, number * lfs)
        shards = {shard.file.name: shard.sha256 for shard in storage.list_shards(paths.CLEAN)}
        assert len(shards) == len(before) + 1
        assert before.items() <= shards.items()
        before = shards
