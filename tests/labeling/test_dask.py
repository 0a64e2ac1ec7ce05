"""The same bytes from a Dask cluster as from this process, though workers are killed (faults B3, E1)."""

import os
import shutil
import signal
import threading
from pathlib import Path

import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import MissingToolError
from labelmill.labeling.engines import dask as engine
from labelmill.params import load_params
from labelmill.settings import load_settings
from labelmill.stages import label

TEMPLATE = Path(label.__file__).parents[1] / "template"
SLOW = """
import time

from labelmill import keyword_lf, labeling_function

cash = keyword_lf("cash", ["cash"], column="text", label=1)

@labeling_function
def slow(mail):
    time.sleep(0.004)
    return len(mail.text) % 2
"""
POISON = """
import os

from labelmill import labeling_function

@labeling_function
def dies(mail):
    if mail.id == "r30":
        os._exit(1)
    return 0
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path, monkeypatch, own_lfs):
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABELMILL_WORKERS", "2")
    shutil.copy(TEMPLATE / "params.yaml", tmp_path / "params.yaml")
    Path("lfs").mkdir()
    Path("lfs/main.py").write_text(SLOW)
    rows = pd.DataFrame({"id": [f"r{i}" for i in range(1000)], "split": "train"})
    rows["text"] = [f"text {i} {'cash' * (i % 3)}" for i in range(1000)]
    with storage.shard_writer(paths.CLEAN) as write:
        for start in range(0, 1000, 125):
            write(rows[start : start + 125])
    paths.GOLD_DEV.parent.mkdir(parents=True)
    storage.write_table(paths.GOLD_DEV, pd.DataFrame({"id": ["r0"], "label": [0]}))
    return tmp_path


def labeled(*, engine):
    """What the stage leaves, with nothing kept from before."""
    os.environ["LABELMILL_ENGINE"] = engine
    shutil.rmtree(".cache", ignore_errors=True)
    try:
        label.run(load_params())
    finally:
        del os.environ["LABELMILL_ENGINE"]
    files = [file for folder in (paths.LABEL_MATRIX, paths.SOFT_VOTES) for file in sorted(folder.rglob("*"))]
    return {str(file): file.read_bytes() for file in [*files, paths.LF_ERRORS] if file.is_file()}


@pytest.mark.filterwarnings("default")
def test_byte_equal_though_workers_are_killed(project):
    here = labeled(engine="local")
    stop = threading.Event()
    killed = []

    def kill():
        """Kill a worker when the first part is there, and another one later."""
        while not stop.wait(0.05):
            if len(list(Path("data").glob(".label_matrix.*.tmp/part-*"))) > 2 * len(killed):
                for pid in workers_of(os.getpid())[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                if len(killed) == 2:
                    return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        there = labeled(engine="dask")
    finally:
        stop.set()
        killer.join()
    assert there == here
    assert killed, "the cluster was done before any worker was killed"


def workers_of(pid):
    """Processes of Dask's workers, by their parent."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            command = (stat.parent / "cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        if parent == pid and b"spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.filterwarnings("default")
def test_a_poison_row_is_named_and_the_cluster_lives(project):
    Path("lfs/main.py").write_text(POISON)
    labeled(engine="dask")
    errors = storage.read_table(paths.LF_ERRORS)
    assert errors[["lf", "id"]].to_numpy().tolist() == [["dies", "r30"]]


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "dask", None)
    with pytest.raises(MissingToolError, match=r"labelmill\[dask\]"):
        list(engine.label_on_dask([], None))
    assert load_settings().engine == "local"
