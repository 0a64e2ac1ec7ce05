"""The command that watches the stream: `drift`."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from labelmill.cli.printing import AsJson, echo_json, heading, rows_of
from labelmill.errors import NothingToDoError

if TYPE_CHECKING:
    from labelmill.quality.watched import Watched


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(drift)


def drift(
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the newest verdict as Markdown.")] = False,
) -> None:
    """Compare new batches with what training saw, say what changed and what it means, decide what follows.

    Batches that are too few rows for `drift.min_rows` wait for more. The numbers are in state/monitor/, the page in
    reports/drift.html, and MLflow gets them where it is there. Exit code 0, also where drift is found; 13 where there
    is nothing new to look at. The same command again does nothing twice.

    Examples: `labelmill drift` · `labelmill drift --json`
    """
    from labelmill import paths
    from labelmill.loop.watch import waiting, watch
    from labelmill.params import load_params
    from labelmill.quality.watched import read_watched, read_window, watched_seqs
    from labelmill.report.drift_words import as_markdown
    from labelmill.tracking.monitoring import log_windows

    params = load_params()
    windows = watch(params, now=dt.datetime.now(dt.UTC))
    newest = read_watched(last=1)
    held_back = waiting(params)
    for problem in log_windows(params.task.name, watched_seqs(), read_window):
        typer.secho(f"note: {problem}", fg="yellow", err=True)
    if as_json:
        waits = {"batches": [batch.seq for batch in held_back], "rows": sum(batch.rows for batch in held_back)}
        echo_json({"windows": [window.to_json() for window in windows], "waiting": waits})
    elif markdown:
        typer.echo(as_markdown(newest[0]) if newest else "Nothing was watched yet.", nl=not newest)
    else:
        for window in windows:
            _print(window)
        if windows:
            typer.echo(f"\npage: {paths.DRIFT_PAGE.resolve()}")
    told = _waiting(sum(batch.rows for batch in held_back), len(held_back), params.drift.min_rows)
    if told and windows:
        typer.secho(f"note: {told}", fg="yellow", err=True)
    if not windows:
        last = f" The last window was {newest[0].seq}." if newest else ""
        raise NothingToDoError(f"no window to look at: {told or 'no batch came since.'}{last}")


def _waiting(rows: int, batches: int, needed: int) -> str:
    if not batches:
        return ""
    return (
        f"{rows_of(rows)} of {batches} batch{'es' if batches > 1 else ''} wait for more rows: drift.min_rows is "
        f"{needed:,}."
    )


def _print(window: "Watched") -> None:
    from labelmill.report import drift_words
    from labelmill.report.text import plain

    heading(drift_words.verdict(window)[1])
    typer.echo(f"  {drift_words.basis(window)}")
    for layer in window.findings.layers.values():
        typer.echo(f"  {drift_words.layer_line(layer)}")
    for name, found in window.findings.prior.items():
        typer.echo(f"  share of {name}: {drift_words.estimate(found)}")
    told = drift_words.alarms(window, per_layer=drift_words.SIGNALS_PER_LAYER)
    for signal in told:
        typer.echo(f"  stands out: {drift_words.signal_line(signal)}")
    if more := len(drift_words.alarms(window)) - len(told):
        typer.echo(f"  and {more} more, see the page")
    for diagnosis in window.diagnoses:
        sure = "" if diagnosis.confirmed else " (not confirmed yet)"
        subject = f" {plain(diagnosis.subject)}" if diagnosis.subject else ""
        typer.secho(f"  {drift_words.DIAGNOSES[diagnosis.kind]}{subject}{sure}: {plain(diagnosis.reason)}", fg="yellow")
    for line in drift_words.decided(window):
        typer.echo(f"  → {line}")
    for note in window.notes:
        typer.echo(f"  note: {note}")
