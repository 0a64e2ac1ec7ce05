"""How commands write: tables, texts of rows that cannot steer the terminal, JSON without NaN."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from labelmill.analysis.estimates import Estimate

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]

WIDTH = 120
"""Columns of a table, at most, where the terminal has fewer."""
SNIPPET = 100
"""Characters of a text that are shown of a sample row."""


def echo_json(content: Any) -> None:
    """Print as JSON; what is not a number is null."""
    typer.echo(json.dumps(plain_values(content), indent=2, ensure_ascii=False, allow_nan=False))


def plain_values(content: Any) -> Any:
    """Dataclasses, numpy values and NaN as what JSON has."""
    if is_dataclass(content) and not isinstance(content, type):
        return plain_values(asdict(content))
    if isinstance(content, Mapping):
        return {str(key): plain_values(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [plain_values(value) for value in content]
    value = content.item() if hasattr(content, "item") else content
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """Print a table without lines; columns whose name begins with > are numbers, to the right."""
    from rich.console import Console
    from rich.markup import escape
    from rich.measure import Measurement

    table = new_table()
    for column in columns:
        right = column.startswith(">")
        # Only texts may be broken: a number in two lines is another number, a name another name.
        whole = right or column == columns[0]
        table.add_column(column.removeprefix(">"), justify="right" if right else "left", no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    # Up to 120 wide, also where a terminal is narrower and breaks the lines itself: nothing is cut or squeezed.
    console = Console(highlight=False)
    wished = Measurement.get(console, console.options.update_width(WIDTH), table).maximum
    console.width = max(console.width, min(wished, WIDTH))
    if title is not None:  # not the table's own, which is broken where the table is narrow
        typer.secho(title, bold=True)
    console.print(table)


def new_table() -> "Table":
    """An empty table in the manner of all."""
    from rich.table import Table

    return Table(box=None, pad_edge=False)


def snippet(text: str, length: int = SNIPPET) -> str:
    """The beginning of a text on one line, without characters that could steer the terminal."""
    from labelmill.report.text import plain

    line = plain(text[: 4 * length])
    return line if len(line) <= length else line[: length - 1] + "…"


def share(value: float) -> str:
    """A share in percent; a rare one is not told as none."""
    if value != value:
        return ""
    return f"{value:.1%}" if 0 < value < 0.01 else f"{value:.0%}"


def interval(value: float, low: float, high: float) -> str:
    """A score with its 95 % interval; unknown where there is none."""
    return f"{value:.2f} ({low:.2f}-{high:.2f})" if value == value else "unknown"


def estimate(found: "Estimate | None") -> str:
    """The same of an estimate."""
    return "unknown" if found is None else interval(found.value, found.low, found.high)


def heading(text: str) -> None:
    """Print a line above what follows."""
    typer.secho(f"\n{text}", bold=True)


def rows_of(count: int) -> str:
    """How many rows."""
    return f"{count:,} row{'s' if count != 1 else ''}"
