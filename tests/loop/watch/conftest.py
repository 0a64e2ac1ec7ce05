"""A project that was trained on generated mails, made once, and batches of more of these mails, damaged on demand."""

import datetime as dt
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from commands import ROOT, run

from labelmill import paths
from labelmill.params import load_params
from labelmill.scoring import score_frame
from labelmill.sources import batches
from labelmill.sources.generated import mails
from labelmill.sources.intake import Intake, provenance, rejections

QUICK = {
    "rows": "1600",
    "min_rows": "300",  # of sections validate and drift
    "null_draws": "300",
    "bootstrap_samples": "100",
    "kind": "weighted_vote",
}


STAGES = """
import shutil
from labelmill import paths, stages
from labelmill.params import load_params
params = load_params()
stages.run_stage("ingest", params)
shutil.copytree(paths.INGESTED, paths.CLEAN)
for stage in ("label", "fit_label_model", "featurize", "train", "profile"):
    stages.run_stage(stage, params)
"""
"""In one process, since each takes longer to start than to work."""


@pytest.fixture(scope="session")
def trained_once(shared):
    """A project as far as its reference: do not write to it, take `trained`. Validation, which is slow, is left out."""
    return shared(train_project)


def train_project(folder):
    run("labelmill", "init", folder, "--no-git", cwd=ROOT)
    text = (folder / paths.PARAMS).read_text()
    for key, value in QUICK.items():
        text = re.sub(rf"^  {key}: \S+", f"  {key}: {value}", text, flags=re.MULTILINE)
    (folder / paths.PARAMS).write_text(text)
    run(sys.executable, "-c", STAGES, cwd=folder, LABELMILL_WORKERS="0")


@pytest.fixture
def trained(trained_once, tmp_path, monkeypatch, own_lfs):
    """A copy of it, to do with as one likes; the current folder."""
    monkeypatch.chdir(shutil.copytree(trained_once, tmp_path / "my-task"))
    monkeypatch.setenv("LABELMILL_WORKERS", "0")
    return tmp_path / "my-task"


@pytest.fixture
def params(trained):
    """The params of the project."""
    return load_params()


@pytest.fixture
def arrive():
    """Publish a batch of mails like those of training; `change` damages the frame first."""

    def publish(rows=500, *, seed, change=None, spam_share=0.3, scored=True):
        frame = early(rows, seed, spam_share)
        frame = frame if change is None else change(frame)
        places = provenance([f"day-{seed}"] * len(frame))
        intake = Intake(frame, np.full(len(frame), -1), places, rejections([]), ("text",))
        with batches.adding() as seq:
            return batches.publish(
                paths.INCOMING,
                seq,
                intake,
                left_out=pd.DataFrame({"id": pd.Series(dtype="str")}),
                scores=score_frame(frame, champion=None).drop(columns="pred") if scored else None,
                source=f"day-{seed}",
                sha256=None,
                arrived=dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=seq),
                champion={"seq": 1, "sha256": sha256_of_end_model()} if scored else None,
                rejected=0,
                seen_before=0,
                copies=0,
                refused=None,
            )

    return publish


def sha256_of_end_model():
    from labelmill import storage

    return storage.folder_hash(paths.END_MODEL)


def early(rows, seed, spam_share):
    """Mails of the months that training saw."""
    frame, _ = mails(2 * rows, 1000 + seed, spam_share=spam_share)
    return frame[frame["received_at"] < "2024-05-01"].head(rows).reset_index(drop=True)
