"""The tables of scores: systems by metrics, differences, months, and the few numbers that come first."""

from collections.abc import Callable, Iterable
from typing import Any

from labelmill.report import wording
from labelmill.report.gather import Gathered
from labelmill.report.text import plain

Row = dict[str, Any]

COMPARED = ("majority_vote", "gold_train")
"""Systems whose scores stand beside those of the end model at the top of the page."""


def headline(gathered: Gathered) -> list[Row]:
    """The few numbers that come first: label, text, raw value, interval, note."""
    tiles = []
    for metric in ("balanced_accuracy", "f1", "pr_auc"):
        entry = wording.entry(gathered.scores, "end_model", "all", metric)
        others = [
            f"{wording.system(name)} {wording.score(value)}"
            for name in COMPARED
            if (value := wording.entry(gathered.scores, name, "all", metric)["value"]) is not None
        ]
        told = f"{wording.interval(entry)} (95 %)" if wording.interval(entry) else ""
        tiles.append(
            _tile(wording.metric(metric), entry["value"], wording.score, note=" · ".join(others), interval=told)
        )
    votes = gathered.votes
    coverage = votes.n_covered / votes.n_rows if votes else None
    tiles.append(_tile("Coverage", coverage, wording.share, note="rows with a vote"))
    tiles.append(_tile("Labeling functions", len(votes.lf_names) if votes else None, wording.count))
    tiles.append(_tile("Rows", votes.n_rows if votes else None, wording.count, note="clean, all splits"))
    return tiles


def _tile(
    label: str, value: float | None, write: Callable[[float | None], str], *, note: str = "", interval: str = ""
) -> Row:
    return {"label": label, "raw": value, "text": write(value), "note": note, "interval": interval}


def systems(gathered: Gathered) -> list[str]:
    """The systems that were scored, in the order of showing."""
    return wording.in_order((name for name in gathered.scores or {} if name != "differences"), wording.SYSTEMS)


def scores(gathered: Gathered) -> list[Row]:
    """One table for all, covered and uncovered test rows, where there are any with gold: systems by metrics."""
    tables = []
    for slice_name, title in wording.SLICES.items():
        parts = {s: (gathered.scores or {})[s].get(slice_name) for s in systems(gathered)}
        parts = {system: part for system, part in parts.items() if part and part.get("n") != 0}
        if not parts:
            continue
        metrics = _metrics(parts.values())
        tables.append(
            {
                "slice": slice_name,
                "title": title,
                "n": _sizes(gathered, next(iter(parts.values()))),
                "metrics": [wording.metric(name) for name in metrics],
                "rows": [
                    {
                        "name": wording.system(system),
                        "note": wording.EXPLAINED.get(system, ""),
                        "leading": system == "end_model",
                        "cells": [wording.cell(wording.entry(part, name)) for name in metrics],
                    }
                    for system, part in parts.items()
                ],
            }
        )
    return tables


def differences(gathered: Gathered) -> Row | None:
    """Differences between two systems on the same rows, with intervals."""
    pairs = {
        pair: {name: part for name, part in slices.items() if name in wording.SLICES}  # months would be too many
        for pair, slices in ((gathered.scores or {}).get("differences") or {}).items()
    }
    metrics = _metrics(part for slices in pairs.values() for part in slices.values())
    rows = []
    for pair, slices in pairs.items():
        parts = [(name, slices[name]) for name in wording.in_order(slices, wording.SLICES)]
        parts = [
            (name, part) for name, part in parts if any(wording.entry(part, m)["value"] is not None for m in metrics)
        ]
        for place, (slice_name, part) in enumerate(parts):
            rows.append(
                {
                    "name": " − ".join(wording.system(name) for name in pair.split("-")),
                    "span": 0 if place else len(parts),
                    "slice": wording.SLICES.get(slice_name, slice_name),
                    "cells": [wording.cell(wording.entry(part, name), difference=True) for name in metrics],
                }
            )
    return {"metrics": [wording.metric(name) for name in metrics], "rows": rows} if rows else None


def months(gathered: Gathered) -> Row | None:
    """Balanced accuracy of each system by month."""
    by_system = {s: (gathered.scores or {})[s].get("months") or {} for s in systems(gathered)}
    names = sorted({month for parts in by_system.values() for month in parts})
    if not names:
        return None
    shown = [system for system, parts in by_system.items() if parts]
    return {
        "systems": [wording.system(system) for system in shown],
        "rows": [
            {
                "month": plain(month),
                "n": _sizes(gathered, next(by_system[s][month] for s in shown if month in by_system[s])),
                "cells": [wording.cell(wording.entry(by_system[s], month, "balanced_accuracy")) for s in shown],
            }
            for month in names
        ],
    }


def _metrics(parts: Iterable[dict[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for part in parts for name in part if name not in ("n", "n_per_class"))
    return wording.in_order(names, wording.METRICS)


def _sizes(gathered: Gathered, part: Row) -> str:
    per_class = part.get("n_per_class") or []
    pairs = (
        per_class.items() if isinstance(per_class, dict) else zip(gathered.params.task.classes, per_class, strict=False)
    )
    classes = ", ".join(f"{n:,} {plain(name, limit=40)}" for name, n in pairs)
    total = part.get("n")
    return " of which ".join(text for text in (f"{total:,} rows" if total is not None else "", classes) if text)
