"""How numbers, systems and metrics are named and written, the same on the page and in the cards."""

from collections.abc import Iterable
from typing import Any

from labelmill.report.text import plain

MISSING = "–"

NO_GOLD = (
    "No test row has gold, so nothing is known of how good the labels and the model are. A few hundred rows labeled "
    "by hand (ingest.label_column) would tell."
)

METRICS = {
    "balanced_accuracy": "Balanced accuracy",
    "f1": "F1",
    "pr_auc": "PR-AUC",
    "roc_auc": "ROC-AUC",
    "accuracy": "Accuracy",
    "ece": "ECE",
}
"""Metrics in the order in which they are shown."""

SYSTEMS = {
    "end_model": "End model",
    "label_model": "Label model",
    "majority_vote": "Majority vote",
    "best_lf": "Best single LF",
    "gold_dev": "Dev gold",
    "gold_train": "All train gold",
}
"""Systems in the order in which they are shown; `always_<class>` comes last."""

EXPLAINED = {
    "end_model": "learned from the label model's labels, without gold",
    "label_model": "the votes, weighted by how far each is trusted",
    "majority_vote": "the votes, all trusted alike",
    "best_lf": "the one labeling function that does best on dev gold",
    "gold_dev": "the same learner, trained on the hand-labeled dev rows",
    "gold_train": "the same learner, trained on true labels of all train and dev rows: the upper bound",
}

SLICES = {"all": "All rows", "covered": "Covered rows", "uncovered": "Uncovered rows"}


def system(name: str) -> str:
    """How a system is called."""
    if name.startswith("always_"):
        return f"Always {plain(name.removeprefix('always_'), limit=40)}"
    return SYSTEMS.get(name, plain(name.replace("_", " "), limit=60))


def metric(name: str) -> str:
    """How a metric is called."""
    return METRICS.get(name, plain(name.replace("_", " "), limit=60))


def in_order(names: Iterable[str], known: dict[str, str]) -> list[str]:
    """Known names in their order, then the others as they came."""
    names = list(names)
    return [name for name in known if name in names] + [name for name in names if name not in known]


def score(value: float | None) -> str:
    """A metric between 0 and 1."""
    return MISSING if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference of two metrics."""
    if value is None:
        return MISSING
    return "0.000" if abs(value) < 0.0005 else f"{value:+.3f}".replace("-", "−")


def share(value: float | None) -> str:
    """A share of rows."""
    return MISSING if value is None else f"{value:.1%}"


def count(value: float | None) -> str:
    """A number of rows."""
    return MISSING if value is None else f"{int(value):,}"


def interval(entry: dict[str, Any] | None, *, difference: bool = False) -> str:
    """The 95 % interval of a metric, empty where there is none."""
    if not entry or entry.get("low") is None or entry.get("high") is None:
        return ""
    write = signed if difference else score
    return f"{write(entry['low'])} to {write(entry['high'])}"


def entry(scores: dict[str, Any] | None, *keys: str) -> dict[str, Any]:
    """One metric of `metrics/evaluate.json` as value, low and high, all None where it is absent or undefined."""
    found: Any = scores
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if isinstance(found, int | float):
        found = {"value": found}
    found = found if isinstance(found, dict) else {}
    return {name: found.get(name) for name in ("value", "low", "high")}


def cell(entry: dict[str, Any], *, difference: bool = False) -> dict[str, Any]:
    """A metric for a table: exact number, text, interval, and whether a difference is clearly one."""
    low, high = entry["low"], entry["high"]
    return {
        "raw": entry["value"],
        "text": (signed if difference else score)(entry["value"]),
        "interval": interval(entry, difference=difference),
        "differs": difference and low is not None and high is not None and (low > 0 or high < 0),
    }
