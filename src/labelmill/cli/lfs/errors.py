"""`labelmill lfs errors`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.printing import AsJson, echo_json, heading, print_table, rows_of, snippet

if TYPE_CHECKING:
    from labelmill.analysis.error_buckets import Judgement

_TOLD = {
    ("wrong", "wrong"): "the rules mislead, and the end model learned it",
    ("wrong", "right"): "the rules mislead, the end model sees through it",
    ("right", "wrong"): "the rules know better than the end model: its features or its training",
    ("silent", "wrong"): "no rule decides, and the end model cannot tell: write one",
    ("silent", "right"): "no rule decides; the end model can tell all the same",
    ("right", "right"): "well",
    ("wrong", "unknown"): "the rules mislead",
    ("silent", "unknown"): "no rule decides: write one",
    ("right", "unknown"): "well",
}
"""What each pair of outcomes, of label model and end model, comes from."""


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(errors)


def errors(
    rows: Annotated[int, typer.Option("--rows", min=0, help="Sample rows to show of each kind.")] = 3,
    lf: Annotated[
        str | None, typer.Option("--lf", help="Show only rows that this labeling function misled on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say where label model and end model are wrong on rows with dev gold, and which labeling function misled.

    Each row is put by the vote that spoke loudest for the wrong class. Test gold is never looked at.

    Examples: `labelmill lfs errors` · `labelmill lfs errors --lf medicines --rows 10`
    """
    from labelmill.analysis import error_buckets, evidence
    from labelmill.params import load_params

    params = load_params()
    known = evidence.read_evidence(params)
    judgements = error_buckets.judge(known, error_buckets.end_model_preds(known, params.task.classes))
    buckets = error_buckets.count_buckets(judgements)
    misled = error_buckets.by_misleader(judgements)
    if lf is not None:
        if lf not in known.lf_names:
            raise typer.BadParameter(f"--lf is {lf!r}; there are {', '.join(known.lf_names)}")
        misled = {lf: misled.get(lf, [])}
    amiss = [j for j in judgements if j.outcomes[0] == "silent" or j.outcomes == ("right", "wrong")]
    wanted = {j.position for found in misled.values() for j in found} | {j.position for j in amiss}
    texts = evidence.texts_of([str(known.ids.iloc[i]) for i in wanted], params.task.text_columns)
    show = _Shown(params.task.classes, known.ids, texts)
    if as_json:
        echo_json(
            {
                "rows": len(judgements),
                "buckets": [
                    {"label_model": a, "end_model": b, "rows": count, "meaning": _TOLD[a, b]}
                    for (a, b), count in buckets.items()
                ],
                "misled_by": [
                    {"lf": name, "rows": len(found), "samples": [show.record(j) for j in found[:rows]]}
                    for name, found in misled.items()
                ],
                "others": [show.record(j) for j in amiss if lf is None],
            }
        )
        return
    if lf is None:
        lines = [[a, b, f"{count:,}", _TOLD[a, b]] for (a, b), count in buckets.items()]
        title = f"{len(judgements):,} rows with dev gold"
        print_table(("label model", "end model", ">rows", "what it comes from"), lines, title=title)
    for name, found in misled.items():
        heading(f"misled by {name}: {rows_of(len(found))}")
        show.lines(found[:rows])
    if lf is None:
        for pair in (("silent", "wrong"), ("right", "wrong"), ("silent", "unknown")):
            if found := [judgement for judgement in amiss if judgement.outcomes == pair]:
                heading(f"label model {pair[0]}, end model {pair[1]}: {rows_of(len(found))}")
                show.lines(found[:rows])


class _Shown:
    """Judged rows as lines and as records."""

    def __init__(self, classes: tuple[str, ...], ids: Any, texts: dict[str, str]) -> None:
        self.classes = (*classes, None)  # -1, undecided, is the last
        self.ids = ids
        self.texts = texts

    def record(self, judgement: "Judgement") -> dict[str, Any]:
        row_id = str(self.ids.iloc[judgement.position])
        names = {name: self.classes[getattr(judgement, name)] for name in ("gold", "label_model", "end_model")}
        loud = {"misled_by": judgement.misled_by, "log_odds": judgement.log_odds}
        return {"id": row_id, **names, **loud, "text": self.texts.get(row_id, "")}

    def lines(self, judgements: "list[Judgement]") -> None:
        for judgement in judgements:
            record = self.record(judgement)
            said = [f"gold {record['gold']}"]
            said += [f"label model {record['label_model']}"] if record["label_model"] else ["label model undecided"]
            said += [f"end model {record['end_model']}"] if record["end_model"] else []
            said += [f"log-odds {record['log_odds']:+.2f}"] if record["log_odds"] is not None else []
            typer.echo(f"  {record['id']}  {', '.join(said)}")
            typer.secho(f"    {snippet(record['text'])}", dim=True)
