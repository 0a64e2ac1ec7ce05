"""A tiny project as stages leave it, so that versions of it can be made without running any."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.params import load_params

PARAMS = """
task: {name: toy, classes: [ham, spam], text_columns: [text]}
ingest: {source: generated}
"""
LFS = """
from labelmill import keyword_lf

cash = keyword_lf("cash", ["cash"], column="text", label=1)
work = keyword_lf("work", ["meeting"], column="text", label=0)
"""


@pytest.fixture
def project(tmp_path, monkeypatch, own_lfs):
    """The current folder; what it returns changes parts of it."""
    monkeypatch.chdir(tmp_path)
    storage.write_text(paths.PARAMS, PARAMS)
    storage.write_text(paths.DVC_YAML, "stages: {}\n")
    storage.write_text(paths.DVC_LOCK, "schema: '2.0'\n")
    storage.write_text(paths.LFS / "words.py", LFS)
    storage.write_text(paths.ANNOTATIONS, "# hand labels\n")
    storage.write_json(paths.TRACKED, {"run_id": "1"})
    for name in ("clean", "label_matrix", "soft_votes"):
        write_rows(paths.Path("data") / name, pd.DataFrame({"id": [f"r{i}" for i in range(40)]}))
    for path in (paths.LABEL_MODEL, paths.FEATURIZER, paths.END_MODEL):
        with storage.new_folder(path) as new:
            storage.write_text(new / "weights.txt", "1")
    label()
    score(0.8)
    return SimpleNamespace(folder=tmp_path, label=label, score=score, params=load_params)


def label(spam=range(10), none=range(30, 40), newsletter=(), *, rows=40, first=0):
    """Give every row a label: ham, unless it is listed."""
    classes = ["ham", "spam", *(["newsletter"] if newsletter else [])]
    preds = np.zeros(rows, dtype=np.int64)
    for number, listed in ((1, spam), (2, newsletter), (-1, none)):
        preds[list(listed)] = number
    table = pd.DataFrame({"id": [f"r{first + i}" for i in range(rows)], "covered": preds >= 0, "pred": preds})
    for number, name in enumerate(classes):
        table[f"p_{name}"] = np.where(preds == number, 0.9, 0.1 / (len(classes) - 1))
    write_rows(paths.PROBS, table)
    shares = {"cash": (preds == 1).mean(), "work": (preds == 0).mean()}
    storage.write_text(paths.LF_SUMMARY, "lf,Coverage\n" + "".join(f"{lf},{share}\n" for lf, share in shares.items()))


def score(value):
    """Write the test scores."""
    storage.write_json(paths.SCORES, {"end_model": {"balanced_accuracy": value, "f1": 0.5}})


def write_rows(path, table):
    """Write a table in two shards."""
    with storage.shard_writer(path) as write:
        write(table.iloc[:25])
        write(table.iloc[25:])
