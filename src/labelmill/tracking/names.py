"""What params and metrics are called in MLflow: flat, dotted, few enough to compare."""

import re
from collections.abc import Iterator
from typing import Any

HEADLINE = "test/end_model.balanced_accuracy"
"""The number that says most; MLflow draws it first."""

_SYSTEMS = ("end_model", "label_model", "majority_vote", "gold_dev", "gold_train")
_BY_COVERAGE = ("end_model", "label_model")
_WITH_INTERVALS = ("balanced_accuracy", "f1", "pr_auc")


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
    """The numbers of one `reports/metrics/<stage>.json` that are worth a comparison of runs.

    Scores become `test/<system>.<measure>`, all other numbers `upstream/<stage>.<name>`: MLflow sorts
    by name and makes a section of what stands before a slash, so the scores come first. Left out are
    months, the trivial systems, n, most intervals, and what stages count by month, split or class:
    hundreds of numbers nobody compares (nor does MLflow's page, mlflow/mlflow#21841). They are in the
    logged files.

    >>> flat_metrics("label", {"coverage": 0.7, "note": "text"})
    {'upstream/label.coverage': 0.7}
    >>> flat_metrics("evaluate", {"test": {"end_model": {"all": {"f1": {"value": 0.8, "low": 0.7, "high": 0.9}}}}})
    {'test/end_model.f1': 0.8, 'test/end_model.f1.low': 0.7, 'test/end_model.f1.high': 0.9}
    """
    if stage != "evaluate":
        totals = ((place, value) for place, value in _numbers(content, ()) if len(place) == 1)
        return {allowed(f"upstream/{stage}.{place[0]}"): value for place, value in totals}
    test = content.get("test", {})
    scores = _numbers({system: test[system] for system in _SYSTEMS if system in test}, ())
    return {
        allowed(f"test/{'.'.join(part for part in place if part != 'all')}"): value
        for place, value in scores
        if len(place) > 2 and _is_worth_comparing(*place)
    }


def _is_worth_comparing(system: str, rows: str, measure: str, *bound: str) -> bool:
    if measure.startswith("n"):
        return False
    if bound:
        return system == "end_model" and rows == "all" and measure in _WITH_INTERVALS
    return rows == "all" or (rows in ("covered", "uncovered") and system in _BY_COVERAGE)


def _numbers(content: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _numbers(value, place if key == "value" else (*place, str(key)))
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield place, float(content)


def allowed(name: str) -> str:
    """MLflow takes letters, digits and `_-. :/` only."""
    return re.sub(r"[^\w\-. :/]", "_", name, flags=re.ASCII)[:250]
