"""One command on one machine: server, schedules and runs come up, and all go down again."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_schedule_fires_and_nothing_is_left_behind(chain, tmp_path_factory, how):
    home = tmp_path_factory.mktemp("prefect")
    port = free_port()
    log = home / "serve.log"
    environment = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_RUNNER_POLL_FREQUENCY": "1"}
    command = [
        sys.executable,
        "-m",
        "flows.serve",
        "--project",
        str(chain),
        "--port",
        str(port),
        "--monitor-every",
        "0.1",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for(
                lambda: "Every stage is up to date." in log.read_text() or "Out of date" in log.read_text(), 150, log
            )
            assert answers(port)
        finally:
            process.send_signal(how)
            process.wait(40)
    wait_for(lambda: not answers(port), 20, log)
    if how == signal.SIGTERM:
        assert process.returncode == 0, log.read_text()[-2000:]


def test_every_deployment_names_a_flow_that_exists():
    from importlib import import_module

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert {d["name"] for d in deployments} >= {"train", "monitor", "train-gpu"}
    for deployment in deployments:
        file, flow = deployment["entrypoint"].split(":")
        found = getattr(import_module(file.removesuffix(".py").replace("/", ".")), flow)
        assert set(deployment.get("parameters", {})) <= set(found.parameters.properties)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2):
            return True
    except (OSError, urllib.error.URLError):
        return False


def wait_for(condition, timeout_s: float, log: Path) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.3)
