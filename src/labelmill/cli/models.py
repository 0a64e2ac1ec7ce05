"""Commands about trained models: `predict`, `promote`, `rollback`, `explain`, `track`, `report`."""

import json
import sys
from pathlib import Path
from typing import Annotated, get_args

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (predict, promote, rollback, explain, track, report):
        app.command()(command)


def predict(
    file: Annotated[Path, typer.Argument(help="CSV, JSONL or Parquet file, a mail (.eml, mbox) or a folder of mails.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write CSV here instead of to the terminal.")] = None,
    champion: Annotated[bool, typer.Option("--champion", help="Use the champion instead of the newest model.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines for machines.")] = False,
) -> None:
    """Say for each row of a file how likely each class is, by the end model.

    The file needs the text columns of the task; other columns that the model knows are used where present.
    """
    from labelmill import scoring
    from labelmill.params import load_params

    scored = scoring.score(file, load_params(), champion=champion)
    text = scored.to_json(orient="records", lines=True) if as_json else scored.to_csv(index=False, float_format="%.6f")
    if out is None:
        sys.stdout.write(text)
    else:
        from labelmill import storage

        storage.write_text(out, text)
        typer.echo(f"{len(scored):,} rows written to {out}", err=True)


def promote(
    first: Annotated[bool, typer.Option("--first", help="Make the first champion.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision as JSON.")] = False,
) -> None:
    """Put the newest end model in charge, if it is as good as the champion on gate gold.

    With --first, where there is no champion yet: if it beats always-one-class and majority vote. Where the model is
    refused, the exit code is 9 and the champion stays; `labelmill explain last` tells the numbers.
    """
    from labelmill.errors import PromotionError
    from labelmill.loop import audits
    from labelmill.loop.origin import trained_from
    from labelmill.params import load_params
    from labelmill.quality import promotion

    params = load_params()
    decide = promotion.promote_first if first else promotion.promote
    decision = decide(params, made_from=trained_from(params))
    if as_json:
        typer.echo(json.dumps({"promote": decision.promote, "reasons": decision.reasons, "numbers": decision.numbers}))
    elif decision.promote:
        typer.echo("this model is champion:\n" + "\n".join(f"  {reason}" for reason in decision.reasons))
    if not decision.promote:
        reasons = "".join(f"\n  {reason}" for reason in decision.reasons)
        if count := len(audits.waiting(params)):
            reasons += f"\n{count:,} rows of batches wait to be gate gold: `labelmill incoming audits` prints them."
        raise PromotionError(f"not promoted:{reasons}")
    _mirror()


def rollback(
    to: Annotated[int | None, typer.Option("--to", help="Number of the champion whose model is to return.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log of decisions.")] = "",
) -> None:
    """Put the model of an earlier champion in charge again: the one before, or that of --to."""
    from labelmill.quality import champion

    made = champion.roll_back(champion.current_seq(), to=to, reasons=(reason,) if reason else ())
    typer.echo(f"the model of champion number {made.model_seq} is in charge again, as number {made.seq}")
    _mirror()


def _mirror() -> None:
    """Let MLflow's alias follow; where it cannot, that is a note: the file decides who is champion."""
    from labelmill import tracking

    sys.stdout.flush()
    for problem in tracking.mirror_champion():
        typer.secho(f"note: {problem}", fg="yellow", err=True)


def explain(
    which: Annotated[str, typer.Argument(help="`last`, or the number of the decision, from 1.")] = "last",
    kind: Annotated[str | None, typer.Option("--kind", help="Only decisions of this kind, such as promotion.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the decision as it was recorded.")] = False,
) -> None:
    """Tell a decision in plain words, with its numbers: of models, of drift, of labeling functions, of batches."""
    from labelmill.cli import printable
    from labelmill.errors import DataError
    from labelmill.quality import champion, decisions, explanation

    champion.finish()
    if kind not in (None, *get_args(decisions.Kind)):
        kinds = ", ".join(get_args(decisions.Kind))
        raise typer.BadParameter(f"give one of {kinds}, not {kind!r}", param_hint="--kind")
    lines = [line for line in decisions.decisions() if kind in (None, line.get("kind"))]
    if not lines:
        raise DataError(f"{decisions.log_file()}: has no decision{f' of kind {kind}' if kind else ''} yet.")
    # Who added a file was told at once why it was refused, and `incoming list` tells it again.
    told = [place for place, line in enumerate(lines, 1) if line.get("kind") != "refused_file"]
    number = str((told or [len(lines)])[-1]) if which == "last" else which
    if not number.isdecimal() or not 1 <= int(number) <= len(lines):
        raise typer.BadParameter(f"give `last` or a number from 1 to {len(lines):,}, not {which!r}")
    line = lines[int(number) - 1]
    if as_json:
        typer.echo(json.dumps(line, ensure_ascii=False))
    else:
        typer.echo(printable(f"Decision {number} of {len(lines)}\n{explanation.explain(line)}"))


def track(
    check: Annotated[bool, typer.Option("--check", help="Say what MLflow lacks; mend aliases.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make a lost database again from reports/runs/.")] = False,
) -> None:
    """Log the present state of the project to MLflow, once per state.

    With --check the exit code is 1 where something is amiss.
    """
    from labelmill import tracking
    from labelmill.params import load_params

    params = load_params()
    if check or rebuild:
        lines = tracking.rebuild() if rebuild else tracking.check()
        typer.echo("\n".join(lines) if lines else "MLflow has every run")
        raise typer.Exit(1 if check and lines else 0)
    typer.echo(f"MLflow run {tracking.track_run(params)}")


def report(
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Say where the report is, or open it."""
    import webbrowser

    from labelmill import paths
    from labelmill.storage.atomic import missing

    if not paths.REPORT.is_file():
        raise missing(paths.REPORT)
    typer.echo(str(paths.REPORT.resolve()))
    if open_ and not webbrowser.open(paths.REPORT.resolve().as_uri()):
        typer.secho("no browser could be started; open the file by hand", fg="yellow", err=True)
