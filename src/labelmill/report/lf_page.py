"""The page of `labelmill lfs summary --html`: labeling functions and their groups, on one page that loads nothing."""

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from labelmill.params import TaskParams
from labelmill.report import wording
from labelmill.report.rendering import environment, sorting
from labelmill.report.svg import class_colour
from labelmill.report.text import plain

_SHARES: Final = ("Coverage", "Overlaps", "Alone", "Conflicts")
_COUNTS: Final = ("Rows", "Votes")


def render(table: pd.DataFrame, groups: Mapping[str, pd.DataFrame], task: TaskParams) -> str:
    """The page as HTML; names and texts are escaped.

    Parameters
    ----------
    table
        One row for each labeling function, from `analysis.lf_table`.
    groups
        What they are grouped by -> one row for each group, from `analysis.breakdown`.
    task
        Of the project: its name and its classes.
    """
    lfs = [_lf(str(name), row, task.classes) for name, row in table.iterrows()]
    return (
        environment()
        .get_template("lfs.html")
        .render(
            task=plain(task.name),
            lfs=lfs,
            failed=bool(table.get("Errors", pd.Series(dtype=float)).gt(0).any()),
            timed="Microseconds" in table,
            **sorting(),
            groups=[_group(by, grouped) for by, grouped in groups.items() if len(grouped)],
        )
    )


def _lf(name: str, row: "pd.Series[Any]", classes: tuple[str, ...]) -> dict[str, Any]:
    voted = _number(row, "Coverage") is not None
    polarity = [int(vote) for vote in str(row["Polarity"]).strip("[]").split(",") if vote.strip()] if voted else []
    upkeep = [row["Owner"] and f"owner {row['Owner']}", *row["Tags"], row["Expires"] and f"until {row['Expires']}"]
    return {
        "name": plain(name, limit=80),
        "polarity": [{"name": plain(classes[c]), "colour": class_colour(c)} for c in polarity if c < len(classes)],
        "shares": [_share(row, column) for column in ("Coverage", "Overlaps", "Conflicts")],
        "counts": [_count(row, column) for column in ("Correct", "Incorrect")],
        "errors": _count(row, "Errors"),
        "time": {"raw": (t := _number(row, "Microseconds")), "text": "" if t is None else f"{t:.1f}"},
        "empirical": _accuracy(row, "Emp. Acc."),
        "estimated": _accuracy(row, "Est. Acc."),
        "state": row["State"],
        "upkeep": plain("; ".join(str(word) for word in upkeep if word), limit=200),
        "why": plain(row["Why"] or "", limit=400),
    }


def _group(by: str, grouped: pd.DataFrame) -> dict[str, Any]:
    counts = [column for column in _COUNTS if column in grouped]
    shares = [column for column in _SHARES if column in grouped]
    rows = [
        {
            "name": plain(str(name), limit=80),
            "cells": [*(_count(row, column) for column in counts), *(_share(row, column) for column in shares)],
            "empirical": _accuracy(row, "Emp. Acc."),
            "recall": _accuracy(row, "Recall") if "Recall" in grouped else None,
            "lfs": plain(", ".join(row["LFs"]), limit=400) if "LFs" in grouped else "",
        }
        for name, row in grouped.iterrows()
    ]
    return {
        "by": by,
        "headings": [*counts, *shares],
        "rows": rows,
        "recall": "Recall" in grouped,
        "lfs": "LFs" in grouped and by != "month",
    }


def _number(row: "pd.Series[Any]", column: str) -> float | None:
    value = row.get(column)
    return None if value is None or value != value else float(value)  # NaN where nothing is known


def _share(row: "pd.Series[Any]", column: str) -> dict[str, Any]:
    return {"raw": (value := _number(row, column)), "text": wording.share(value)}


def _count(row: "pd.Series[Any]", column: str) -> dict[str, Any]:
    return {"raw": (value := _number(row, column)), "text": wording.count(value)}


def _accuracy(row: "pd.Series[Any]", column: str) -> Any:
    return wording.cell(
        {key: _number(row, f"{column}{end}") for key, end in (("value", ""), ("low", " Low"), ("high", " High"))}
    )
