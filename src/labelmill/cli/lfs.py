"""Commands about labeling functions: `lfs list`, `lfs summary`, `lfs test`."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(no_args_is_help=True, help="Look at labeling functions, and try them on a text.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the labeling functions of `lfs/` with the place where each is defined."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from labelmill.labeling.explain import about

    params, lfs = _load()
    rows = [{"name": lf.name, "where": str(lf.origin), "columns": list(lf.columns), "about": about(lf)} for lf in lfs]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("labeling function", "where", "about", title=f"{len(lfs)} labeling functions for {params.task.name}")
    for row in rows:
        columns = f"{', '.join(row['columns'])}: " if row["columns"] else ""
        table.add_row(*(escape(text) for text in (row["name"], row["where"], _short(columns + row["about"], 120))))
    Console().print(table)


@app.command()
def summary(as_json: AsJson = False) -> None:
    """Show coverage, overlaps, conflicts and accuracy on dev gold, as the label stage last wrote them."""
    import pandas as pd

    from labelmill import paths
    from labelmill.params import load_params
    from labelmill.storage.atomic import missing

    params = load_params()
    if not paths.LF_SUMMARY.is_file():
        raise missing(paths.LF_SUMMARY)
    table = pd.read_csv(paths.LF_SUMMARY, index_col=0)
    if as_json:
        typer.echo(table.reset_index().to_json(orient="records", indent=2))
        return
    _print_summary(table, params.task.classes)


@app.command()
def test(
    text: Annotated[str | None, typer.Argument(help="A text to try them on.")] = None,
    row_id: Annotated[str | None, typer.Option("--id", help="A row of the clean table to try them on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which labeling functions fire on one text or row and why, and what the label model makes of it.

    A labeling function that needs a column which a bare text does not have is said to be skipped.
    """
    from labelmill import paths

    if (text is None) == (row_id is None):
        raise typer.BadParameter("give either a text, or a row with --id")
    params, lfs = _load()
    row = _find_row(row_id, params.task.hidden_columns) if row_id is not None else _bare_row(text, params)
    votes = [_try(lf, row, params.task.classes, bare=row_id is None) for lf in lfs]
    opinion, note = _label_model_opinion(votes, params.task.classes) if paths.LABEL_MODEL.exists() else (None, None)
    if as_json:
        typer.echo(json.dumps({"votes": votes, "label_model": opinion, "note": note}, indent=2))
        return
    width = max(len(lf.name) for lf in lfs)
    for vote in (vote for vote in votes if vote["vote"] is not None):
        typer.echo(f"{vote['name']:<{width}}  {vote['vote']}  {_short(vote['why'], 80)}")
    typer.echo(f"{sum(vote['vote'] is not None for vote in votes)} of {len(lfs)} labeling functions voted")
    for vote in (vote for vote in votes if vote["problem"]):
        typer.secho(f"{vote['state']} {vote['name']}: {vote['problem']}", dim=vote["state"] == "skipped", err=True)
    if opinion:
        typer.echo("label model: " + ", ".join(f"{name} {share:.3f}" for name, share in opinion.items()))
    elif note:
        typer.echo(f"label model: {note}")


def _load() -> tuple[Any, list[Any]]:
    from labelmill import paths
    from labelmill.labeling.loading import load_lfs
    from labelmill.params import load_params

    params = load_params()
    return params, load_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _try(lf: Any, row: Any, classes: tuple[str, ...], *, bare: bool) -> dict[str, Any]:
    """One vote, or why there is none; a raising labeling function must not hide the others."""
    from labelmill.labeling.explain import why
    from labelmill.labeling.rows import NoSuchColumnError

    result = {"name": lf.name, "state": "abstained", "vote": None, "number": -1, "why": None, "problem": None}
    try:
        number = int(lf(row))
        if number < 0:
            return result
        return {**result, "state": "voted", "vote": classes[number], "number": number, "why": why(lf, row)}
    except Exception as error:
        lacks = next((e for e in (error, error.__cause__) if isinstance(e, NoSuchColumnError)), None)
        if bare and lacks:
            return {**result, "state": "skipped", "problem": f"in a bare text {str(lacks).partition(';')[0]}"}
        return {**result, "state": "failed", "problem": f"{type(error).__name__}: {error}"}


def _label_model_opinion(
    votes: list[dict[str, Any]], classes: tuple[str, ...]
) -> tuple[dict[str, float] | None, str | None]:
    """What the label model says; or why it cannot."""
    import numpy as np

    from labelmill import label_model, paths

    model = label_model.load(paths.LABEL_MODEL)
    if model.lf_names_ != [vote["name"] for vote in votes] or model.cardinality != len(classes):
        return None, "it knows other labeling functions than lfs/ has now; `labelmill run` fits it again"
    row = np.array([[vote["number"] for vote in votes]], dtype=np.int8)
    if not model.covered(row)[0]:
        return None, "no opinion without a vote"
    return {name: float(share) for name, share in zip(classes, model.predict_proba(row)[0], strict=True)}, None


def _find_row(row_id: str, hidden: tuple[str, ...]) -> Any:
    """The row as labeling functions see it in the label stage."""
    from labelmill import paths, storage
    from labelmill.errors import DataError
    from labelmill.labeling.rows import Columns, Row

    for shard in storage.iter_shards(paths.CLEAN):
        found = shard[shard["id"] == row_id]
        if len(found):
            return Row(Columns(found, (*hidden, "split")))
    raise DataError(f"{paths.CLEAN}: no row has the id {row_id!r}. Ids are in its column 'id'.")


def _bare_row(text: str | None, params: Any) -> dict[str, str | None]:
    """A row that has the text in the last text column, nothing in the others, and no further column."""
    *others, main = params.task.text_columns
    return {**dict.fromkeys(others, ""), main: text}


def _print_summary(frame: "pd.DataFrame", classes: tuple[str, ...]) -> None:
    """The summary, narrow enough for a terminal: polarity by name, shares in percent, accuracy with its interval."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    errors = frame.get("Errors")
    failed = errors is not None and errors.any()
    table = Table(
        title="coverage, overlaps, conflicts; accuracy on dev gold with 95 % interval", box=None, pad_edge=False
    )
    table.add_column("name", no_wrap=True)
    table.add_column("votes", no_wrap=True)
    for column in ("cov.", "over.", "conf.", "right", "accuracy", *(["errors"] if failed else [])):
        table.add_column(column, justify="right", no_wrap=True)
    for name, row in frame.iterrows():
        voted = ", ".join(classes[vote] for vote in json.loads(str(row["Polarity"])))
        shares = [f"{row[column]:.0%}" for column in ("Coverage", "Overlaps", "Conflicts")]
        failures = [str(row["Errors"])] if failed else []
        table.add_row(escape(str(name)), escape(voted), *shares, *_accuracy(row), *failures)
    Console().print(table)


def _accuracy(row: Any) -> tuple[str, str]:
    if "Emp. Acc." not in row or row["Emp. Acc."] != row["Emp. Acc."]:  # NaN: it never fired on a row with gold
        return "", "unknown"
    right, wrong = int(row["Correct"]), int(row["Incorrect"])
    interval = f"{row['Emp. Acc.']:.2f} ({row['Emp. Acc. Low']:.2f}-{row['Emp. Acc. High']:.2f})"
    return f"{right}/{right + wrong}", interval
