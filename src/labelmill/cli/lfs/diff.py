"""`labelmill lfs diff`."""

from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelmill.cli.printing import AsJson, echo_json, heading, print_table, rows_of, share, snippet

if TYPE_CHECKING:
    from labelmill.analysis.changes import GoldChange, LfChange
    from labelmill.analysis.relabel import Relabeled
    from labelmill.params import Params


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(diff)


def diff(
    against: Annotated[
        str | None, typer.Option("--against", help="A git revision of lfs/ to compare with, such as HEAD or HEAD~3.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Sample rows to show of each kind.")] = 2,
    model: Annotated[
        bool, typer.Option("--model/--no-model", help="Fit label models, too, to see what decisions change.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Say what the last edit of `lfs/` changes, before it is taken over: rows gained, lost and flipped.

    The labeling functions as they are now are compared with the label matrix as stage `label` last wrote it, or with
    those of a git revision. Nothing is written but the warm cache: the stage has less to do afterwards.

    Examples: `labelmill lfs diff` · `labelmill lfs diff --against HEAD --rows 5`
    """
    from labelmill import paths
    from labelmill.analysis import changes, evidence, relabel
    from labelmill.params import load_params

    params = load_params()
    before = _before(against, params)
    now = relabel.relabel(paths.LFS, params)
    evidence.check_same_rows(now.ids, before.ids)
    found = changes.compare_votes(
        (before.L, before.lf_names), (now.L, now.lf_names), samples=rows, seed=params.task.seed
    )
    gold_change = _gold_change(before, now, params) if found and model else None
    shown = {sample.position for change in found for sample in change.samples}
    texts = evidence.texts_of([str(now.ids.iloc[i]) for i in shown], params.task.text_columns) if shown else {}
    if as_json:
        echo_json(_as_json(found, before, now, gold_change, texts, params))
        return
    if not found:
        typer.echo("no vote changed")
        return
    _print(found, before, now, texts, params)
    if gold_change is not None:
        _print_gold(gold_change)


def _before(against: str | None, params: "Params") -> "Relabeled":
    """The votes to compare with."""
    from labelmill import paths
    from labelmill.analysis import relabel
    from labelmill.labeling.matrix import read_label_matrix

    if against is None:
        ids, L, lf_names = read_label_matrix(paths.LABEL_MATRIX)
        return relabel.Relabeled(ids, L, lf_names, {})
    with relabel.folder_at(against) as folder:
        return relabel.relabel(folder, params)


def _gold_change(before: "Relabeled", now: "Relabeled", params: "Params") -> "GoldChange | None":
    from labelmill import paths, storage
    from labelmill.analysis import changes, evidence, relabel
    from labelmill.arrays import UNKNOWN

    gold = evidence.dev_gold(now.ids)
    if (known := evidence.classes_of_gold()) not in (None, params.task.classes):
        typer.secho(
            f"note: dev gold was read when the classes were {', '.join(known)}, so no label model is set beside it; "
            "`dvc repro` reads it anew",
            fg="yellow",
            err=True,
        )
        return None
    if (gold == UNKNOWN).all():
        return None
    train = (storage.read_shards(paths.CLEAN, ["split"])["split"] == "train").to_numpy()
    with _status("fitting two label models"):
        was, is_now = (relabel.decide(v.L, v.lf_names, train=train, params=params) for v in (before, now))
    return changes.compare_decisions(was, is_now, gold)


def _status(text: str) -> Any:
    """A turning wheel on standard error, where somebody looks."""
    from rich.console import Console

    console = Console(stderr=True)
    return console.status(text) if console.is_terminal else nullcontext()


def _as_json(
    found: "list[LfChange]",
    before: "Relabeled",
    now: "Relabeled",
    gold_change: "GoldChange | None",
    texts: dict[str, str],
    params: "Params",
) -> dict[str, Any]:
    classes = (*params.task.classes, None)  # -1, an abstain, is the last
    lfs = [
        {
            **asdict(change),
            "samples": [
                {
                    "kind": sample.kind,
                    "id": now.ids.iloc[sample.position],
                    "before": classes[sample.before],
                    "after": classes[sample.after],
                    "text": texts.get(now.ids.iloc[sample.position], ""),
                }
                for sample in change.samples
            ],
        }
        for change in found
    ]
    totals = {name: _totals(votes) for name, votes in (("before", before), ("after", now))}
    gold = None if gold_change is None else asdict(gold_change)
    return {"rows": len(now.ids), "lfs": lfs, **totals, "failures": now.failures, "dev_gold": gold}


def _totals(votes: "Relabeled") -> dict[str, float | int]:
    from labelmill.labeling.summary import count_votes, totals

    return totals(count_votes(votes.L))


def _print(
    found: "list[LfChange]",
    before: "Relabeled",
    now: "Relabeled",
    texts: dict[str, str],
    params: "Params",
) -> None:
    names = ("name", "", ">before", ">after", ">gained", ">lost", ">flipped")
    numbers = [[getattr(change, name[1:]) for name in names[2:]] for change in found]
    lines = [
        [change.name, change.state, *(f"{number:,}" for number in of_change)]
        for change, of_change in zip(found, numbers, strict=True)
    ]
    same = len([name for name in now.lf_names if name in before.lf_names]) - sum(c.state == "changed" for c in found)
    print_table(names, lines, title=f"votes on {len(now.ids):,} rows; {same} labeling functions vote as before")
    classes = (*params.task.classes, "abstain")  # -1 is the last
    for change in (change for change in found if change.samples):
        heading(change.name)
        for sample in change.samples:
            row_id = str(now.ids.iloc[sample.position])
            turn = f"{classes[sample.before]} → {classes[sample.after]}"
            typer.echo(f"  {sample.kind:<7} {turn}  {row_id}")
            typer.secho(f"          {snippet(texts.get(row_id, ''))}", dim=True)
    was, is_now = _totals(before), _totals(now)
    heading("all labeling functions together")
    for name, told in (("coverage", "rows with a vote"), ("conflict", "rows with different votes")):
        typer.echo(
            f"  {told}: {share(was[name])} → {share(is_now[name])} ({100 * (is_now[name] - was[name]):+.1f} points)"
        )
    for name, count in now.failures.items():
        typer.secho(f"  {name} failed on {rows_of(count)}", fg="red")


def _print_gold(change: "GoldChange") -> None:
    typer.echo(
        f"  label model on {change.rows:,} rows of dev gold: {change.right_before:,} → {change.right_after:,} right "
        f"({change.mended:,} mended, {change.broken:,} broken)"
    )
    if change.mended + change.broken and change.p_value > 0.05:
        typer.secho(f"  so few that it may be chance (sign test: p = {change.p_value:.2f})", dim=True)
