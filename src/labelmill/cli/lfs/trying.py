"""`labelmill lfs test`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.lfs.loading import load
from labelmill.cli.printing import AsJson, echo_json, new_table, snippet

if TYPE_CHECKING:
    from rich.text import Text

    from labelmill.labeling.explain import Found
    from labelmill.labeling.functions import LabelingFunction
    from labelmill.params import Params

_AROUND = 30
"""Characters of a text that are shown on both sides of what matched."""


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(test)


def test(
    text: Annotated[str | None, typer.Argument(help="A text to try them on.")] = None,
    row_id: Annotated[str | None, typer.Option("--id", help="A row of the clean table to try them on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which labeling functions fire on one text or row and where, and what the label model makes of it.

    What matched is marked. "log-odds" is what a vote adds for the class that the label model decides for: minus speaks
    against it. A labeling function that needs a column which a bare text does not have is said to be skipped.

    Examples: `labelmill lfs test "Act now! Cheap pills"` · `labelmill lfs test --id 3f2a…`
    """
    if (text is None) == (row_id is None):
        raise typer.BadParameter("give either a text, or a row with --id")
    params, lfs = load()
    lfs = [lf for lf in lfs if lf.upkeep.active]
    row = _find_row(row_id, params.task.hidden_columns) if row_id is not None else _bare_row(text, params)
    tries = [_try(lf, row, params.task.classes, bare=row_id is None) for lf in lfs]
    opinion, note = _opinion(tries, params.task.classes)
    if as_json:
        votes = [{key: value for key, value in tried.items() if key != "found"} for tried in tries]
        for vote, tried in zip(votes, tries, strict=True):
            vote["places"] = [{"column": found.column, "spans": found.places} for found in tried["found"]]
        keys = ("label_model", "decided", "balance_log_odds")
        echo_json({"votes": votes, **{key: opinion.get(key) for key in keys}, "note": note})
        return
    _print(tries, opinion, note)


def _try(lf: "LabelingFunction", row: Any, classes: tuple[str, ...], *, bare: bool) -> dict[str, Any]:
    """One vote, or why there is none; a raising labeling function must not hide the others."""
    from labelmill.labeling.explain import found_in, why
    from labelmill.labeling.rows import NoSuchColumnError

    result: dict[str, Any] = {"name": lf.name, "state": "abstained", "vote": None, "number": -1}
    result |= {"why": None, "problem": None, "log_odds": None, "found": []}
    if lf.upkeep.expired():
        return {**result, "state": "expired", "problem": f"its last day was {lf.upkeep.expires}; it abstains"}
    try:
        number = int(lf(row))
        if number < 0:
            return result
        voted = {"state": "voted", "vote": classes[number], "number": number}
        return {**result, **voted, "why": why(lf, row), "found": found_in(lf, row)}
    except Exception as error:
        lacks = next((e for e in (error, error.__cause__) if isinstance(e, NoSuchColumnError)), None)
        if bare and lacks:
            return {**result, "state": "skipped", "problem": f"in a bare text {str(lacks).partition(';')[0]}"}
        return {**result, "state": "failed", "problem": f"{type(error).__name__}: {error}"}


def _opinion(tries: list[dict[str, Any]], classes: tuple[str, ...]) -> tuple[dict[str, Any], str | None]:
    """What the label model says, each vote's part in it put beside the vote; or why it says nothing."""
    import numpy as np

    from labelmill import label_model, paths

    if not paths.LABEL_MODEL.exists():
        return {}, None
    model = label_model.load(paths.LABEL_MODEL)
    if model.lf_names_ != [tried["name"] for tried in tries] or model.cardinality != len(classes):
        return {}, "it knows other labeling functions than lfs/ has now; `labelmill run` fits it again"
    row = np.array([[tried["number"] for tried in tries]], dtype=np.int8)
    if not model.covered(row)[0]:
        return {}, "no opinion without a vote"
    probs = model.predict_proba(row)[0]
    top = int(probs.argmax())
    for tried, part in zip(tries, model.explain(row)[0], strict=True):
        if tried["state"] == "voted":
            tried["log_odds"] = _against_others(part, top)
    return {
        "label_model": {name: float(share) for name, share in zip(classes, probs, strict=True)},
        "decided": classes[top],
        "balance_log_odds": _against_others(np.log(model.class_balance_), top),
    }, None


def _against_others(scores: Any, label: int) -> float:
    """The log-odds of a class against the mean of the others."""
    return float(scores[label] - (scores.sum() - scores[label]) / (len(scores) - 1))


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


def _bare_row(text: str | None, params: "Params") -> dict[str, str | None]:
    """A row that has the text in the last text column, nothing in the others, and no further column."""
    *others, main = params.task.text_columns
    return {**dict.fromkeys(others, ""), main: text}


def _print(tries: list[dict[str, Any]], opinion: dict[str, Any], note: str | None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    voted = [tried for tried in tries if tried["state"] == "voted"]
    if voted:
        table = new_table()
        table.add_column("labeling function", no_wrap=True)
        table.add_column("vote", no_wrap=True)
        if opinion:
            table.add_column("log-odds", justify="right", no_wrap=True)
        table.add_column("where")
        for tried in sorted(voted, key=lambda tried: -abs(tried["log_odds"] or 0.0)):
            odds = [f"{tried['log_odds']:+.2f}"] if opinion else []
            reason = Text("\n").join(_marked(found) for found in tried["found"]) or Text(snippet(tried["why"] or ""))
            table.add_row(Text(tried["name"]), Text(tried["vote"]), *odds, reason)
        if opinion:
            table.add_row(Text("(class balance)", "dim"), "", f"{opinion['balance_log_odds']:+.2f}", "")
        console.print(table)
    typer.echo(f"{len(voted)} of {len(tries)} labeling functions voted")
    for tried in (tried for tried in tries if tried["problem"]):
        quiet = tried["state"] in ("skipped", "expired")
        typer.secho(f"{tried['state']} {tried['name']}: {snippet(tried['problem'], 300)}", dim=quiet, err=True)
    if opinion:
        shares = ", ".join(f"{name} {share:.3f}" for name, share in opinion["label_model"].items())
        typer.echo(f"label model: {shares}; log-odds are those of {opinion['decided']}")
    elif note:
        typer.echo(f"label model: {note}")


def _marked(found: "Found") -> "Text":
    """What matched in a value, with some of what stands around it; marked so that it shows in a file, too."""
    from rich.text import Text

    first, last = found.places[0][0], found.places[0][1]
    start, end = max(first - _AROUND, 0), min(last + _AROUND, len(found.text))
    marked = Text(f"{found.column}: {'…' if start else ''}")
    shown = 0
    at = start
    for begin, stop in found.places:
        if begin < at or stop > end:
            continue
        marked.append(_line(found.text[at:begin]))
        marked.append(f"»{_line(found.text[begin:stop])}«", "bold reverse")
        at, shown = stop, shown + 1
    marked.append(_line(found.text[at:end]) + ("…" if end < len(found.text) else ""))
    if shown < len(found.places):
        marked.append(f" (+{len(found.places) - shown})", "dim")
    return marked


def _line(text: str) -> str:
    """On one line, its outer spaces kept as one each: they stand beside what matched."""
    from labelmill.report.text import plain

    inner = plain(text)
    return f"{' ' if text[:1].isspace() and inner else ''}{inner}{' ' if text[-1:].isspace() else ''}"
