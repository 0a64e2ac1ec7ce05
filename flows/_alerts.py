"""Whom to tell that a run failed: an event on the server, and the command of `LABELMILL_ALERT_COMMAND`."""

import logging
import shlex
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows._outbox import send

FAILED = "labelmill.flow.failed"
_TIMEOUT_S = 60

log = logging.getLogger("prefect.flow_runs")


def tell(flow: Any, run: Any, state: Any) -> None:
    """Hook for `on_failure` and `on_crashed` of a flow."""
    project = Path(run.parameters.get("project", ".")).resolve()
    raise_alarm(project, flow=flow.name, run=run.name, state=state.name, message=state.message or "", run_id=run.id)


def raise_alarm(project: Path, *, flow: str, run: str, state: str, message: str, run_id: uuid.UUID) -> None:
    """Tell it in every way there is; a way that fails is a line in the log, and hides nothing."""
    facts = {"flow": flow, "run": run, "run_id": str(run_id), "state": state, "message": message}
    text = f"labelmill: {flow} {state.lower()} in {project} (run {run})\n\n{message}\n"
    ways: list[Callable[[], None]] = [lambda: _event(flow, facts), lambda: _command(project, text)]
    for way in ways:
        try:
            way()
        except Exception as error:  # whatever it is, it must not take the place of the failure itself
            log.warning("the failure could not be told: %s", error)


def _event(flow: str, facts: dict[str, str]) -> None:
    from labelmill.quality import decisions

    send(
        [
            {
                "id": str(uuid.uuid4()),
                "event": FAILED,
                "resource": {"prefect.resource.id": f"labelmill.flow.{flow}"},
                "occurred": decisions.now(),
                "payload": facts,
            }
        ]
    )


def _command(project: Path, text: str) -> None:
    from labelmill.settings import load_settings

    command = load_settings(project).alert_command
    if command:
        words = shlex.split(command)
        subprocess.run(words, cwd=project, input=text, text=True, timeout=_TIMEOUT_S, check=True, capture_output=True)
