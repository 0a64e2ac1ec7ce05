"""The command line called in this process as a shell calls it: arguments in; exit code and what it printed out."""

import json
import logging
import shutil
import sys
from typing import NamedTuple

import pytest

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


@pytest.fixture
def labeled(labelmill, new_project):
    """The project as far as the label model; validation, which is slow, is left out."""
    labelmill("stage", "ingest")
    shutil.copytree(paths.INGESTED, paths.CLEAN)
    for stage in ("label", "fit_label_model"):
        assert labelmill("stage", stage).code == 0
    return new_project
