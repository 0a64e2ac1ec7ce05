"""What params and metrics are called in MLflow: flat, dotted, few enough to compare."""

import re
from collections.abc import Iterator
from typing import Any

MAX_METRICS = 150
"""MLflow's comparison page slows down and nobody reads on (mlflow/mlflow#21841)."""

_IN_FULL = ("end_model", "label_model")
_MONTH = re.compile(r"\d{4}-\d{2}")


def flat_params(content: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """`params.yaml` by dotted keys, as DVC names them; keys without a value are left out.

    >>> flat_params({"task": {"name": "spam", "classes": ["ham", "spam"], "positive": None}})
    {'task.name': 'spam', 'task.classes': 'ham, spam'}
    """
    flat: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat |= flat_params(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            if value:
                flat[prefix + key] = ", ".join(map(str, value))
        elif value is not None:
            flat[prefix + key] = str(value)
    return flat


def flat_metrics(stage: str, content: dict[str, Any]) -> dict[str, float]:
    """The numbers of one `reports/metrics/<stage>.json`.

    What `evaluate` measured on `test` keeps short names (`test.end_model.balanced_accuracy`), other
    numbers start with their stage. Left out, since they drown the rest in a comparison: months, the
    covered and uncovered rows of all but label model and end model, and all intervals but the end
    model's on all rows. They are in the logged files.

    >>> flat_metrics("label", {"coverage": 0.7, "note": "text"})
    {'label.coverage': 0.7}
    >>> flat_metrics("evaluate", {"test": {"end_model": {"all": {"f1": {"value": 0.8, "low": 0.7, "high": 0.9}}}}})
    {'test.end_model.f1': 0.8, 'test.end_model.f1.low': 0.7, 'test.end_model.f1.high': 0.9}
    """
    flat: dict[str, float] = {}
    for place, value in _numbers(content, ()):
        if any(_MONTH.fullmatch(part) for part in place):
            continue
        if place[0] == "test" and len(place) > 2:
            if not _is_worth_comparing(place):
                continue
            named = tuple(part for part in place if part not in ("all", "value"))
        else:
            named = (stage, *(part for part in place if part != "value"))
        flat[_allowed(".".join(named))] = value
    return flat


def _is_worth_comparing(place: tuple[str, ...]) -> bool:
    system, rows, last = place[1], place[2], place[-1]
    if rows != "all":
        return system in _IN_FULL and last not in ("low", "high")
    return last not in ("low", "high") or system == "end_model"


def _numbers(content: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _numbers(value, (*place, str(key)))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield place, float(content)


def _allowed(name: str) -> str:
    """MLflow takes letters, digits and `_-. :/` only."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:250]
