"""A small project whose stages have all run, and an MLflow database that is made once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage, telemetry
from labelmill.params import Params, parse_params

telemetry.switch_off()

CREATE = """
from labelmill.tracking import database
with database.connected() as client:
    client.search_experiments()
"""


@pytest.fixture(scope="session")
def template_database(shared) -> Path:
    """An empty MLflow database; made by another process, since MLflow keeps a database open."""
    return shared(create_database) / "mlflow.db"


def create_database(folder: Path) -> None:
    folder.mkdir()
    subprocess.run([sys.executable, "-c", CREATE], cwd=folder, check=True, timeout=120)


@pytest.fixture
def params() -> Params:
    return parse_params(
        {
            "task": {"name": "toy", "classes": ["ham", "spam"], "text_columns": ["subject", "text"]},
            "ingest": {"source": "generated"},
            "fit_label_model": {"kind": "majority_vote"},
            "featurize": {"numeric_columns": ["links"], "categorical_columns": ["domain"], "min_df": 1},
        }
    )


@pytest.fixture
def project(tmp_path: Path, params: Params, template_database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a project with results of every stage, tiny, and an empty MLflow."""
    for name in [name for name in os.environ if name.startswith(("LABELMILL_", "MLFLOW_TRACKING", "GIT_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shutil.copy(template_database, folder / "mlflow.db")
    storage.write_text(paths.PARAMS, "task: {name: toy}\n")
    storage.write_text(paths.LFS / "words.py", "act_now = 1\n")
    write_tables()
    write_models(params)
    write_reports()
    return folder


@pytest.fixture
def results() -> SimpleNamespace:
    """What changes the results of the project."""
    return SimpleNamespace(rows=rows, write_models=write_models, write_reports=write_reports, write_lock=write_lock)


@pytest.fixture
def client(project: Path):
    """MLflow as others see it."""
    import mlflow

    from labelmill.tracking import database

    return mlflow.MlflowClient(database.tracking_uri(), database.tracking_uri())


def rows(n: int = 40, seed: int = 0) -> pd.DataFrame:
    """Toy mails: spam says `win`, ham says `meeting`."""
    rng = np.random.default_rng(seed)
    word = np.where(np.arange(n) % 2 == 1, "win money now", "meeting at noon")
    return pd.DataFrame(
        {
            "id": [f"r{i:05d}" for i in range(n)],
            "subject": [f"note {rng.integers(9)}" for _ in range(n)],
            "text": [f"{w} {rng.integers(99)}" for w in word],
            "links": [["http://a.example"] * int(i % 3) for i in range(n)],
            "domain": [f"d{i % 4}.example" for i in range(n)],
        }
    )


def write_tables() -> None:
    frame = rows()
    votes = pd.DataFrame({"id": frame["id"], "win": np.where(frame["text"].str.contains("win"), 1, -1).astype(np.int8)})
    probs = pd.DataFrame({"id": frame["id"], "covered": True, "pred": 1, "p_ham": 0.1, "p_spam": 0.9})
    for path, table in ((paths.CLEAN, frame), (paths.LABEL_MATRIX, votes), (paths.PROBS, probs)):
        with storage.shard_writer(path) as write:
            write(table)


def write_models(params: Params, weight: float = 1.0) -> None:
    from labelmill.end_model.features import Featurizer
    from labelmill.end_model.model import EndModel

    featurizer = Featurizer(params.featurize, text_columns=params.task.text_columns).fit(rows())
    says_spam = np.array([name.endswith(("win", "money", "now")) for name in featurizer.names], dtype=np.float32)
    arrays = {
        "weight": np.column_stack([-says_spam, says_spam]) * np.float32(weight),
        "bias": np.array([0.3, -0.3], dtype=np.float32),
    }
    featurizer.save(paths.FEATURIZER)
    EndModel("linear", params.task.classes, arrays, featurizer.hash).save(paths.END_MODEL)
    with storage.new_folder(paths.LABEL_MODEL) as folder:
        (folder / "model.json").write_text("{}")


def write_reports(f1: float = 0.8) -> None:
    interval = {"value": f1, "low": f1 - 0.1, "high": f1 + 0.1}
    measures = {"balanced_accuracy": interval, "f1": interval, "pr_auc": interval}
    subsets = {"all": {"n": 40, **measures}, "covered": {"n": 30, **measures}, "uncovered": {"n": 10, **measures}}
    storage.write_json(paths.metrics("evaluate"), {"test": {"end_model": subsets, "majority_vote": subsets}})
    storage.write_json(paths.metrics("label"), {"coverage": 0.7, "lfs": 3})
    storage.write_text(paths.REPORT, "<html><body>report</body></html>")
    storage.write_text(paths.LF_SUMMARY, "lf,j\nwin,0\n")
    storage.write_text(paths.LEARNING_CURVE, "epoch,train_loss,valid_loss\n0,0.6,0.7\n1,0.3,0.5\n2,0.2,0.45\n")


def write_lock(path: Path, md5: str, size: int) -> None:
    """A `dvc.lock` that knows one out."""
    content = {"schema": "2.0", "stages": {"ingest": {"outs": [{"path": path.as_posix(), "md5": md5, "size": size}]}}}
    storage.write_text(paths.DVC_LOCK, json.dumps(content))
