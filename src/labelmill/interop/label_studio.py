"""Tasks, annotations and predictions from an export of Label Studio (JSON, not JSON-MIN).

A task has `data` (the columns), `annotations` and `predictions`; each of the latter has a `result`, a list of what was
marked. Read are results of type `choices`, single choice: `{"from_name": "label", "to_name": "text", "type":
"choices", "value": {"choices": ["spam"]}}`. The format is that of https://labelstud.io/guide/task_format and
https://labelstud.io/tags/choices.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from labelmill import storage
from labelmill.errors import DataError
from labelmill.interop.named_votes import check_ids
from labelmill.interop.strict_json import column_of, read_json
from labelmill.sources.annotations import PURPOSES, read_annotations
from labelmill.sources.intake import rejections

_ANNOTATION = ("id", "label", "annotator", "time", "ground_truth")
_PREDICTION = ("id", "label", "model_version", "score")


@dataclass(frozen=True)
class LabelStudioTasks:
    """What an export holds.

    Attributes
    ----------
    frame
        `id`, then the columns of `data`, None where a task has no such key.
    annotations
        `id`, `label` (class name), `annotator`, `time` and `ground_truth`, one line per annotation.
    predictions
        `id`, `label`, `model_version` and `score`, one line per prediction.
    rejected
        `source` and `reason` of the annotations, drafts and predictions that hold no single label.
    """

    frame: pd.DataFrame
    annotations: pd.DataFrame
    predictions: pd.DataFrame
    rejected: pd.DataFrame


def read_tasks(
    path: Path, classes: Sequence[str], *, id_key: str | None = "id", control: str | None = None
) -> LabelStudioTasks:
    """Read an export of Label Studio.

    Parameters
    ----------
    path
        The JSON file.
    classes
        Names of the classes, which the choices are.
    id_key
        The key of `data` that identifies a row; None: Label Studio's own number of the task does.
    control
        The `from_name` of the choices to read, where there are several.

    Raises
    ------
    DataError
        The file is no such export, a task has no id or one that another has, or a choice is no class; the message
        names file, task and key.

    Examples
    --------
    >>> chosen = {"type": "choices", "from_name": "label", "to_name": "text", "value": {"choices": ["spam"]}}
    >>> task = {"id": 1, "data": {"id": "mail-7", "text": "act now"}, "annotations": [{"result": [chosen]}]}
    >>> storage.write_json(Path("export.json"), [task])
    >>> read_tasks(Path("export.json"), ["ham", "spam"]).annotations[["id", "label"]].values.tolist()
    [['mail-7', 'spam']]
    """
    path = Path(path)
    content = read_json(path)
    tasks = [content] if isinstance(content, dict) else content
    if not isinstance(tasks, list):
        raise DataError(f"{path}: expected a list of tasks, found a {type(content).__name__}.")
    places = [f"{path}: task {_name_of(task, i)}" for i, task in enumerate(tasks)]
    for task, place in zip(tasks, places, strict=True):
        _check_task(task, place)
    ids = check_ids([_id(task, id_key, place) for task, place in zip(tasks, places, strict=True)], where=path)
    keys = list(dict.fromkeys(key for task in tasks for key in task["data"] if key != id_key))
    if "id" in keys:
        raise DataError(f"{path}: data has a key 'id' which does not identify the row. Rename it, or take it as id.")
    rejected: list[tuple[str, str]] = []
    found: dict[str, list[dict[str, Any]]] = {"annotations": [], "predictions": [], "drafts": []}
    for task, row_id, place in zip(tasks, ids, places, strict=True):
        for kind, rows in found.items():
            for i, item in enumerate(task.get(kind) or []):
                where = f"{place}: {kind[:-1]} {_name_of(item, i)}"
                label, reason = _label(item, kind, classes, control, where)
                if label is None:
                    rejected.append((where, reason))
                else:
                    rows.append(
                        _annotation(item, row_id, label) if kind == "annotations" else _prediction(item, row_id, label)
                    )
    columns = {key: column_of([task["data"].get(key) for task in tasks]) for key in keys}
    return LabelStudioTasks(
        pd.DataFrame({"id": pd.Series(ids, dtype="str"), **columns}),
        pd.DataFrame(found["annotations"], columns=_ANNOTATION, dtype=object).astype({"ground_truth": "bool"}),
        pd.DataFrame(found["predictions"], columns=_PREDICTION, dtype=object).astype({"score": "float64"}),
        rejections(rejected),
    )


def append_annotations(path: Path, annotations: pd.DataFrame, *, classes: Sequence[str], purpose: str) -> int:
    """Append annotations to `gold/annotations.jsonl` and return how many; those that are there already are left out.

    Of a row's labels the last one counts: they are appended in order of time, those marked as ground truth last.

    Parameters
    ----------
    path
        The file; made if absent.
    annotations
        Those of `LabelStudioTasks`.
    classes
        Names of the classes.
    purpose
        "dev" or "gate": see `labelmill.sources.annotations.PURPOSES`.

    Raises
    ------
    DataError
        The file has a line that is no annotation, or the purpose is unknown.
    """
    if purpose not in PURPOSES:
        raise DataError(f"purpose is {purpose!r}, expected one of {list(PURPOSES)}.")
    path = Path(path)
    read_annotations(path, classes)  # nothing is added to a file that cannot be read
    known = set(path.read_text(encoding="utf-8-sig").split("\n")) if path.exists() else set()
    ordered = sorted(annotations.to_dict("records"), key=lambda row: (row["ground_truth"], row["time"] or ""))
    appended = 0
    for row in ordered:
        line = {name: row[name] for name in _ANNOTATION[:4]} | {"purpose": purpose}
        if (text := json.dumps(line, ensure_ascii=False)) not in known:
            storage.append_line(path, line)
            known.add(text)
            appended += 1
    return appended


def _name_of(item: Any, i: int) -> str:
    """What a task or an annotation is called in a message: its number in Label Studio, else its place, from 0."""
    return repr(item["id"]) if isinstance(item, dict) and isinstance(item.get("id"), int | str) else f"at place {i}"


def _check_task(task: Any, place: str) -> None:
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise DataError(f"{place} has no data. Export the project as JSON, not as JSON-MIN or CSV.")
    if "completions" in task:
        raise DataError(f"{place} has completions, as before Label Studio 1.0. Export it from a newer one.")
    for kind in ("annotations", "predictions", "drafts"):
        items = task.get(kind) or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise DataError(f"{place}: {kind} is {str(items)[:80]!r}; expected a list of objects.")


def _id(task: dict[str, Any], id_key: str | None, place: str) -> str:
    value = task.get("id") if id_key is None else task["data"].get(id_key)
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        where = "id" if id_key is None else f"data: {id_key!r}"
        raise DataError(f"{place}: {where} is {value!r}; expected the id of the row. Name another key with id_key.")
    return str(value)


def _label(
    item: dict[str, Any], kind: str, classes: Sequence[str], control: str | None, where: str
) -> tuple[str | None, str]:
    """The one class that was chosen; or none, and why."""
    if kind == "drafts":
        return None, "is a draft, which was not submitted"
    if item.get("was_cancelled"):
        return None, "was skipped"
    result = item.get("result")
    if not isinstance(result, list) or not all(isinstance(part, dict) for part in result):
        raise DataError(f"{where}: result is {str(result)[:80]!r}; expected a list of objects.")
    parts = [part for part in result if part.get("type") == "choices"]
    controls = sorted({str(part.get("from_name")) for part in parts})
    if control is None and len(controls) > 1:
        raise DataError(f"{where} has choices of {controls}. Say which to read: control={controls[0]!r}.")
    parts = [part for part in parts if control in (None, part.get("from_name"))]
    values = [part.get("value") for part in parts]
    chosen = [value.get("choices") if isinstance(value, dict) else None for value in values]
    if not all(isinstance(choices, list) for choices in chosen):
        raise DataError(f"{where}: value is {str(values)[:80]}; expected {{'choices': [a class]}}.")
    labels = [label for choices in chosen for label in choices or ()]
    if len(labels) != 1:
        return None, f"has {len(labels)} choices, expected one" if labels else "has no choice"
    if labels[0] not in classes:
        raise DataError(
            f"{where}: the choice {str(labels[0])[:80]!r} is none of the classes {list(classes)}. Correct it, or "
            "task.classes in params.yaml."
        )
    return str(labels[0]), ""


def _annotation(item: dict[str, Any], row_id: str, label: str) -> dict[str, Any]:
    by = item.get("completed_by")
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    time = item.get("updated_at") or item.get("created_at")
    return {
        "id": row_id,
        "label": label,
        "annotator": None if by is None else str(by),
        "time": None if time is None else str(time),
        "ground_truth": bool(item.get("ground_truth")),
    }


def _prediction(item: dict[str, Any], row_id: str, label: str) -> dict[str, Any]:
    score = item.get("score")
    return {
        "id": row_id,
        "label": label,
        "model_version": str(item.get("model_version") or ""),
        "score": float(score) if isinstance(score, int | float) and not isinstance(score, bool) else None,
    }
