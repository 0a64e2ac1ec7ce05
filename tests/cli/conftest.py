"""Projects for commands to work on."""

import re
import shutil
import sys

import pytest
from commands import ROOT, run


@pytest.fixture
def new_project(labelmill, tmp_path, monkeypatch):
    """A new project on 400 generated mails, nothing run yet; the current folder."""
    folder = tmp_path / "my-task"
    assert labelmill("init", folder, "--no-git").code == 0
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("rows: 3000", "rows: 400"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def labeled_once(shared):
    """A project as far as the label model: do not write to it, take `labeled`."""
    return shared(label_project)


def label_project(folder):
    run("labelmill", "init", folder, "--no-git", cwd=ROOT)
    label_rows(folder, rows=400)


@pytest.fixture
def labeled(labeled_once, tmp_path, monkeypatch):
    """A copy of it, to do with as one likes; the current folder."""
    monkeypatch.chdir(shutil.copytree(labeled_once, tmp_path / "my-task"))
    return tmp_path / "my-task"


@pytest.fixture
def label():
    """Run a new project as far as the label model, on so many generated mails."""
    return label_rows


STAGES = """
import shutil
from labelmill import paths, stages
from labelmill.params import load_params
params = load_params()
stages.run_stage("ingest", params)
shutil.copytree(paths.INGESTED, paths.CLEAN)
for stage in ("label", "fit_label_model"):
    stages.run_stage(stage, params)
"""
"""In one process, since each takes longer to start than to work."""


def label_rows(folder, *, rows):
    """Validation, which is slow, is left out."""
    params = folder / "params.yaml"
    params.write_text(re.sub("rows: [0-9]+", f"rows: {rows}", params.read_text(), count=1))
    run(sys.executable, "-c", STAGES, cwd=folder)
