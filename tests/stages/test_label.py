import json
import logging
import sys

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import LFError
from labelmill.labeling.matrix import read_label_matrix
from labelmill.params import parse_params
from labelmill.stages import label

LFS = """
from labelmill import batch_labeling_function, keyword_lf, labeling_function
import numpy as np

cash = keyword_lf("cash", ["cash"], column="text", label=1)

@labeling_function
def replies(mail):
    return 0 if mail.subject.startswith("Re:") else None

@batch_labeling_function
def long(frame):
    return np.where(frame["text"].str.len() > 15, 0, -1)
"""


def mails(start, count):
    rows = range(start, start + count)
    return pd.DataFrame(
        {
            "id": [f"m{i}" for i in rows],
            "split": ["dev" if i % 4 == 0 else "train" if i % 4 < 3 else "test" for i in rows],
            "subject": ["Re: x" if i % 2 else "x" for i in rows],
            "text": ["cash" if i % 3 == 0 else "a rather long text" if i % 3 == 1 else "-" for i in rows],
            "received_at": pd.to_datetime(["2002-08-01"] * count, utc=True),
        }
    )


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    paths.LFS.mkdir()
    (paths.LFS / "main.py").write_text(LFS)
    write_rows([mails(0, 12), mails(12, 8)])
    yield tmp_path
    for name in [name for name in sys.modules if name.split(".")[0] == "lfs"]:
        del sys.modules[name]


def write_rows(shards):
    with storage.shard_writer(paths.CLEAN) as write:
        for shard in shards:
            write(shard)
    rows = pd.concat(shards)
    dev = rows[rows["split"] == "dev"]
    gold = pd.DataFrame({"id": dev["id"], "label": (dev["text"] == "cash").astype("int64")})
    storage.write_table(paths.GOLD_DEV, gold.sample(frac=1, random_state=0))


def params(**section):
    task = {"name": "spam", "classes": ["ham", "spam"], "hidden_columns": ["received_at", "split"]}
    return parse_params({"task": task, "ingest": {"source": "generated"}, "label": section})


def outputs():
    found = [file for path in label.WRITES for file in ([path] if path.is_file() else sorted(path.iterdir()))]
    return {str(file): file.read_bytes() for file in found}


def test_votes_summary_and_totals(project):
    label.run(params())
    rows = pd.concat([mails(0, 12), mails(12, 8)], ignore_index=True)
    ids, L, names = read_label_matrix(paths.LABEL_MATRIX)
    assert ids.tolist() == rows["id"].tolist()
    assert names == ["cash", "replies", "long"]
    expected = [
        np.where(rows["text"] == "cash", 1, -1),
        np.where(rows["subject"] == "x", -1, 0),
        np.where(rows["text"].str.len() > 15, 0, -1),
    ]
    assert np.array_equal(L, np.stack(expected, axis=1))
    assert [len(shard) for shard in storage.iter_shards(paths.LABEL_MATRIX)] == [12, 8]
    assert storage.read_table(paths.LF_ERRORS).empty

    summary = pd.read_csv(paths.LF_SUMMARY, index_col="lf")
    assert list(summary.columns) == [
        "j", "Polarity", "Coverage", "Overlaps", "Conflicts", "Correct", "Incorrect", "Emp. Acc.", "Emp. Acc. Low",
        "Emp. Acc. High", "Errors",
    ]  # fmt: skip
    assert summary["Polarity"].tolist() == ["[1]", "[0]", "[0]"]
    assert summary["Correct"].tolist() == [2, 0, 2]  # of the five dev rows 0, 4, 8, 12, 16
    assert summary["Incorrect"].tolist() == [0, 0, 0]

    metrics = json.loads(paths.metrics("label").read_text())
    assert (metrics["lfs"], metrics["rows"], metrics["errors"]) == (3, 20, 0)
    assert metrics["coverage"] == (L != -1).any(axis=1).mean()
    assert metrics["train"]["rows"] == (rows["split"] == "train").sum()
    assert metrics["train"]["coverage"] == (L != -1).any(axis=1)[rows["split"] == "train"].mean()


SOFT = """

@labeling_function
def either(mail):
    return {0, 1} if mail.text == "-" else {1: 3, 0: 1} if mail.text == "cash" else None
"""


