"""Labels that people gave by hand: one JSON object per line, only ever appended to."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from labelmill.arrays import UNKNOWN
from labelmill.errors import DataError
from labelmill.sources.files import lines, open_checked
from labelmill.sources.intake import gold_number

PURPOSES = ("dev", "gate")
"""dev: for work on labeling functions; gate: only promotion reads it."""

_MAX_LINE_BYTES = 1_000_000


class Annotation(NamedTuple):
    """One label given by hand."""

    id: str
    label: int
    purpose: str
    place: str


def read_annotations(path: Path, classes: Sequence[str]) -> list[Annotation]:
    """The annotations of `gold/annotations.jsonl`, in order; none where there is no file yet.

    Lines that begin with # are comments. Any other has `id`, `label` (class name or number), `purpose`
    ("dev" or "gate"), and for the record `annotator` and `time`.

    Raises
    ------
    DataError
        A line is no such object; the message names it.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return []
    found = []
    with open_checked(path) as stream:
        for number, line in lines(stream, _MAX_LINE_BYTES):
            if line is None or (line.strip() and not line.startswith(b"#")):
                found.append(_annotation(line, classes, f"{path}:{number}"))
    return found


def _annotation(line: bytes | None, classes: Sequence[str], place: str) -> Annotation:
    try:
        content: Any = json.loads((line or b"").decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: is not JSON ({str(error)[:100]}). Correct or remove the line.") from error
    if not isinstance(content, dict) or not isinstance(content.get("id"), str):
        raise DataError(f"{place}: expected an object with id, label and purpose. Correct or remove the line.")
    if content.get("purpose") not in PURPOSES:
        raise DataError(f"{place}: purpose is {content.get('purpose')!r}, expected one of {list(PURPOSES)}.")
    label = gold_number(content.get("label"), classes, where=place)
    if label == UNKNOWN:
        raise DataError(f"{place}: has no label. Give one of the classes {list(classes)}, or remove the line.")
    return Annotation(content["id"], label, content["purpose"], place)
