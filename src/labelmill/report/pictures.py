"""Which charts the page has: from what was gathered to the records that `charts` draws."""

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from labelmill.report import charts, score_tables, tables, vote_charts, wording
from labelmill.report.gather import Gathered
from labelmill.report.text import plain

Record = dict[str, Any]

_SHOWN_IN_CURVES = ("end_model", "label_model", "majority_vote", "gold_train")
_MONTHLY = ("end_model", "label_model", "majority_vote", "gold_train")
_LF_NAME = 34

LEAST_ROWS = 10
"""A bin of the calibration curve with fewer rows tells nothing."""


def draw(gathered: Gathered) -> dict[str, Any]:
    """Every chart of the page by name; empty where there is nothing to draw."""
    return {
        "intervals": _intervals(gathered),
        "months": charts.months(_monthly(gathered), metric="balanced accuracy"),
        "vote_shares": vote_charts.vote_shares(_vote_shares(gathered)),
        "vote_patterns": _vote_patterns(gathered),
        "conflicts": _conflicts(gathered),
        "calibration": _calibration(gathered),
        "precision_recall": _precision_recall(gathered),
        "confusion": _confusion(gathered),
        "learning_curve": _learning_curve(gathered.learning_curve),
        "leak_probe": _leak_features(gathered),
    }


def _intervals(gathered: Gathered) -> list[tuple[str, Markup]]:
    drawn = []
    for part, title in wording.SLICES.items():
        records = [
            {"system": wording.system(name), **wording.entry(gathered.scores, name, part, "balanced_accuracy")}
            for name in score_tables.systems(gathered)
        ]
        if picture := charts.intervals(records, metric="balanced accuracy"):
            drawn.append((title, picture))
    return drawn


def _monthly(gathered: Gathered) -> list[Record]:
    scores = gathered.scores or {}
    return [
        {
            "system": wording.system(name),
            "month": plain(month),
            **wording.entry(scores, name, "months", month, "balanced_accuracy"),
        }
        for name in _MONTHLY
        for month in sorted(scores.get(name, {}).get("months") or {})
    ]


def _vote_shares(gathered: Gathered) -> list[Record]:
    if gathered.lf_summary is None:
        return []
    summary = gathered.lf_summary.sort_values(["Coverage", "lf"], ascending=[False, True])
    names = _short(summary["lf"])
    return [
        {"lf": names[row["lf"]], "part": part, "share": share}
        for row in summary.to_dict("records")
        for part, share in (
            ("alone", row["Coverage"] - row["Overlaps"]),
            ("agrees", row["Overlaps"] - row["Conflicts"]),
            ("conflicts", row["Conflicts"]),
        )
    ]


def _vote_patterns(gathered: Gathered) -> Markup:
    votes, classes = gathered.votes, tables.class_names(gathered)
    if votes is None:
        return Markup("")
    used = [j for j in range(len(votes.lf_names)) if any(pattern[j] >= 0 for pattern, _ in votes.patterns)]
    names = _short(votes.lf_names)
    labels = [f"{i}.  {n:,} ({n / votes.n_rows:.1%})" for i, (_, n) in enumerate(votes.patterns, start=1)]
    records = [
        {"pattern": label, "lf": names[votes.lf_names[j]], "vote": classes[pattern[j]]}
        for label, (pattern, _) in zip(labels, votes.patterns, strict=True)
        for j in used
        if pattern[j] >= 0
    ]
    return vote_charts.vote_patterns(
        records, lfs=[names[votes.lf_names[j]] for j in used], rows=labels, classes=classes
    )


def _conflicts(gathered: Gathered) -> Markup:
    votes = gathered.votes
    if votes is None or not votes.conflicts.any():
        return Markup("")
    used = np.flatnonzero(votes.conflicts.any(axis=0)).tolist()
    names = _short(votes.lf_names)
    records = []
    for j, i in ((j, i) for j in used for i in used if i != j and votes.both[i, j]):
        row, column = names[votes.lf_names[j]], names[votes.lf_names[i]]
        own, both, differ = int(votes.both[j, j]), int(votes.both[i, j]), int(votes.conflicts[i, j])
        says = (
            f"{row} votes on {own:,} rows; {column} on {both:,} of them, on {differ:,} ({differ / own:.1%}) otherwise"
        )
        records.append({"column": column, "row": row, "share": differ / own, "text": "", "says": says})
    order = [names[votes.lf_names[j]] for j in used]
    says = "For each labeling function, a line: the share of its votes that each other one contradicts."
    return charts.heat(
        records,
        x=None,
        y=None,
        columns=order,
        rows=order,
        alt_text=says,
        cell=17,
        slanted=True,
        steps=(0.005, 0.02, 0.05, 0.1, 0.25),
    )


