"""A project whose first rows are ingested already, and a DVC project whose one stage makes what is stored."""

import shutil
import sys

import pytest
from commands import ROOT, run

from labelmill import paths, storage
from labelmill.params import load_params
from labelmill.quality.champion import swap_champion
from labelmill.stages import featurize, ingest, train

STAGE = """
import pandas as pd
from labelmill import paths, storage
for path in (paths.CLEAN, paths.PROBS):
    with storage.shard_writer(path) as write:
        for start in (0, 500):
            write(pd.DataFrame({"id": [f"{path.name}{i}" for i in range(start, start + 500)], "pred": 1}))
for path in (paths.LABEL_MODEL, paths.END_MODEL):
    with storage.new_folder(path, kind="linear") as new:
        storage.write_text(new / "weights.txt", path.name * 500)
storage.write_table(paths.GOLD_DEV, pd.DataFrame({"id": [f"clean{i}" for i in range(200)], "label": 1}))
storage.write_json(paths.metrics("label"), {"rows": 1000})
"""
PIPELINE = f"""
stages:
  make:
    cmd: {sys.executable} make.py
    deps: [make.py]
    outs:
      - data/clean
      - data/probs
      - data/gold/dev.parquet
      - models/label_model
      - models/end_model
      - reports/metrics/label.json: {{cache: false}}
"""


@pytest.fixture
def in_project(made_once, tmp_path, monkeypatch):
    """A project on 600 generated mails, ingested and with an end model; the current folder."""
    folder = shutil.copytree(made_once, tmp_path / "my-task")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def made_once(shared):
    """Made once: do not write to it, take `in_project`."""
    return shared(train_on_gold)


def train_on_gold(folder):
    """The label model is left out: gold stands for what it says."""
    run("labelmill", "init", folder, "--no-git", cwd=ROOT)
    file = folder / paths.PARAMS
    file.write_text(file.read_text().replace("rows: 3000", "rows: 600"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        params = load_params()
        ingest.run(params)
        shutil.copytree(paths.INGESTED, paths.CLEAN)
        featurize.run(params)
        _write_probs()
        train.run(params)


@pytest.fixture
def params(in_project):
    """Its params."""
    return load_params()


@pytest.fixture
def champion(in_project):
    """Its end model, in charge."""
    entry = {
        "sha256": storage.folder_hash(paths.END_MODEL),
        "featurizer_sha256": storage.folder_hash(paths.FEATURIZER),
    }
    return swap_champion(0, entry, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)


def _write_probs():
    train_gold = storage.read_table(paths.GOLD_TRAIN).set_index("id")["label"]
    with storage.shard_writer(paths.PROBS) as write:
        for shard in storage.iter_shards(paths.CLEAN, ["id"]):
            spam = shard["id"].map(train_gold).fillna(0).astype(float)
            known = shard["id"].isin(train_gold.index)
            write(shard.assign(covered=known, pred=spam.astype(int).where(known, -1), p_ham=1 - spam, p_spam=spam))


@pytest.fixture(scope="session")
def stored_once(shared):
    """Made once: do not write to it, take `stored`."""
    return shared(store_project)


def store_project(folder):
    folder.mkdir()
    (folder / "make.py").write_text(STAGE)
    (folder / "dvc.yaml").write_text(PIPELINE)
    run("git", "init", "-q", cwd=folder)
    run("dvc", "init", "-q", cwd=folder)
    run("dvc", "repro", "-q", cwd=folder)
    run("dvc", "remote", "add", "-q", "-d", "store", "store", cwd=folder)
    run("dvc", "push", "-q", cwd=folder)


@pytest.fixture
def stored(stored_once, tmp_path, monkeypatch):
    """A copy of it, to do with as one likes; the current folder."""
    folder = shutil.copytree(stored_once, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return folder
