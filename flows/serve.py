"""One machine, one terminal: the Prefect server, the schedules, the trigger and the runs.

`python -m flows.serve` uses the server that answers at the address, or starts one and ends it again
with Ctrl-C or SIGTERM; killed with -9 it takes its server and its runs along.
"""

import argparse
import contextlib
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows._outbox import DRIFT, announce, resource
from flows._server import HOST, address_file, server

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
    # A shell that starts this in the background lets it ignore Ctrl-C, and all that it starts.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    from labelmill.errors import LabelmillError
    from labelmill.storage import exclusive

    project = Path(given.project).resolve()
    home = project / ".prefect"
    try:
        model = resource(project)
        with (
            contextlib.suppress(KeyboardInterrupt),
            exclusive(home / "serve.lock"),
            server(given.host, given.port, log=home / "server.log") as api,
        ):
            address_file(project).write_text(api, encoding="utf-8")
            _serve(project, model, api=api, every=timedelta(minutes=given.monitor_every), cron=given.train_cron)
    except LabelmillError as error:
        sys.exit(f"error: {error}")


def _serve(project: Path, model: str, *, api: str, every: timedelta, cron: str) -> None:
    os.environ["PREFECT_API_URL"] = api
    os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", _POLL_S)
    # After the address is set: Prefect reads its settings while it is imported.
    import asyncio

    from prefect.client.orchestration import get_client
    from prefect.runner import Runner

    from flows._runs import SERVED_BY, bury, drop_late

    os.environ[SERVED_BY] = str(os.getpid())
    # Not `prefect.serve`: what the last one left must be put in order between registering and the first run.
    runner = Runner(pause_on_shutdown=False, limit=_LIMIT)
    train, monitor = (runner.add_deployment(one) for one in _deployments(str(project), model, every=every, cron=cron))
    for name in bury([train, monitor], project):
        _say(f"  found dead       {name}: marked as crashed")
    if late := drop_late([monitor]):
        _say(f"  missed           {late} runs of monitor: one now makes up for them")
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(monitor)
    announce(project, lambda line: _say(f"  {line}"), again=True)
    _say(f"serving {project}; its model is {model}")
    _say(f"  in the browser   {api.removesuffix('/api')}")
    _say(f"  monitor          now and every {every.total_seconds() / 60:g} minutes")
    _say(f"  train            at `{cron}` (cron), and whenever {DRIFT} comes")
    _say("  to stop          Ctrl-C, or SIGTERM")
    asyncio.run(runner.start())


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
    print(line, flush=True)  # noqa: T201 - for the person at the terminal


if __name__ == "__main__":
    main()