def _calibration(gathered: Gathered) -> Markup:
    records = [
        {
            "x": row["mean_confidence"],
            "y": row["observed"],
            "n": row["n"],
            "says": f"said {row['mean_confidence']:.3f}, was right {row['observed']:.3f}, {row['n']:,} rows",
            "system": row["system"],
        }
        for row in _of_systems(gathered.calibration, ("end_model", "label_model", "majority_vote"))
        if row["n"] >= LEAST_ROWS
    ]
    return charts.lines(records, x="confidence", y="share that is right", domain=(_floor(records), 1.0), diagonal=True)


def _precision_recall(gathered: Gathered) -> Markup:
    records = [
        {"system": row["system"], "x": row["recall"], "y": row["precision"]}
        for row in _of_systems(gathered.precision_recall, _SHOWN_IN_CURVES)
    ]
    return charts.lines(records, x="recall", y="precision", domain=(0.0, 1.0))


def _of_systems(curve: pd.DataFrame | None, names: tuple[str, ...]) -> list[Record]:
    if curve is None:
        return []
    shown = [curve[curve["system"] == name].assign(system=wording.system(name)) for name in names]
    return [row for frame in shown for row in frame.to_dict("records")]


def _floor(records: list[Record]) -> float:
    return min((int(record["x"] * 10) / 10 for record in records), default=0.0)


def _confusion(gathered: Gathered) -> Markup:
    if gathered.confusion is None or gathered.confusion.empty:
        return Markup("")
    counts = gathered.confusion.astype(str).value_counts(["actual", "predicted"]).to_dict()
    classes = [str(name) for name in gathered.params.task.classes]
    predicted = classes + sorted({name for _, name in counts} - {*classes})
    records = []
    for actual in classes:
        total = sum(counts.get((actual, name), 0) for name in predicted)
        for name in predicted:
            n, row, column = int(counts.get((actual, name), 0)), plain(actual, limit=30), plain(name, limit=30)
            says = f"{row} taken for {column}: {n:,} of {total:,} rows"
            records.append({"row": row, "column": column, "share": n / max(total, 1), "text": f"{n:,}", "says": says})
    return charts.heat(
        records,
        x="predicted",
        y="true",
        columns=[plain(name, limit=30) for name in predicted],
        rows=[plain(name, limit=30) for name in classes],
        alt_text="Confusion matrix of the end model. " + "; ".join(record["says"] for record in records),
    )


def _learning_curve(curve: pd.DataFrame | None) -> Markup:
    if curve is None or curve.empty:
        return Markup("")
    by = "epoch" if "epoch" in curve.columns else str(curve.columns[0])
    records = [
        {"system": wording.metric(name), "x": x, "y": y, "says": f"{wording.metric(name)}, {by} {x:g}: {y:.4f}"}
        for name in (str(c) for c in curve.columns if c != by)
        for x, y in zip(curve[by].tolist(), curve[name].tolist(), strict=True)
        if pd.notna(y)
    ]
    return charts.lines(records, x=by, y="loss", whole=True)


def _leak_features(gathered: Gathered) -> Markup:
    found = tables.leak(gathered)
    return charts.bars(found["features"] if found else [], title="weight")


def _short(names: Any) -> dict[str, str]:
    """A name for the charts for each labeling function: cut where long, never twice the same."""
    short: dict[str, str] = {}
    for name in names:
        text = plain(name)
        text = text if len(text) <= _LF_NAME else f"{text[: _LF_NAME - 1]}…"
        short[name] = text if text not in short.values() else f"{text} ({len(short)})"
    return short
