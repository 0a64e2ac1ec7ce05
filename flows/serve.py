"""One machine, one terminal: the Prefect server, the schedules, the trigger and the runs.

`python -m flows.serve` uses the server that answers at the address, or starts one and ends it again
with Ctrl-C or SIGTERM; killed with -9 it takes its server and its runs along.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows._outbox import DRIFT, announce, resource
from flows._runs import SERVED_BY, bury, drop_late
from flows._server import HOST, address_file, serve_lock, server

if TYPE_CHECKING:
    from prefect.runner import Runner

# A drift event must start `train` in seconds; Prefect's own value is 10.
_POLL_S = "2"
# `monitor` and `train` run once each at a time; more places, so that no backlog of one keeps the other waiting.
_LIMIT = 4


def main() -> None:
    """Serve the flows of a project until stopped."""
    parser = argparse.ArgumentParser(prog="python -m flows.serve", description=__doc__)
    parser.add_argument("--project", default=".", help="the project folder")
    parser.add_argument("--host", default=HOST, help="address of the Prefect server")
    parser.add_argument("--port", type=int, default=4200, help="port of the Prefect server")
    parser.add_argument("--monitor-every", type=float, default=60, metavar="MINUTES", help="how often monitor runs")
    parser.add_argument("--train-cron", default="0 3 * * 1", help="when train runs; default: Mondays at 3")
    given = parser.parse_args()
    stopped = threading.Event()
    _on_stop(stopped, at_once=True)
    from labelmill.errors import LabelmillError
    from labelmill.storage import exclusive

    project = Path(given.project).resolve()
    home = project / ".prefect"
    try:
        model = resource(project)
        with (
            contextlib.suppress(KeyboardInterrupt),
            exclusive(serve_lock(project)),
            server(given.host, given.port, log=home / "server.log") as api,
        ):
            os.environ["PREFECT_API_URL"] = api
            os.environ[SERVED_BY] = str(os.getpid())
            os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", _POLL_S)
            # From here on: Prefect reads its settings while it is imported.
            _refuse_where_another_serves(project)
            address_file(project).write_text(api, encoding="utf-8")
            runner = _ready(project, model, every=timedelta(minutes=given.monitor_every), cron=given.train_cron)
            asyncio.run(_until(stopped, runner))
    except LabelmillError as error:
        sys.exit(f"error: {error}")


def _refuse_where_another_serves(project: Path) -> None:
    """Leave the server to the project that is served there now: flows of both would have the same names."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    from labelmill.errors import BusyError
    from labelmill.storage import is_held

    names = DeploymentFilterName(any_=["train", "monitor"])
    with get_client(sync_client=True) as client:
        found = client.read_deployments(deployment_filter=DeploymentFilter(name=names))
    for other in {one.parameters.get("project") for one in found} - {str(project), None}:
        if is_held(serve_lock(Path(other))):
            raise BusyError(
                f"the Prefect server at {os.environ['PREFECT_API_URL'].removesuffix('/api')} has the flows of {other}, "
                "which is served there now. Give this project a server of its own: choose a free port by --port. "
                f"Where it is a copy of that one, remove {serve_lock(project).parent} first."
            )


def _ready(project: Path, model: str, *, every: timedelta, cron: str) -> "Runner":
    """What runs the flows, with all that the last one left put in order."""
    from prefect.client.orchestration import get_client
    from prefect.runner import Runner

    # Not `prefect.serve`: between registering and the first run there is something to do.
    runner = Runner(pause_on_shutdown=False, limit=_LIMIT)
    train, monitor = (runner.add_deployment(one) for one in _deployments(str(project), model, every=every, cron=cron))
    for name in bury([train, monitor], project):
        _say(f"  found dead       {name}: marked as crashed")
    if late := drop_late([monitor], project):
        _say(f"  missed           {late} runs of monitor: one now makes up for them")
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(monitor)
    announce(project, lambda line: _say(f"  {line}"), again=True)
    _say(f"serving {project}; its model is {model}")
    _say(f"  in the browser   {os.environ['PREFECT_API_URL'].removesuffix('/api')}")
    _say(f"  monitor          now and every {every.total_seconds() / 60:g} minutes")
    _say(f"  train            at `{cron}` (cron), and whenever {DRIFT} comes")
    _say("  to stop          Ctrl-C, or SIGTERM")
    return runner


async def _until(stopped: threading.Event, runner: "Runner") -> None:
    """Run flows until a signal came."""
    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # it has put its own handler of SIGTERM in place now
    _on_stop(stopped, at_once=False)
    while not stopped.is_set() and not serving.done():
        await asyncio.wait([serving], timeout=0.2)
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def _on_stop(stopped: threading.Event, *, at_once: bool) -> None:
    """Take note of SIGINT and SIGTERM; an exception alone would be lost where it comes into a finalizer.

    Both are set: a shell that starts this in the background lets it ignore Ctrl-C.
    """

    def stop(number: int, frame: Any) -> None:
        again = stopped.is_set()
        stopped.set()
        if at_once or again:
            raise KeyboardInterrupt

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)


def _deployments(project: str, model: str, *, every: timedelta, cron: str) -> tuple[Any, Any]:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.events import DeploymentEventTrigger

    from flows.monitor import monitor
    from flows.train import train

    on_drift = DeploymentEventTrigger(
        name="train-on-drift",
        match={"prefect.resource.id": model},
        expect={DRIFT},
        parameters={"reason": "{{ event.payload.reason }}"},
    )
    queue, cancel = (
        ConcurrencyLimitConfig(limit=1, collision_strategy=strategy)
        for strategy in (ConcurrencyLimitStrategy.ENQUEUE, ConcurrencyLimitStrategy.CANCEL_NEW)
    )
    return (
        train.to_deployment(
            "train",
            cron=cron,
            triggers=[on_drift],
            concurrency_limit=queue,
            parameters={"project": project, "reason": "on schedule"},
        ),
        monitor.to_deployment("monitor", interval=every, concurrency_limit=cancel, parameters={"project": project}),
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
