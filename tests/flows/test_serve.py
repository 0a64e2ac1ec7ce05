"""One command on one machine: server, schedules, trigger and runs come up, and all go down again."""

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from labelmill.quality import decisions

ROOT = Path(__file__).parents[2]


@contextmanager
def served(project, port, log, *arguments, **environment):
    """`flows.serve` of a project, as soon as it serves; whatever is left of it at the end is killed."""
    command = [sys.executable, "-m", "flows.serve", "--project", str(project), "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: "to stop" in log.read_text(), 120, log)
        yield process
    finally:
        process.kill()
        process.wait(40)


@pytest.mark.slow
def test_ctrl_c_ends_a_flow_by_hand_with_a_word_and_no_traceback(chain):
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.monitor", "--project", str(chain)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        # A shell that starts the tests in the background has it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    log = chain / ".prefect" / "server.log"
    wait_for(log.exists, 60, log)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.decode().endswith("stopped; files of finished stages are whole\n")
    assert b"Traceback" not in said


@pytest.mark.slow
def test_a_schedule_fires_and_nothing_is_left_behind(chain, tmp_path_factory):
    home = tmp_path_factory.mktemp("prefect")
    port, log = free_port(), home / "serve.log"
    for how in (signal.SIGKILL, signal.SIGTERM):  # Ctrl-C is below
        with served(chain, port, log, "--monitor-every", "0.1", PREFECT_HOME=str(home)) as process:
            if how == signal.SIGKILL:
                # The first runs at once; the second came by the schedule.
                wait_for(lambda: log.read_text().count("for flow 'monitor'") >= 2, 150, log)
            assert answers(port)
            process.send_signal(how)
            process.wait(40)
        wait_for(lambda: not answers(port), 20, log)
        wait_until_gone(home, 20, log)
        assert how == signal.SIGKILL or process.returncode == 0, log.read_text()[-2000:]


@pytest.mark.slow
def test_drift_starts_train_also_after_a_crash_and_behind_late_runs(prefect_server, chain, tmp_path):
    # As every stage of labelmill does, it dies with the `dvc` above it.
    body = "import time\nfrom labelmill.processes import die_with_parent\ndie_with_parent()\ntime.sleep(60)\n"
    (chain / "label.py").write_text(body)
    (chain / ".env").write_text("LABELMILL_ALERT_COMMAND=\"sh -c 'cat >> alerts.txt'\"\n")
    log = tmp_path / "serve.log"
    with chdir(chain):
        decisions.record("drift", action="retrain", reason="lottery is gone", seq=3)
    address = {"PREFECT_API_URL": api(), "PREFECT_HOME": str(tmp_path / "prefect")}
    with served(chain, urlsplit(api()).port, log, **address) as process:
        wait_for(lambda: [run.state_name for run in trains("lottery is gone")] == ["Running"], 60, log)
        wait_for(lambda: "label" in stages_begun(log), 60, log)
        process.kill()
        process.wait()
    wait_until_gone(tmp_path / "prefect", 20, log)
    (dead,) = trains("lottery is gone")
    assert dead.state_name == "Running", "the server knows nothing of a kill -9"

    plant(deployment("monitor"), 30, {})
    plant(deployment("train"), 2, {"reason": "by somebody"})
    with served(chain, urlsplit(api()).port, log, **address) as process:
        assert "30 runs of monitor" in log.read_text()
        assert f"train {dead.name}: marked as crashed" in log.read_text()
        wait_for(lambda: "Running" in {run.state_name for run in all_trains()}, 60, log)
        wait_for(lambda: "label" in stages_begun(log), 60, log)
        wait_for(lambda: len(all_trains()) == 4, 20, log)
        # The dead run gave its place back, the retrain was asked for again, and one run answers all three requests.
        states = sorted((run.state_name, run.parameters["reason"]) for run in all_trains())
        assert [state for state, _ in states] == ["Cancelled", "Cancelled", "Crashed", "Running"], states
        assert "by somebody; lottery is gone" in log.read_text() or "lottery is gone; by somebody" in log.read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0, log.read_text()[-2000:]
    wait_until_gone(tmp_path / "prefect", 20, log)
    assert answers(urlsplit(api()).port), "a server that was there before stays"
    assert f"train crashed in {chain} (run {dead.name})" in (chain / "alerts.txt").read_text()


@pytest.mark.slow
def test_a_second_project_leaves_the_first_alone(slow_chains, tmp_path):
    (first, second), home = slow_chains, tmp_path
    with chdir(first):
        decisions.record("drift", action="retrain", reason="lottery is gone", seq=3)
    port, other_port = free_port(), free_port()
    log, environment = home / "first.log", {"PREFECT_HOME": str(home / "prefect")}
    with served(first, port, log, **environment), on_server(port):
        wait_for(lambda: [run.state_name for run in trains("lottery is gone")] == ["Running"], 60, log)

        command = [sys.executable, "-m", "flows.serve", "--project", str(second), "--port", str(port)]
        refused = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, text=True, capture_output=True)
        assert refused.returncode == 1
        assert str(first) in refused.stderr
        assert "--port" in refused.stderr
        assert not (second / ".prefect" / "api").exists(), "flows by hand would report to the server of the other one"

        with served(second, other_port, home / "second.log", **environment):
            assert flows_of(port) == {str(first)}
            assert flows_of(other_port) == {str(second)}
            assert [run.state_name for run in trains("lottery is gone")] == ["Running"]


