"""A real DVC project whose one stage makes what is stored, with a remote that has it, too."""

import shutil
import sys

import pytest
from commands import run

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


@pytest.fixture(scope="session")
def stored_once(tmp_path_factory):
    """Made once: do not write to it, take `stored`."""
    folder = tmp_path_factory.mktemp("stored") / "project"
    folder.mkdir()
    (folder / "make.py").write_text(STAGE)
    (folder / "dvc.yaml").write_text(PIPELINE)
    run("git", "init", "-q", cwd=folder)
    run("dvc", "init", "-q", cwd=folder)
    run("dvc", "repro", "-q", cwd=folder)
    run("dvc", "remote", "add", "-q", "-d", "store", "store", cwd=folder)
    run("dvc", "push", "-q", cwd=folder)
    return folder


@pytest.fixture
def stored(stored_once, tmp_path, monkeypatch):
    """A copy of it, to do with as one likes; the current folder."""
    folder = shutil.copytree(stored_once, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return folder
