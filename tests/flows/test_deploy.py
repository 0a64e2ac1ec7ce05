"""The README's way to schedule with workers, on a real server: pools, deployments, and a worker that runs one."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from readme import blocks

from labelmill.processes import die_with_parent
from labelmill.stages import TRAINING

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(chain):
    """What a clone has: the project, the flows and their deployments."""
    shutil.copytree(ROOT / "flows", chain / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "prefect.yaml", chain)
    return chain


@pytest.fixture
def environment(clone, tmp_path_factory):
    """The variables of a shell whose Prefect server is a new one."""
    from flows.serve import server

    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PREFECT_HOME": str(home),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "LABELMILL_HOME": str(clone),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        with server("127.0.0.1", port, log=home / "server.log") as api:
            yield {**variables, "PREFECT_API_URL": api}


def test_a_worker_runs_what_was_deployed(clone, environment):
    def prefect(*arguments):
        done = subprocess.run(
            arguments, cwd=clone, env=environment, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=180
        )
        assert done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    (block,) = blocks("", holds="prefect deploy")
    *deploy, worker = block.commands
    for command in [*deploy, deploy[-1]]:  # deploying again must do no harm
        prefect(*command)
    listed = prefect("prefect", "deployment", "ls")
    assert {name for name in ("train/train", "monitor/monitor", "train-gpu/train-gpu") if name in listed} == {
        "train/train",
        "monitor/monitor",
        "train-gpu/train-gpu",
    }
    assert prefect("prefect", "automation", "ls").count("train-on-drift") == 1

    log = clone / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            worker, cwd=clone, env=environment, stdout=output, stderr=subprocess.STDOUT, preexec_fn=as_in_a_terminal
        )
        try:
            prefect(
                "prefect",
                "deployment",
                "run",
                "train/train",
                "--param",
                "promote=false",
                "--param",
                "version=false",
                "--watch",
            )  # its exit code is that of the run
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    assert (clone / "ran.txt").read_text().split() == list(TRAINING)


def as_in_a_terminal() -> None:
    """SIGINT counts, which a shell's background job ignores; and the worker goes when the tests are killed."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    die_with_parent()
