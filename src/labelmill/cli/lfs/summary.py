"""`labelmill lfs summary`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.printing import AsJson, echo_json, interval, print_table, share

if TYPE_CHECKING:
    import pandas as pd

    from labelmill.params import Params


class Group(StrEnum):
    """What the summary can be cut by."""

    CLASS = "class"
    MONTH = "month"
    OWNER = "owner"
    TAG = "tag"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(summary)


def summary(
    by: Annotated[Group | None, typer.Option("--by", help="Sum up by class, month, owner or tag instead.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write it all as one page that loads nothing.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what each labeling function does, as stages `label` and `fit_label_model` last saw it.

    Coverage, overlaps and conflicts are shares of all rows. "on gold" is the accuracy on dev gold, "estimated" what
    the label model takes it to be without gold; both with a 95 % interval.

    Examples: `labelmill lfs summary` · `labelmill lfs summary --by month` · `labelmill lfs summary --html lfs.html`
    """
    from labelmill.analysis.lf_table import lf_table
    from labelmill.params import load_params

    params = load_params()
    table, notes = lf_table(params)
    if html is not None:
        _write_page(html, table, params)
        typer.echo(f"written to {html}", err=True)
    if by is not None:
        grouped = _grouped(by, params)
        if as_json:
            echo_json([{by.value: name, **row} for name, row in grouped.to_dict("index").items()])
        else:
            _print_groups(by, grouped)
    elif as_json:
        echo_json([{"lf": name, **row} for name, row in table.to_dict("index").items()])
    elif html is None:
        _print_summary(table, params.task.classes)
    for note in notes:
        typer.secho(f"note: {note}", fg="yellow", err=True)


def _grouped(by: Group, params: "Params") -> "pd.DataFrame":
    from labelmill.analysis import breakdown
    from labelmill.analysis.evidence import read_evidence, read_months
    from labelmill.cli.lfs.loading import load

    months = read_months(params) if by is Group.MONTH else None
    evidence = read_evidence(params)
    if months is not None:
        return breakdown.by_month(evidence, months)
    if by is Group.CLASS:
        return breakdown.by_class(evidence, params.task.classes)
    return breakdown.by_upkeep(evidence, load()[1], group=by.value)


def _write_page(file: Path, table: "pd.DataFrame", params: "Params") -> None:
    from labelmill import storage
    from labelmill.report.lf_page import render

    groups: dict[str, pd.DataFrame] = {}
    for by in Group:
        if by is not Group.MONTH or params.ingest.splits.date_column is not None:
            groups[by.value] = _grouped(by, params)
    storage.write_text(file, render(table, groups, params.task))


def _print_summary(table: "pd.DataFrame", classes: tuple[str, ...]) -> None:
    """Narrow enough for a terminal: polarity by name, shares in percent, accuracies with their intervals."""
    failed = "Errors" in table and bool((table["Errors"] > 0).any())
    timed = "Microseconds" in table
    resting = bool((table["State"] != "active").any())
    columns = ["name", "votes", ">cov.", ">over.", ">conf.", ">right", ">on gold", ">estimated"]
    columns += [">errors"] * failed + [">µs/row"] * timed + ["state"] * resting
    rows = []
    for name, row in table.iterrows():
        votes = ", ".join(classes[vote] for vote in json.loads(str(row["Polarity"]))) if row["Coverage"] >= 0 else ""
        line = [str(name), votes, *(share(row[column]) for column in ("Coverage", "Overlaps", "Conflicts"))]
        line += [*_on_gold(row), _estimated(row)]
        line += [f"{row['Errors']:.0f}" if row["Errors"] >= 0 else ""] if failed else []
        line += [f"{row['Microseconds']:.1f}" if row["Microseconds"] >= 0 else ""] if timed else []
        rows.append(line + ["" if row["State"] == "active" else row["State"]] * resting)
    print_table(columns, rows, title="coverage, overlaps, conflicts; accuracy with 95 % intervals")


def _on_gold(row: Any) -> tuple[str, str]:
    if "Emp. Acc." not in row or row["Emp. Acc."] != row["Emp. Acc."]:  # NaN: it never fired on a row with gold
        return "", "unknown"
    right, wrong = int(row["Correct"]), int(row["Incorrect"])
    return f"{right}/{right + wrong}", interval(row["Emp. Acc."], row["Emp. Acc. Low"], row["Emp. Acc. High"])


def _estimated(row: Any) -> str:
    if "Est. Acc." not in row:
        return "unknown"
    return interval(row["Est. Acc."], row["Est. Acc. Low"], row["Est. Acc. High"])


def _print_groups(by: Group, grouped: "pd.DataFrame") -> None:
    shares = [column for column in ("Coverage", "Overlaps", "Alone", "Conflicts") if column in grouped]
    counts = [column for column in ("Rows", "Votes") if column in grouped]
    headers = [by.value, *(f">{column.lower()}" for column in (*counts, *shares)), ">right", ">on gold"]
    headers += [">recall"] if "Recall" in grouped else []
    headers += [">LFs"] if by is not Group.MONTH else []
    rows = []
    for name, row in grouped.iterrows():
        line = [str(name), *(f"{row[column]:,}" for column in counts), *(share(row[column]) for column in shares)]
        line += _on_gold(row)
        if "Recall" in grouped:
            line.append(interval(row["Recall"], row["Recall Low"], row["Recall High"]))
        if by is not Group.MONTH:
            line.append(f"{len(row['LFs']):,}")
        rows.append(line)
    title = "shares of all rows" if by is not Group.MONTH else "shares of the rows of each month"
    print_table(headers, rows, title=f"by {by.value}: {title}; accuracy on dev gold with 95 % interval")
    for name, row in grouped.iterrows() if by is not Group.MONTH else ():
        silent = set(row.get("Silent", ()))
        typer.echo(f"{name}: {', '.join(f'({lf})' if lf in silent else lf for lf in row['LFs'])}")
    if "Silent" in grouped and any(grouped["Silent"]):
        typer.echo("(in brackets): expired, not active, or not in the label matrix yet")
