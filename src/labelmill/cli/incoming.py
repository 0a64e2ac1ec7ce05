"""Commands about batches of new rows: take them in, look at them, keep them from training, label some of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.printing import AsJson, echo_json, print_table, rows_of, snippet

if TYPE_CHECKING:
    from labelmill.sources.batches import Batch

_HELP = """Take in new rows, batch by batch; they train with the next `dvc repro` or `labelmill run`.

A file becomes a batch, `data/incoming/00007/`, which never changes: its rows are checked as `validate` of params.yaml
says, and scored by the champion before any of them can train. Rows that are known already are left out. A part of each
batch (`ingest.splits.audit_share`) is kept from training: `incoming audits` asks for its labels.
"""

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help=_HELP)

Seq = Annotated[int, typer.Argument(help="Number of the batch, as `incoming list` shows it.", min=1)]


@app.command()
def add(
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, JSONL or Parquet files, mails (.eml, mbox) or folders of mails; one batch each."),
    ],
    as_json: AsJson = False,
) -> None:
    """Take files in, one batch each; gold that stands in them is left aside.

    A file that breaks what is expected is refused: exit code 3, and what could be read of it stays in `data/held/`.
    Where no file brings a row that is new, the exit code is 13. The other files are taken in all the same.

    Examples: `labelmill incoming add monday.jsonl` · `labelmill incoming add inbox/*.mbox`
    """
    from labelmill.errors import LabelmillError, NothingToDoError
    from labelmill.loop import arrivals
    from labelmill.params import load_params
    from labelmill.progress import progress

    params = load_params()
    added: list[Batch] = []
    problems: list[LabelmillError] = []
    for file in progress(files, "taking in"):
        try:
            added.append(arrivals.add(file, params))
        except LabelmillError as error:
            problems.append(error)
            continue
        if not as_json:
            typer.echo(_sentence(added[-1]))
    if as_json:
        echo_json({"added": [_as_json(batch) for batch in added], "problems": [str(error) for error in problems]})
    _note_about_dvc()
    refused = [problem for problem in problems if not isinstance(problem, NothingToDoError)]
    worst = refused[:1] or ([] if added else problems[:1])
    for problem in problems:
        if problem not in worst:
            typer.secho(f"note: {problem}", fg="yellow", err=True)
    if worst:
        raise worst[0]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Show the batches: those that stage `ingest` read, those that it will read, those that are held and why."""
    from labelmill import paths
    from labelmill.loop import holding
    from labelmill.sources import batches

    aside = batches.held_batches()
    found = sorted([*batches.list_batches(), *aside], key=lambda batch: batch.seq)
    held = {batch.seq: batch.refused or holding.reason_held(batch.seq) or "held" for batch in aside}
    in_training = {int(name) for name, _ in batches.ingested().items() & batches.hashes().items()}
    if as_json:
        echo_json(
            [
                {**_as_json(batch), "held": held.get(batch.seq), "in_training": batch.seq in in_training}
                for batch in found
            ]
        )
        return
    rows = [
        (
            batch.name,
            f"{batch.arrived:%Y-%m-%d %H:%M}",
            f"{batch.rows:,}",
            f"{batch.rejected:,}",
            f"{batch.seen_before:,}",
            "" if batch.champion is None else str(batch.champion["seq"]),
            "in training" if batch.seq in in_training else _state(batch, held.get(batch.seq)),
            batch.source,
        )
        for batch in found
    ]
    if not rows:
        typer.echo(f"no batch is in {paths.INCOMING} or {paths.HELD} yet: `labelmill incoming add FILE`")
        return
    print_table(("batch", "arrived", ">rows", ">rejected", ">known", ">champion", "state", "source"), rows)


@app.command()
def hold(seq: Seq, reason: Annotated[str, typer.Option("--reason", help="Why training must not see it.")]) -> None:
    """Move a batch out of the way of training; the next `dvc repro` trains without it."""
    from labelmill.errors import NothingToDoError
    from labelmill.loop import holding

    if not reason.strip():
        raise typer.BadParameter("say why: `labelmill explain` tells it those who ask later.", param_hint="--reason")
    if known := holding.reason_held(seq):
        raise NothingToDoError(f"batch {seq} is held already, and its reason stays: {known}")
    typer.echo(f"batch {seq} is held: {holding.hold(seq, reason)}")


@app.command()
def release(seq: Seq) -> None:
    """Let training see a batch again that was held; of one that is not, the exit code is 13."""
    from labelmill.loop import holding

    typer.echo(f"batch {seq} is released: {holding.release(seq)}")


@app.command()
def audits(as_json: AsJson = False) -> None:
    """Print the rows that wait for a label, one JSON object a line: fill `label` in, and append it to the gold.

    Lines look like those of `gold/annotations.jsonl`, with the texts of the row. They never train: with them promotion
    is judged on new rows, too.

    Example: `labelmill incoming audits > todo.jsonl`; when they are labeled, `cat todo.jsonl >> gold/annotations.jsonl`
    """
    import json

    from labelmill.cli.printing import plain_values
    from labelmill.loop.audits import PURPOSE, waiting
    from labelmill.params import load_params

    params = load_params()
    lines = [
        {
            "id": row["id"],
            "label": None,
            "purpose": PURPOSE,
            "batch": row["seq"],
            **{name: row[name] for name in params.task.text_columns},
        }
        for row in waiting(params).to_dict("records")
    ]
    if as_json:
        echo_json(lines)
        return
    for line in lines:
        typer.echo(json.dumps(plain_values(line), ensure_ascii=False, allow_nan=False))
    typer.echo(f"{rows_of(len(lines))} without a label; classes are {', '.join(params.task.classes)}", err=True)


def _sentence(batch: "Batch") -> str:
    left_out = [
        f"{count:,} {what}"
        for count, what in (
            (batch.rejected, "rejected"),
            (batch.seen_before, "known already"),
            (batch.copies, "copies of others"),
        )
        if count
    ]
    scored = "no champion to score them" if batch.champion is None else f"scored by champion {batch.champion['seq']}"
    aside = f" ({', '.join(left_out)} left out)" if left_out else ""
    return f"{batch.source}: batch {batch.seq}, {rows_of(batch.rows)}{aside}, {scored}: {batch.folder}"


def _state(batch: "Batch", held: str | None) -> str:
    if held is None:
        return "incoming"
    why = held.removeprefix(f"{batch.source}: ").removeprefix(batch.source)
    return snippet(f"{'refused' if batch.refused else 'held'}: {why}", 80)


def _as_json(batch: "Batch") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(batch), "folder": str(batch.folder), "arrived": batch.arrived.isoformat(timespec="seconds")}


def _note_about_dvc() -> None:
    """A project made before there were batches has a `dvc.yaml` that does not know of them."""
    from labelmill import paths

    if paths.DVC_YAML.is_file() and str(paths.INCOMING) not in paths.DVC_YAML.read_text(encoding="utf-8"):
        typer.secho(
            f"note: {paths.DVC_YAML}: add {paths.INCOMING} to the deps of ingest, so that `dvc repro` sees new batches",
            fg="yellow",
            err=True,
        )
