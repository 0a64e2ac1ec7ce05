"""What runs owe each other: one at a time in a project, who waits joins who starts, and the dead are buried."""

import contextlib
import datetime as dt
import os
import signal
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flows._alerts import raise_alarm
from labelmill import paths
from labelmill.processes import die_with_parent

SERVED_BY = "LABELMILL_SERVED_BY"
"""Process id of the `flows.serve` that started this process."""


@contextlib.contextmanager
def alone(project: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the project for one flow, by hand or not; also Prefect's own limits do not see runs by hand.

    Raises
    ------
    BusyError
        Another flow still holds it after `wait_s` seconds.
    """
    from prefect import get_run_logger
    from prefect.runtime import deployment

    from labelmill import storage
    from labelmill.errors import BusyError

    served_by = os.environ.get(SERVED_BY)
    # A run that outlives a killed `flows.serve` would work on beside the one that the next one starts.
    if served_by == str(os.getppid()):
        die_with_parent(signal.SIGKILL)
    elif served_by and deployment.id is not None:  # killed before we could ask
        os.kill(os.getpid(), signal.SIGKILL)
    lock = paths.main_project(Path(project)) / paths.CACHE / "locks" / "flow.lock"
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(storage.exclusive(lock))
        except BusyError as error:
            if not wait_s:
                raise
            get_run_logger().info(f"waits for another flow of this project: {error}")
            held.enter_context(storage.exclusive(lock, wait_s=wait_s))
        yield


def join_waiting() -> list[str]:
    """Cancel the runs that wait for this one to end and would only do the same again; return their reasons."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.runtime import deployment, flow_run
    from prefect.states import Cancelled

    if deployment.id is None:
        return []
    reasons = []
    with get_client(sync_client=True) as client:
        mine = client.read_flow_run(uuid.UUID(flow_run.id))
        for run in _runs(client, [uuid.UUID(deployment.id)], [StateType.SCHEDULED]):
            # A run that found no place has its start put off, by half a minute at a time.
            due = run.state_name == "AwaitingConcurrencySlot" or _due(run)
            if due and _but_reason(run.parameters) == _but_reason(mine.parameters):
                client.set_flow_run_state(run.id, Cancelled(message=f"joined the run {mine.name}"))
                reasons.append(str(run.parameters.get("reason")))
    return reasons


def bury(deployments: Iterable[uuid.UUID], project: Path) -> list[str]:
    """Mark runs as crashed that a `kill -9` or a power cut ended, so that they give back their place; name them.

    Only who serves the project may ask for it: of its runs that the server takes for running none is.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    names = []
    with get_client(sync_client=True) as client:
        found = _runs(client, deployments, [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
        for run in _of(project, found):
            message = "The process of this run was gone when the flows were served again."
            client.set_flow_run_state(run.id, Crashed(message=message), force=True)
            flow = client.read_flow(run.flow_id).name
            raise_alarm(project, flow=flow, run=run.name, state="Crashed", message=message, run_id=run.id)
            names.append(f"{flow} {run.name}")
    return names


def drop_late(deployments: Iterable[uuid.UUID], project: Path) -> int:
    """Cancel runs of the project that should have started before now; return how many."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled

    with get_client(sync_client=True) as client:
        late = [run for run in _of(project, _runs(client, deployments, [StateType.SCHEDULED])) if _due(run)]
        for run in late:
            client.set_flow_run_state(run.id, Cancelled(message="Late: nobody served it when it was due."))
    return len(late)


def _runs(client: Any, deployments: Iterable[uuid.UUID], states: list[Any]) -> list[Any]:
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterDeploymentId,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )

    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=list(deployments)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=states)),
        )
    )


def _of(project: Path, runs: list[Any]) -> list[Any]:
    """Those that name this project: where another one was served before, its runs are its own matter."""
    return [run for run in runs if run.parameters.get("project") == str(project)]


def _due(run: Any) -> bool:
    return run.next_scheduled_start_time is None or run.next_scheduled_start_time <= dt.datetime.now(dt.UTC)


def _but_reason(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name != "reason"}
