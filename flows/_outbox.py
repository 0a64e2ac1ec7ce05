"""Decisions become events: what is new in `state/decisions.jsonl` goes to the Prefect server.

At least once: how far the log was announced is written after the server took the events. A crash between the two
sends them again under the same ids, which the server knows.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

DRIFT = "labelmill.drift.detected"
EVENTS = {
    "drift": DRIFT,
    "promotion": "labelmill.model.promoted",
    "rollback": "labelmill.model.promoted",
    "stale_lf": "labelmill.lf.stale",
    "hold": "labelmill.batch.held",
    "refused_file": "labelmill.batch.held",
}
"""The event of each kind of decision; a drift that asks for no retrain, a refusal and a release have none."""

# Of a decision's line; the rest, such as the numbers of a comparison, stays in the log.
_TOLD = ("at", "seq", "lf", "owner", "reasons", "expected_seq")
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "decisions.labelmill")
_WAIT_S = 60.0


def announce(project: Path, log: Callable[[str], None], *, again: bool = False) -> None:
    """Send what was not sent yet; a server that cannot be reached, or fails itself, delays it until the next time.

    Parameters
    ----------
    project
        The project folder.
    log
        Takes a line for each event, and one where the server cannot take them.
    again
        Whether to send once more the last request for a retrain that no decision about a model followed: the
        server may have died between taking the event and starting the run, or the run itself.
    """
    import httpx

    from labelmill import storage
    from labelmill.errors import CorruptFileError
    from labelmill.quality import champion, decisions

    state = decisions.state(project)
    try:
        champion.finish(project)  # a promotion that was killed may have no line yet
    except CorruptFileError as error:
        log(f"whether a promotion is missing in the log cannot be told: {error}")
    with storage.exclusive(state / "outbox.lock", wait_s=_WAIT_S):
        lines, end = decisions.since(_offset(state, log), project=project)
        events = [event for line in lines if (event := as_event(line, resource(project)))]
        asked = decisions.unanswered(decisions.decisions(project)) if again else None
        if asked and asked not in lines:
            # Under an id of its own: the server passes over one that it has seen.
            events.append({**_event(asked, resource(project)), "id": str(uuid.uuid4())})
        try:
            send(events)
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            if isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error:
                raise  # it understood, and will refuse the next time, too
            log(f"the Prefect server cannot take them ({error}); {len(events)} events wait for the next time")
            return
        if lines or not _file(state).exists():
            storage.write_json(_file(state), {"offset": end})
    for event in events:
        log(f"event {event['event']}: {event['payload']['reason']}")


def as_event(line: dict[str, Any], model: str) -> dict[str, Any] | None:
    """The event that a line of the log of decisions calls for, if any."""
    kind = line.get("kind")
    if kind not in EVENTS or (kind == "drift" and line.get("action") != "retrain"):
        return None
    return _event(line, model)


def resource(project: Path) -> str:
    """What the events of a project are about: its model."""
    from labelmill import paths
    from labelmill.params import load_params

    return f"labelmill.model.{load_params(project / paths.PARAMS).task.name}"


def send(events: list[dict[str, Any]]) -> None:
    """Hand events to the server and wait until it took them; the client of Prefect's own would not say."""
    from prefect.client.orchestration import get_client

    if events:
        with get_client(sync_client=True) as client:
            client.request("POST", "/events", json=events).raise_for_status()


def _event(line: Mapping[str, Any], model: str) -> dict[str, Any]:
    from labelmill.quality import decisions

    content = json.dumps(line, sort_keys=True, ensure_ascii=False)
    payload = {name: line[name] for name in _TOLD if name in line}
    payload["reason"] = line.get("reason") or "; ".join(map(str, line.get("reasons", []))) or line["kind"]
    if line["kind"] in ("promotion", "rollback"):
        payload["rollback"] = line["kind"] == "rollback"
    return {
        "id": str(uuid.uuid5(_NAMESPACE, content)),
        "event": EVENTS[line["kind"]],
        "resource": {"prefect.resource.id": model},
        # Not when it was decided: a trigger passes over an event that is older than one it fired on.
        "occurred": decisions.now(),
        "payload": payload,
    }


def _offset(state: Path, log: Callable[[str], None]) -> int:
    """How many bytes of the log were announced; all is sent again where that is not known any more."""
    from labelmill import storage
    from labelmill.errors import StorageError
    from labelmill.quality import decisions

    if not _file(state).exists():
        return 0
    try:
        offset = int(storage.read_json(_file(state))["offset"])
    except (StorageError, ValueError, KeyError, TypeError):
        log(f"{_file(state)} is damaged: every decision is announced again")
        return 0
    size = (state / decisions.LOG).stat().st_size if (state / decisions.LOG).exists() else 0
    if offset > size:
        log(f"{state / decisions.LOG} was replaced by a shorter one: every decision of it is announced again")
        return 0
    return offset


def _file(state: Path) -> Path:
    return state / "outbox.json"
