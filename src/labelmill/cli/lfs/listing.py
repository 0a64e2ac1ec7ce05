"""`labelmill lfs list`."""

import typer

from labelmill.cli.lfs.loading import load
from labelmill.cli.printing import AsJson, echo_json


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("list")(list_)


def list_(as_json: AsJson = False) -> None:
    """List the labeling functions of `lfs/`: where each is defined, what it looks for, who keeps it.

    Those that are not active or have expired are listed, too, and said to be so.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from labelmill.analysis.breakdown import state
    from labelmill.labeling.explain import about

    params, lfs = load()
    rows = [
        {
            "name": lf.name,
            "where": str(lf.origin),
            "columns": list(lf.columns),
            "about": about(lf),
            "state": state(lf),
            "owner": lf.upkeep.owner,
            "tags": list(lf.upkeep.tags),
            "expires": lf.upkeep.expires and lf.upkeep.expires.isoformat(),
            "why": lf.upkeep.why,
        }
        for lf in lfs
    ]
    if as_json:
        echo_json(rows)
        return
    table = Table("labeling function", "where", "about", title=f"{len(lfs)} labeling functions for {params.task.name}")
    for lf, row in zip(lfs, rows, strict=True):
        columns = f"{', '.join(lf.columns)}: " if lf.columns else ""
        about_it = _short(columns + about(lf), 120)
        keeping = [row["state"]] if row["state"] != "active" else []
        keeping += [f"owner {lf.upkeep.owner}"] if lf.upkeep.owner else []
        keeping += [f"tags {', '.join(lf.upkeep.tags)}"] if lf.upkeep.tags else []
        keeping += [f"until {lf.upkeep.expires}"] if lf.upkeep.expires else []
        lines = [about_it, *([f"[{'; '.join(map(str, keeping))}]"] if keeping else [])]
        table.add_row(escape(lf.name), escape(str(lf.origin)), escape("\n".join(lines)))
    Console().print(table)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
