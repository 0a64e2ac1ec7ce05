"""Options of the whole test run, the finished project that end-to-end tests start from, the command line, own `lfs`."""

import gc
import json
import logging
import os
import shutil
import sys
from typing import NamedTuple

import pytest
from commands import ROOT, run
from hypothesis import settings

from labelmill import cli
from labelmill.labeling import loading
from labelmill.storage import exclusive

# A busy machine is no bug, and a run that fails must fail again.
settings.register_profile("labelmill", deadline=None, derandomize=True)
settings.load_profile("labelmill")


def pytest_addoption(parser):
    parser.addoption(
        "--every-kill",
        action="store_true",
        help="kill each of flow, dvc and stage in each of the ten stages (about 15 minutes) instead of a sample",
    )


def pytest_configure():
    """Compile what is imported once, not in each of many processes, also where the environment asks for no bytecode."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items):
    """Slow tests come first, so that at the end no worker is left alone with a long one."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish():
    """Let the garbage collector pass over what was imported and collected: all of it stays to the end."""
    gc.freeze()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """Call `shared(make)`: a folder that `make(folder)` filled, once for all workers. Nobody may write to it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def once(make):
        place = base / make.__name__
        with exclusive(place / "made.lock", wait_s=600):
            if not (place / "done").exists():
                shutil.rmtree(place / "my-task", ignore_errors=True)
                make(place / "my-task")
                (place / "done").touch()
        return place / "my-task"

    return once


@pytest.fixture(scope="session")
def made_project(shared):
    """A new project on which `dvc repro` ran once: do not write to it, take `project`."""
    return shared(run_project)


def run_project(folder):
    run("labelmill", "init", folder, cwd=ROOT)
    commit(folder, "start")
    run("dvc", "repro", cwd=folder, timeout=600)
    commit(folder, "first run")


@pytest.fixture
def project(made_project, tmp_path):
    """A copy of the finished project, to do with as one likes."""
    return shutil.copytree(made_project, tmp_path / "my-task", symlinks=True)


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def labelmill(monkeypatch, capsys):
    """Call `labelmill ARGUMENTS` in the current folder as a shell does, but in this process."""
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
def own_lfs():
    """Let a test load its own `lfs` package; afterwards the one that was loaded before is back."""
    finders, before = list(sys.meta_path), _lfs_modules()
    yield
    added = [finder for finder in sys.meta_path if finder not in finders and finder.__module__ != loading.__name__]
    sys.meta_path[:] = [*finders, *added]  # Dask's import brings one without which no package has a version
    for name in _lfs_modules():
        del sys.modules[name]
    sys.modules.update(before)


def _lfs_modules():
    return {name: module for name, module in sys.modules.items() if name.split(".")[0] == "lfs"}


def commit(folder, message):
    run("git", "add", "-A", cwd=folder)
    run("git", "commit", "-qm", message, cwd=folder)
