"""The tables of the page: from what was gathered to rows of text with the exact number beside each."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from labelmill import paths
from labelmill.arrays import ABSTAIN
from labelmill.report import wording
from labelmill.report.gather import Gathered
from labelmill.report.svg import class_colour
from labelmill.report.text import plain

Row = dict[str, Any]

_MOST_EDGES = 20
"""Pairs of labeling functions that are shown, the clearest."""
LEAK_SAYS = (
    "A classifier of the place that each row was collected from, on the features that the end model sees. Within one "
    "class it should do no better than chance: where it does, the features carry traces of the collection."
)


def class_names(gathered: Gathered) -> list[str]:
    """Class names that are safe to show anywhere."""
    return [plain(name, limit=40) for name in gathered.params.task.classes]


def settings(gathered: Gathered) -> list[tuple[str, list[tuple[str, str]]]]:
    """`params.yaml` as sections of key and value, defaults included."""
    content = gathered.params.model_dump(mode="json", by_alias=True)
    return [(section, list(_flat(values))) for section, values in content.items()]


def counted(gathered: Gathered) -> list[tuple[str, list[tuple[str, str]]]]:
    """What each stage left in its metrics file, as sections of key and value."""
    return [(stage, list(_flat(values))) for stage, values in gathered.metrics.items()]


def _flat(values: dict[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _written(value)


def _written(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if abs(value) >= 100_000 else str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def labeling_functions(gathered: Gathered) -> list[Row] | None:
    """One row for each labeling function: the LF summary, and what the label model made of it."""
    summary, classes = gathered.lf_summary, class_names(gathered)
    if summary is None:
        return None
    estimates = _estimates(gathered)
    rows = []
    for values in summary.to_dict("records"):
        polarity = [int(number) for number in re.findall(r"\d+", str(values.get("Polarity", "")))]
        numbers = {name: _number(values.get(name)) for name in values}
        accuracy = {
            "value": numbers.get("Emp. Acc."),
            "low": numbers.get("Emp. Acc. Low"),
            "high": numbers.get("Emp. Acc. High"),
        }
        judged = (numbers.get("Correct") or 0) + (numbers.get("Incorrect") or 0)
        rows.append(
            {
                "name": plain(values["lf"], limit=80),
                "polarity": [{"name": classes[c], "colour": class_colour(c)} for c in polarity if c < len(classes)],
                "shares": [
                    {"raw": (v := numbers.get(name)), "text": wording.share(v)}
                    for name in ("Coverage", "Overlaps", "Conflicts")
                ],
                "counts": [
                    {"raw": (v := numbers.get(name)), "text": wording.count(v)}
                    for name in ("Correct", "Incorrect", "Errors")
                ],
                "empirical": wording.cell(accuracy if judged else dict.fromkeys(accuracy)),
                "estimated": wording.cell(estimates.get(str(values["lf"]), {"value": None, "low": None, "high": None})),
            }
        )
    return rows


def _estimates(gathered: Gathered) -> dict[str, Row]:
    if gathered.label_model is None:
        return {}
    columns = {"value": "Est. Acc.", "low": "Est. Acc. Low", "high": "Est. Acc. High"}
    summary = gathered.label_model.lf_summary_
    return {
        str(lf): {name: _number(row[column]) for name, column in columns.items()}
        for lf, row in zip(summary.index, summary.to_dict("records"), strict=True)
        if row["Votes"] > 0
    }


def warnings(gathered: Gathered) -> list[str]:
    """What the label model has to say about its own fit."""
    if gathered.label_model is None:
        return []
    return [plain(text, limit=400) for text in gathered.label_model.diagnostics_.get("warnings", [])]


def edges(gathered: Gathered) -> list[Row]:
    """The pairs of labeling functions that depend on each other most, with the evidence."""
    if gathered.label_model is None:
        return []
    return [
        {
            "pair": f"{plain(edge['lf_a'], limit=80)} and {plain(edge['lf_b'], limit=80)}",
            "kind": edge["kind"],
            "numbers": [
                {"raw": edge["overlap"], "text": wording.count(edge["overlap"])},
                *({"raw": edge[name], "text": wording.share(edge[name])} for name in ("agreement", "expected")),
                {"raw": edge["z"], "text": f"{edge['z']:+.1f}"},
            ],
        }
        for edge in gathered.label_model.diagnostics_.get("edges", [])[:_MOST_EDGES]
    ]


def disputed(gathered: Gathered) -> list[Row] | None:
    """The rows on which the two models disagree most, ready to be shown."""
    if gathered.disputed is None:
        return None
    classes = class_names(gathered)
    return [
        {
            "id": plain(row.id, limit=40),
            "month": row.month,
            "gold": {"name": classes[row.gold], "colour": class_colour(row.gold)} if row.gold != ABSTAIN else None,
            "models": [
                {
                    "name": name,
                    "right": max(range(len(probs)), key=probs.__getitem__) == row.gold if row.gold != ABSTAIN else None,
                    "probs": [
                        {"class": c, "text": f"{p:.2f}", "raw": p, "colour": class_colour(i)}
                        for i, (c, p) in enumerate(zip(classes, probs, strict=True))
                    ],
                }
                for name, probs in (("Label model", row.label_model), ("End model", row.end_model))
            ],
            "votes": [
                {
                    "lf": plain(vote.lf, limit=80),
                    "class": classes[vote.label],
                    "colour": class_colour(vote.label),
                    "weight": "" if vote.weight is None else f"{vote.weight:+.1f}".replace("-", "−"),
                }
                for vote in row.votes
            ],
            "texts": row.texts,
        }
        for row in gathered.disputed
    ]


def leak(gathered: Gathered) -> Row | None:
    """What the leak probe found: its conclusion, a table of what was told apart, the features that did it."""
    found = gathered.leak_probe
    if found is None:
        return None
    parts = {"all places": found} | {
        f"places of class {plain(key.removeprefix('within_'), limit=40)}": part
        for key, part in found.items()
        if key.startswith("within_")
    }
    return {
        "note": plain(found.get("note") or f"Not probed: {found.get('skipped', 'no result')}."),
        "rows": [
            {
                "name": name,
                "among": ", ".join(plain(place, limit=40) for place in part.get("folders") or part.get("months") or ()),
                "n": wording.count(part["n"]),
                "accuracy": wording.score(part["accuracy"]),
                "chance": wording.score(part["chance"]),
            }
            for name, part in (parts | {"months": found.get("months")}).items()
            if isinstance(part, dict) and "accuracy" in part
        ],
        "features": [
            {"name": f"{plain(f['feature'], limit=40)} ({plain(f['folder'], limit=30)})", "value": f["weight"]}
            for f in found.get("top_features", [])
        ],
    }


def links() -> list[tuple[str, str]]:
    """Name and address, from the page, of what lies beside it."""
    pages = (("Validation", paths.VALIDATION_PAGE), ("Model card", paths.MODEL_CARD), ("Data card", paths.DATA_CARD))
    written_now = (paths.MODEL_CARD, paths.DATA_CARD)
    folder = paths.REPORT.parent
    return [(name, p.relative_to(folder).as_posix()) for name, p in pages if p in written_now or p.exists()]


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return value
