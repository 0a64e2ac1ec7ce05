"""`labelmill import` and `labelmill export`: thin, so each is tried once from end to end, with what goes wrong."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from labelmill import interop, paths, storage
from labelmill.sources.annotations import read_annotations

CLASSES = ("ham", "spam")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small project as the label model leaves it: three rows of train, one each of dev, gate and test."""
    folder = tmp_path_factory.mktemp("interop") / "task"
    ids, splits = list("abcdef"), ["train", "train", "train", "dev", "gate", "test"]
    L = np.array([[0, -1], [1, 0], [-1, -1], [1, 1], [0, 0], [-1, 1]], dtype=np.int8)
    rows = pd.DataFrame({"id": ids, "split": splits, "text": [f"Grüße {i}" for i in ids]})
    rows["sent_at"] = pd.Timestamp("2024-05-01", tz="UTC")
    spam = np.array([0.1, 0.6, 0.5, 0.9, 0.05, 0.8])
    probs = pd.DataFrame({"id": ids, "covered": [True, True, False, True, True, True], "pred": spam > 0.5})
    probs = probs.astype({"pred": "int64"}).assign(p_ham=1 - spam, p_spam=spam)
    for name, frame in (("clean", rows), ("probs", probs)):
        with storage.shard_writer(folder / "data" / name) as write:
            write(frame)
    interop.write_votes(folder / paths.LABEL_MATRIX, interop.NamedVotes(L, ["words", "links"], ids))
    for path, row_ids, labels in (
        (paths.GOLD_TRAIN, ["a", "b", "c"], [0, 1, -1]),
        (paths.GOLD_DEV, ["d"], [1]),
        (paths.GOLD_TEST, ["f"], [1]),
    ):
        storage.write_table(folder / path, pd.DataFrame({"id": row_ids, "label": labels}))
    (folder / "params.yaml").write_text(
        "task: {name: spam, classes: [ham, spam], text_columns: [text]}\ningest: {source: generated}\n"
    )
    return folder


@pytest.fixture
def task(made, tmp_path, monkeypatch):
    """A copy of that project; the current folder."""
    folder = shutil.copytree(made, tmp_path / "task")
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("suffix", ["npy", "npz", "csv"])
def test_dense_there_and_back(suffix, labelmill, task):
    ended = labelmill("export", "dense", f"votes.{suffix}")
    assert ended.code == 0
    assert "6 rows x 2 labeling functions, 8 votes: votes." in ended.err
    assert labelmill("import", "dense", f"votes.{suffix}", "--out", "again").code == 0
    before, after = (interop.read_votes(path) for path in (paths.LABEL_MATRIX, task / "again"))
    assert np.array_equal(before.L, after.L)
    if suffix != "npy":
        assert (before.lf_names, before.ids) == (after.lf_names, after.ids)


def test_crowd_there_and_back(labelmill, task):
    ended = labelmill("export", "crowd", "crowd.csv")
    assert "8 votes of 2 labeling functions written to crowd.csv" in ended.err
    lines = (task / "crowd.csv").read_text().splitlines()
    assert lines[:3] == ["task,worker,label", "a,words,ham", "b,words,spam"]
    assert labelmill("import", "crowd", "crowd.csv", "--out", "again").code == 0
    after = interop.read_votes(task / "again")
    assert after.ids == list("abdef"), "nobody voted on c"
    before = interop.read_votes(paths.LABEL_MATRIX)
    assert np.array_equal(after.L, before.L[[0, 1, 3, 4, 5]])


def test_wrench_there_and_back(labelmill, task):
    ended = labelmill("export", "wrench", "bench")
    assert "5 rows written to bench, 1 of gate left out" in ended.err
    data = interop.read_wrench(task / "bench")
    assert data.frame["id"].tolist() == ["train/a", "train/b", "train/c", "valid/d", "test/f"]
    assert data.gold.tolist() == [0, 1, -1, 1, 1]
    assert data.classes == ["ham", "spam"]
    ended = labelmill("import", "wrench", "bench", "--out", "from_bench")
    assert ended.code == 0
    assert "label_column gold, task.classes ['ham', 'spam']" in ended.err
    rows = [json.loads(line) for line in (task / "from_bench/rows.jsonl").read_text().splitlines()]
    assert rows[2] == {
        "id": "train/c",
        "wrench_split": "train",
        "text": "Grüße c",
        "sent_at": "2024-05-01T00:00:00+00:00",
        "gold": None,
    }
    votes = interop.read_votes(task / "from_bench/label_matrix")
    assert np.array_equal(votes.L, data.L)
    assert votes.lf_names == ["words", "links"]


def test_ingest_reads_the_rows_of_a_benchmark(labelmill, task):
    from labelmill.params import load_params
    from labelmill.sources.tables import read_tables

    labelmill("export", "wrench", "bench")
    labelmill("import", "wrench", "bench", "--out", "from_bench")
    params = task / "params.yaml"
    ingest = "ingest: {source: jsonl, path: from_bench/rows.jsonl, label_column: gold}"
    params.write_text(params.read_text().replace("ingest: {source: generated}", ingest))
    intake = read_tables(load_params())
    assert intake.frame["id"].tolist() == interop.read_wrench(task / "bench").frame["id"].tolist()
    assert intake.gold.tolist() == [0, 1, -1, 1, 1]


