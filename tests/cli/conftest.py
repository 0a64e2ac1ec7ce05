"""The command line called in this process as a shell calls it: arguments in; exit code and what it printed out."""

import json
import logging
import re
import shutil
import sys
from typing import NamedTuple

import pytest
from commands import ROOT, run

from labelmill import cli, paths


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def labelmill(monkeypatch, capsys):
    """Call `labelmill ARGUMENTS` in the current folder."""
    monkeypatch.setenv("COLUMNS", "200")
    before = logging.getLogger("labelmill").level

    def call(*arguments):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["labelmill", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Ended(ended.value.code or 0, out, err)

    yield call
    logging.getLogger("labelmill").setLevel(before)


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
def labeled_once(tmp_path_factory):
    """A project as far as the label model, made once: do not write to it, take `labeled`."""
    folder = tmp_path_factory.mktemp("labeled") / "my-task"
    run("labelmill", "init", folder, "--no-git", cwd=ROOT)
    label_rows(folder, rows=400)
    return folder


@pytest.fixture
def labeled(labeled_once, tmp_path, monkeypatch):
    """A copy of it, to do with as one likes; the current folder."""
    monkeypatch.chdir(shutil.copytree(labeled_once, tmp_path / "my-task"))
    return tmp_path / "my-task"


@pytest.fixture
def label():
    """Run a new project as far as the label model, on so many generated mails."""
    return label_rows


def label_rows(folder, *, rows):
    """Validation, which is slow, is left out."""
    params = folder / "params.yaml"
    params.write_text(re.sub("rows: [0-9]+", f"rows: {rows}", params.read_text(), count=1))
    run("labelmill", "stage", "ingest", cwd=folder)
    shutil.copytree(folder / paths.INGESTED, folder / paths.CLEAN)
    for stage in ("label", "fit_label_model"):
        run("labelmill", "stage", stage, cwd=folder)