def test_soft_votes_lie_beside_the_matrix(project):
    label.run(params())
    assert [len(shard) for shard in storage.iter_shards(paths.SOFT_VOTES)] == [0, 0]
    (paths.LFS / "main.py").write_text(LFS + SOFT)
    for _ in ("computed", "from the cache"):
        label.run(params())
        soft = storage.read_shards(paths.SOFT_VOTES)
        assert soft.dtypes.astype(str).tolist() == ["str", "str", "int8", "float64"]
        matrix = storage.read_shards(paths.LABEL_MATRIX).set_index("id")["either"]
        assert matrix.tolist() == [1, -1, 0] * 6 + [1, -1]
        weights = soft.pivot(index="id", columns="class", values="weight").reindex(matrix.index[matrix >= 0])
        assert weights.loc["m0"].tolist() == [0.25, 0.75]
        assert weights.loc["m2"].tolist() == [0.5, 0.5]
        assert weights.notna().all(axis=None)
        assert set(soft["lf"]) == {"either"}


@pytest.mark.slow
def test_the_same_bytes_with_and_without_cache(project):
    label.run(params())
    cold = outputs()
    label.run(params())
    assert outputs() == cold


def test_the_log_says_what_was_computed(project, caplog):
    caplog.set_level(logging.INFO)
    label.run(params())
    assert "3 labeling functions on 20 rows: 6 columns computed (cash, long, replies), 0 reused" in caplog.text
    (paths.LFS / "main.py").write_text(LFS.replace("> 15", "> 16"))
    caplog.clear()
    label.run(params())
    assert "2 columns computed (long), 4 reused" in caplog.text


def test_gold_changes_no_vote(project):
    label.run(params())
    before = outputs()
    gold = storage.read_table(paths.GOLD_DEV)
    storage.write_table(paths.GOLD_DEV, gold.assign(label=1 - gold["label"]))
    label.run(params())
    changed = {name for name, data in outputs().items() if data != before[name]}
    assert changed == {str(paths.LF_SUMMARY)}


@pytest.mark.parametrize("body", ["mail.received_at and None", "mail['split'] and None"])
def test_hidden_columns_cannot_be_read(project, body):
    extra = f"\n@labeling_function\ndef peeks(mail):\n    return {body}\n"
    (paths.LFS / "main.py").write_text(LFS + extra)
    with pytest.raises(LFError, match=r"'peeks' .* hidden columns"):
        label.run(params())
    assert not paths.LABEL_MATRIX.exists()


@pytest.mark.slow
def test_what_is_hidden_changes_no_vote(project):
    label.run(params())
    before = read_label_matrix(paths.LABEL_MATRIX)[1]
    write_rows([mails(0, 12).assign(split="train", received_at=None), mails(12, 8).assign(split="train")])
    label.run(params())
    assert np.array_equal(read_label_matrix(paths.LABEL_MATRIX)[1], before)


FAILS = "\n@labeling_function\ndef fails(mail):\n    return 1 // (int(mail.id[1:]) % 10) and None\n"


def test_failures_are_recorded_beside_the_votes(project):
    (paths.LFS / "main.py").write_text(LFS + FAILS)
    label.run(params(max_error_share=0.1))
    errors = storage.read_table(paths.LF_ERRORS)
    assert errors[["lf", "id", "exception"]].values.tolist() == [
        ["fails", f"m{i}", "ZeroDivisionError"] for i in (0, 10)
    ]
    assert pd.read_csv(paths.LF_SUMMARY, index_col="lf")["Errors"].tolist() == [0, 0, 0, 2]
    assert json.loads(paths.metrics("label").read_text())["errors"] == 2
    kept = outputs()
    label.run(params(max_error_share=0.1))
    assert outputs() == kept


def test_a_function_that_fails_too_often_stops_the_run_after_all_were_applied(project, caplog):
    label.run(params())
    before = paths.LF_SUMMARY.read_bytes(), outputs()["data/label_matrix/manifest.json"]
    (paths.LFS / "main.py").write_text(LFS.replace("> 15", "> 16") + FAILS)
    with pytest.raises(LFError) as error:
        label.run(params(max_error_share=0.09))
    assert "fails (lfs/main.py:15) on 2 of 20 rows, first on m0: ZeroDivisionError" in str(error.value)
    assert "main.py:17" in str(error.value)
    assert (paths.LF_SUMMARY.read_bytes(), outputs()["data/label_matrix/manifest.json"]) == before
    assert len(storage.read_table(paths.LF_ERRORS)) == 2
    (paths.LFS / "main.py").write_text(LFS.replace("> 15", "> 16"))
    caplog.set_level(logging.INFO)
    label.run(params())
    assert "0 columns computed, 6 reused" in caplog.text


def test_or_at_the_first_failure(project):
    (paths.LFS / "main.py").write_text(LFS + FAILS)
    with pytest.raises(LFError, match="'fails' failed on row 'm0'"):
        label.run(params(on_error="raise"))
