"""kill -9 of one process in the middle of a stage, then the same command: no orphan, no double run, the same bytes.

`pytest tests/faults/test_kill.py --every-kill` goes through all of them.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml
from commands import ENVIRONMENT, ROOT, hashes

from labelmill.stages import TRAINING

pytestmark = pytest.mark.slow

RESULTS = ("data/label_matrix", "data/probs", "models/end_model", "reports/metrics")
SAMPLE = {("flow", "label"), ("dvc", "train"), ("stage", "fit_label_model"), ("stage", "ingest")}
EVERY = [(victim, stage) for stage in TRAINING for victim in ("flow", "dvc", "stage")]


def pytest_generate_tests(metafunc):
    chosen = EVERY if metafunc.config.getoption("--every-kill") else [case for case in EVERY if case in SAMPLE]
    metafunc.parametrize(("victim", "stage"), chosen)


def test_the_same_command_recovers(project, tmp_path, victim, stage):
    expected = hashes(project, *RESULTS)
    forget(project, stage)
    if victim == "flow":
        command = [sys.executable, "-m", "flows.train", "--project", str(project)]
    else:
        command = [sys.executable, "-m", "dvc", "repro"]
    cwd = ROOT if victim == "flow" else project
    environment = {**ENVIRONMENT, "PREFECT_HOME": str(tmp_path / "prefect")}

    with (tmp_path / "first.log").open("wb") as log:
        first = subprocess.Popen(command, cwd=cwd, env=environment, stdout=log, stderr=subprocess.STDOUT)
        worker = wait_for_stage(project, stage, first, tmp_path / "first.log")
        {"flow": first, "dvc": dvc_above(worker), "stage": worker}[victim].kill()
        first.wait(60)
    wait_until(lambda: not alive(worker), "the stage outlived its parents")
    wait_until(lambda: not at_work_in(project), f"orphans: {at_work_in(project)}")

    again = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=600,
        check=False,
    )
    assert again.returncode == 0, again.stdout[-5000:]
    assert again.stdout.count(f"Running stage '{stage}'") == 1, "run twice, or not at all"
    assert hashes(project, *RESULTS) == expected


def forget(project: Path, stage: str) -> None:
    """Remove what the stage made, here and in DVC's cache, so that it must run again."""
    shutil.rmtree(project / ".dvc/cache/runs")
    for out in yaml.safe_load((project / "dvc.lock").read_text())["stages"][stage]["outs"]:
        place, md5 = project / out["path"], out["md5"]
        (project / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink(missing_ok=True)
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def wait_for_stage(project: Path, stage: str, first: subprocess.Popen, log: Path) -> psutil.Process:
    """The process that holds the stage's lock, as soon as there is one."""
    lock = project / ".cache/locks" / f"{stage}.lock"
    lock.unlink(missing_ok=True)
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and first.poll() is None:
        try:
            return psutil.Process(json.loads(lock.read_text())["pid"])
        except (OSError, ValueError, psutil.NoSuchProcess):
            time.sleep(0.02)
    raise AssertionError(f"{stage} never started:\n{log.read_text()[-3000:]}")


def dvc_above(worker: psutil.Process) -> psutil.Process:
    return next(parent for parent in worker.parents() if "dvc" in parent.cmdline())


def alive(process: psutil.Process) -> bool:
    """Whether it runs; a zombie that nobody reaped yet does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def at_work_in(project: Path) -> list[str]:
    found = []
    for process in psutil.process_iter():
        try:
            # A Prefect server of the flow works elsewhere, but keeps its database beside the project.
            here = process.cwd() == str(project) or process.environ().get("PREFECT_HOME") == str(
                project.parent / "prefect"
            )
            if here and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def wait_until(condition, otherwise: str) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.05)
