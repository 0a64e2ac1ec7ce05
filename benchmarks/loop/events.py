"""How long it takes from a decision to retrain until `train` runs, also after the machine was down for an hour.

`PYTHONPATH=. python benchmarks/loop/events.py [--times 5]` serves a project of stages that do nothing with
`python -m flows.serve` (a Prefect server of its own), records decisions to retrain and lets them be announced; told is
the time from the event to the start of the run, by the server's clock. Then `serve` is killed with -9, a decision is
recorded, and it is served again: once as it is, once with the late runs of an hour in which `monitor` was due every
minute and a `train` by somebody else. Told is the time from the command to the start of the run that answers.
"""

import argparse
import contextlib
import datetime as dt
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from labelmill.stages import TRAINING

ROOT = Path(__file__).parents[2]
LATE_MONITORS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        project = make_project(Path(folder) / "project")
        os.chdir(project)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        os.environ |= {"PREFECT_HOME": str(Path(folder) / "prefect"), "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "true"}
        os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
        with served(port):
            taken = [from_event(f"reason {number}") for number in range(given.times)]
            print(f"event to running: {', '.join(f'{s:.1f}' for s in taken)} s", flush=True)
        for late in (0, LATE_MONITORS):
            after_downtime(port, late)


def from_event(reason: str) -> float:
    """Seconds from the event to the start of the run."""
    from flows._outbox import announce

    decide(reason)
    asked = dt.datetime.now(dt.UTC)
    announce(Path.cwd(), lambda line: None)
    run = started(reason)
    wait_until(lambda: not unfinished())
    return (run.start_time - asked).total_seconds()


def after_downtime(port: int, late: int) -> None:
    with server_alone(port):
        plant("monitor", late, {})
        if late:
            plant("train", 1, {"reason": "by somebody"})
    reason = f"behind {late} late runs"
    decide(reason)
    asked = dt.datetime.now(dt.UTC)
    with served(port):
        ready = (dt.datetime.now(dt.UTC) - asked).total_seconds()
        run = started(reason)
        wait_until(lambda: not unfinished())
    print(
        f"down, served again behind {late} late runs: ready after {ready:.1f} s, train running after "
        f"{(run.start_time - asked).total_seconds():.1f} s",
        flush=True,
    )


def make_project(folder: Path) -> Path:
    """A DVC project with the stages' names, none of which does anything."""
    folder.mkdir()
    stages = {name: {"cmd": f"echo {name} > {name}.out", "outs": [f"{name}.out"]} for name in TRAINING}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (folder / "params.yaml").write_text("task: {name: events, classes: [ham, spam]}\ningest: {source: generated}\n")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    return folder


@contextlib.contextmanager
def served(port: int) -> Iterator[None]:
    """`flows.serve`, from the time it is ready until it is killed with -9."""
    log = Path("serve.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.serve", "--project", ".", "--port", str(port)],
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "to stop" in log.read_text(), log=log)
        yield
    finally:
        process.kill()
        process.wait()
        wait_until(lambda: not answers(port))


@contextlib.contextmanager
def server_alone(port: int) -> Iterator[None]:
    from flows._server import server

    with server("127.0.0.1", port, log=Path("server.log")):
        yield


def decide(reason: str) -> None:
    from labelmill.quality import decisions

    decisions.record("drift", action="retrain", reason=reason, seq=1)


def plant(name: str, count: int, parameters: dict[str, Any]) -> None:
    """Runs that were due in the last hour."""
    from prefect.client.orchestration import get_client
    from prefect.states import Scheduled

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"{name}/{name}")
        for number in range(count):
            due = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=count - number)
            client.create_flow_run_from_deployment(
                deployment.id, parameters=parameters, state=Scheduled(scheduled_time=due)
            )


def started(reason: str) -> Any:
    """The run that answers, as soon as it runs."""
    found: list[Any] = []

    def runs() -> bool:
        found[:] = [run for run in trains() if reason in str(run.parameters["reason"]) and run.start_time]
        return bool(found)

    wait_until(runs)
    return found[0]


def unfinished() -> list[Any]:
    return [run for run in trains() if run.state.is_running() or run.state.is_pending()]


def trains() -> list[Any]:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId

    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("train/train")
        only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment.id]))
        return client.read_flow_runs(flow_run_filter=only)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Any, *, log: Path | None = None, timeout_s: float = 180) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, log.read_text()[-3000:] if log else "timed out"
        time.sleep(0.2)


if __name__ == "__main__":
    main()
