"""Options of the whole test run, the finished project that end-to-end tests start from, and how to load own `lfs`."""

import os
import shutil
import sys

import pytest
from commands import ROOT, run
from hypothesis import settings

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


@pytest.fixture(scope="session")
def made_project(tmp_path_factory):
    """A new project on which `dvc repro` ran once, made once for all workers: do not write to it, take `project`."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    folder = shared / "my-task"
    with exclusive(shared / "made.lock", wait_s=600):
        if not (shared / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            run("labelmill", "init", folder, cwd=ROOT)
            commit(folder, "start")
            run("dvc", "repro", cwd=folder, timeout=600)
            commit(folder, "first run")
            (shared / "done").touch()
    return folder


@pytest.fixture
def project(made_project, tmp_path):
    """A copy of the finished project, to do with as one likes."""
    return shutil.copytree(made_project, tmp_path / "my-task", symlinks=True)


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