def test_label_studio_gets_the_least_certain_train_rows(labelmill, task):
    ended = labelmill("export", "label-studio", "tasks.json", "--uncertain", "2", "--config", "config.xml")
    assert ended.code == 0
    assert "2 tasks written to tasks.json, 2 with a prediction" in ended.err
    tasks = json.loads((task / "tasks.json").read_text())
    assert [item["data"] for item in tasks] == [{"id": "b", "text": "Grüße b"}, {"id": "a", "text": "Grüße a"}]
    assert tasks[0]["predictions"][0]["score"] == 0.6
    assert '<Choice value="spam"/>' in (task / "config.xml").read_text()


def test_label_studio_gets_chosen_rows(labelmill, task):
    (task / "ids.txt").write_text("c\n\na\n")
    ended = labelmill("export", "label-studio", "tasks.json", "--ids", "ids.txt", "--no-predictions")
    assert "2 tasks written to tasks.json, 0 with a prediction" in ended.err
    shutil.rmtree(task / paths.PROBS)
    assert labelmill("export", "label-studio", "tasks.json", "--ids", "ids.txt", "--no-predictions").code == 0
    (task / "ids.txt").write_text("z\n")
    ended = labelmill("export", "label-studio", "tasks.json", "--ids", "ids.txt", "--no-predictions")
    assert ended.code == 3
    assert "the rows have no id 'z'" in ended.err
    (task / "ids.txt").write_text("a\nf\n")
    ended = labelmill("export", "label-studio", "tasks.json", "--ids", "ids.txt", "--no-predictions")
    assert ended.code == 3
    assert "ids.txt: the row 'f' is of split 'test'" in ended.err


@pytest.mark.parametrize("arguments", [[], ["--uncertain", "1", "--ids", "ids.txt"]])
def test_label_studio_needs_a_number_or_a_file_of_ids(arguments, labelmill, task):
    ended = labelmill("export", "label-studio", "tasks.json", *arguments)
    assert ended.code == 2
    assert "either --uncertain N" in ended.err


def test_what_people_chose_becomes_gold_once(labelmill, task):
    labelmill("export", "label-studio", "tasks.json", "--uncertain", "2")
    tasks = json.loads((task / "tasks.json").read_text())
    for item, label in zip(tasks, ["spam", "ham"], strict=True):
        chosen = {**item.pop("predictions")[0]["result"][0], "value": {"choices": [label]}}
        item["annotations"] = [{"id": 1, "completed_by": 3, "result": [chosen]}, {"id": 2, "was_cancelled": True}]
    (task / "export.json").write_text(json.dumps(tasks))
    ended = labelmill("import", "label-studio", "export.json", "--purpose", "dev")
    assert ended.code == 0
    assert "2 annotations appended to gold/annotations.jsonl, 0 were there already" in ended.err
    assert ended.err.count("annotation 2: was skipped") == 2
    assert [(row.id, CLASSES[row.label]) for row in read_annotations(paths.ANNOTATIONS, CLASSES)] == [
        ("b", "spam"),
        ("a", "ham"),
    ]
    ended = labelmill("import", "label-studio", "export.json", "--purpose", "dev", "--rows", "rows.jsonl")
    assert (task / "rows.jsonl").read_text().splitlines()[0] == '{"id": "b", "text": "Grüße b"}'
    assert "0 annotations appended to gold/annotations.jsonl, 2 were there already" in ended.err


def test_rows_that_began_in_label_studio_have_its_numbers_as_ids(labelmill, task):
    (task / "export.json").write_text(json.dumps([{"id": 7, "data": {"text": "act now"}}]))
    assert labelmill("import", "label-studio", "export.json", "--purpose", "dev").code == 3
    ended = labelmill("import", "label-studio", "export.json", "--purpose", "dev", "--own-ids", "--rows", "rows.jsonl")
    assert "1 rows written to rows.jsonl" in ended.err
    assert (task / "rows.jsonl").read_text() == '{"id": "7", "text": "act now"}\n'


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["import", "dense", "no.csv", "--out", "x"], 3, "no.csv: cannot be read"),
        (["import", "wrench", "no", "--out", "x"], 3, "label.json: cannot be read"),
        (["import", "crowd", "params.yaml", "--out", "x"], 3, "params.yaml"),
        (["import", "label-studio", "no.json", "--purpose", "dev"], 3, "no.json: cannot be read"),
        (["export", "dense", "votes.txt"], 3, "found '.txt'"),
        (["export", "wrench", "data"], 3, "not empty"),
        (["export", "dense", "votes.csv", "--matrix", "no"], 7, "there is no such file"),
    ],
)
def test_what_goes_wrong_is_named(arguments, code, message, labelmill, task):
    ended = labelmill(*arguments)
    assert ended.code == code
    assert message in ended.err
    assert not (task / "x").exists()


@pytest.mark.parametrize("group", ["import", "export"])
def test_help_names_every_format(group, labelmill):
    text = labelmill(group, "--help").out
    assert all(name in text for name in ("dense", "wrench", "crowd", "label-studio"))
