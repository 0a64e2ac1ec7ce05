"""What was decided, when and why: `state/decisions.jsonl`, one line per decision, only ever appended to.

Every line has `kind` and `at`; flows turn new lines into events, `labelmill explain` into plain words.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from labelmill import paths, storage

Kind = Literal["promotion", "refusal", "rollback", "drift", "stale_lf", "hold", "release", "refused_file"]
"""promotion, refusal: of a challenger; rollback: to an earlier champion; drift: what the newest window asks for;
stale_lf: a labeling function whose author is asked to look; hold, release: of a batch that training must not see;
refused_file: what came as a batch and is none."""

ABOUT_BATCHES: Final = ("hold", "release", "refused_file")
"""The kinds whose `seq` is the number of a batch."""

LOG = "decisions.jsonl"
WAIT_S = 60.0


@dataclass(frozen=True)
class Decision:
    """Whether a model is promoted, why in words, and the numbers behind it.

    Of a first champion `numbers` has `n`, `n_per_class`, the balanced accuracy of each system as value, low, high,
    and under `differences` the challenger minus each rival. Of a challenger: `gate` and `window` (numbers
    of `comparison.compare`, the second from weak labels), `latency_ms`, `lf_set_changed` and `rule`.
    """

    promote: bool
    reasons: list[str]
    numbers: dict[str, Any]


def record(kind: Kind, **facts: Any) -> dict[str, Any]:
    """Append a decision and return its line.

    Raises
    ------
    StorageError
        The log cannot be written, or another process holds it for more than a minute.
    """
    line = as_line(kind, **facts)
    append(line)
    return line


def append(line: dict[str, Any], *, project: Path | None = None) -> None:
    """Append a line that `as_line` made."""
    with storage.exclusive(state(project) / "decisions.lock", wait_s=WAIT_S):
        storage.append_line(log_file(project), line)


def as_line(kind: Kind, **facts: Any) -> dict[str, Any]:
    """The line of a decision that is made now."""
    assert kind in get_args(Kind)
    return {"kind": kind, "at": now(), **facts}


def decisions(project: Path | None = None) -> list[dict[str, Any]]:
    """Every decision, oldest first; a line that a crash cut short, or that is no decision, is left out."""
    return _parsed(_bytes(log_file(project), 0))


def since(offset: int, *, project: Path | None = None) -> tuple[list[dict[str, Any]], int]:
    """The decisions behind the first `offset` bytes of the log, and how long it is up to its last whole line."""
    new = _bytes(log_file(project), offset)
    whole = new[: new.rfind(b"\n") + 1]
    return _parsed(whole), offset + len(whole)


def unanswered(lines: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest request for a retrain, unless a model was promoted or refused since."""
    for line in reversed(lines):
        if line.get("kind") in ("promotion", "refusal"):
            return None
        if line.get("kind") == "drift" and line.get("action") == "retrain":
            return line
    return None


def state(project: Path | None = None) -> Path:
    """The folder `state/`, that of the main work tree where an experiment runs in a copy."""
    return paths.main_project(project) / paths.STATE


def log_file(project: Path | None = None) -> Path:
    """Where the lines are."""
    return state(project) / LOG


def decided(at: dt.datetime | None) -> dict[str, str]:
    """The time of a decision as a fact of its line; nothing where it is made now."""
    return {} if at is None else {"at": at.astimezone(dt.UTC).isoformat(timespec="seconds")}


def now() -> str:
    """The time in UTC, to the second, as every line carries it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _bytes(file: Path, offset: int) -> bytes:
    try:
        with file.open("rb") as log:
            log.seek(offset)
            return log.read()
    except FileNotFoundError:
        return b""


def _parsed(text: bytes) -> list[dict[str, Any]]:
    found = []
    # Not splitlines: it also cuts at characters that may stand inside of a JSON text.
    for line in text.decode("utf-8", errors="replace").split("\n"):
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            # The first versions knew decisions about models only, and named no kind.
            found.append({"kind": "promotion" if content.get("promote") else "refusal", **content})
    return found