def test_every_deployment_names_a_flow_that_exists():
    from importlib import import_module

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert {d["name"] for d in deployments} >= {"train", "monitor", "train-gpu"}
    for deployment in deployments:
        file, flow = deployment["entrypoint"].split(":")
        found = getattr(import_module(file.removesuffix(".py").replace("/", ".")), flow)
        assert set(deployment.get("parameters", {})) <= set(found.parameters.properties)


def test_a_live_run_is_not_taken_for_a_dead_one():
    from prefect.events.schemas.automations import AutomationCore, Posture
    from prefect.settings import get_current_settings

    automation = AutomationCore.model_validate(yaml.safe_load((ROOT / "flows/dead_runs.yaml").read_text()))
    trigger, (action,) = automation.trigger, automation.actions
    assert trigger.posture == Posture.Proactive
    assert trigger.after < trigger.expect, "each heartbeat puts the end off"
    assert trigger.within.total_seconds() > 3 * get_current_settings().flows.heartbeat_frequency
    assert action.state == "CRASHED"


def client():
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def api() -> str:
    from prefect.settings import PREFECT_API_URL

    return PREFECT_API_URL.value()


@contextmanager
def on_server(port):
    """Everything that asks a server asks this one."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
        yield


def flows_of(port) -> set[str]:
    """The projects whose flows a server has."""
    with on_server(port), client() as server:
        return {one.parameters["project"] for one in server.read_deployments()}


def deployment(name):
    with client() as server:
        return server.read_deployment_by_name(f"{name}/{name}").id


def all_trains():
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId

    only = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment("train")]))
    with client() as server:
        return [run for run in server.read_flow_runs(flow_run_filter=only) if not run.auto_scheduled]


def trains(reason):
    return [run for run in all_trains() if run.parameters["reason"] == reason]


def plant(deployment_id, count, parameters):
    """Runs that were due an hour ago."""
    from prefect.states import Scheduled

    with client() as server:
        for _ in range(count):
            server.create_flow_run_from_deployment(
                deployment_id,
                parameters=parameters,
                state=Scheduled(scheduled_time=dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)),
            )


def stages_begun(log) -> str:
    return " ".join(line for line in log.read_text().splitlines() if "Running stage" in line)


@contextmanager
def chdir(folder):
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2):
            return True
    except OSError:
        return False


def wait_until_gone(home: Path, timeout_s: float, log: Path) -> None:
    """Wait until none of the processes is left; say which are."""
    try:
        wait_for(lambda: not at_work_for(home), timeout_s, log)
    except AssertionError as error:
        raise AssertionError(f"still at work: {at_work_for(home)}\n{error}") from None


def at_work_for(home: Path) -> list[str]:
    """Processes that keep their Prefect files in `home`, apart from zombies: number, state, parent, command."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"PREFECT_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0")
            state, parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            if ours and state != "Z":
                found.append(f"{folder.name} {state} {parent} {(folder / 'cmdline').read_text().replace(chr(0), ' ')}")
        except OSError:
            continue
    return found


def wait_for(condition, timeout_s: float, log: Path) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.3)
