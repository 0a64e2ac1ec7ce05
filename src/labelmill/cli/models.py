"""Commands about trained models: `predict`, `promote`, `track`, `report`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (predict, promote, track, report):
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
    """Make the newest end model the first champion, if it beats always-one-class and majority vote on gate gold.

    Where it does not, the exit code is 9 and nothing changes.
    """
    from labelmill import tracking
    from labelmill.errors import PromotionError
    from labelmill.params import load_params
    from labelmill.quality import promotion

    if not first:
        raise typer.BadParameter("give --first; replacing a champion comes with the monitor flow")
    decision = promotion.promote_first(load_params())
    if as_json:
        typer.echo(json.dumps({"promote": decision.promote, "reasons": decision.reasons, "numbers": decision.numbers}))
    elif decision.promote:
        typer.echo("this model is champion:\n" + "\n".join(f"  {reason}" for reason in decision.reasons))
    if not decision.promote:
        raise PromotionError("not promoted:\n" + "\n".join(f"  {reason}" for reason in decision.reasons))
    for problem in tracking.mirror_champion():
        typer.secho(f"note: {problem}", fg="yellow", err=True)


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
