"""`labelmill replay`: the stream that was set aside, played through the loop."""

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from labelmill.loop.replay import Step

_DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(replay)


def replay(
    start: Annotated[dt.datetime, typer.Option("--from", formats=_DAY, help="First day, as 2002-09-01.")],
    end: Annotated[dt.datetime, typer.Option("--to", formats=_DAY, help="The day before which it ends.")],
    days: Annotated[int, typer.Option("--days", min=1, help="Days per batch.")] = 7,
    speed: Annotated[
        float, typer.Option("--speed", min=0, help="Days per second; 0: as fast as the machine can.")
    ] = 0.0,
    audit_delay: Annotated[
        int, typer.Option("--audit-delay", min=0, help="Days until people have labeled the audited rows of a batch.")
    ] = 7,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: one line per period, one for the scores.")
    ] = False,
) -> None:
    """Play the stream of data/stream through the loop: score, watch, retrain, promote, as if it came now.

    It adds batches to data/incoming, decisions to state/ and labels of audited rows to gold/annotations.jsonl of this
    project; try it in a copy first. At the end the loop is compared with its own first champion, had that stayed in
    charge. Killed, the same command goes on where it ended.
    """
    from labelmill import paths
    from labelmill.errors import NothingToDoError, PromotionError
    from labelmill.loop.periods import days_of_stream, periods
    from labelmill.loop.replay import Replay
    from labelmill.loop.retrain import judge, retrain
    from labelmill.params import load_params
    from labelmill.quality import champion

    if start >= end:
        raise typer.BadParameter(f"{end.date()} must be after --from, {start.date()}", param_hint="--to")
    params = load_params()
    there = days_of_stream(params)
    if there is None or start.date() > there[1] or end.date() <= there[0]:
        days_there = "it has none" if there is None else f"its rows are of {there[0]} to {there[1]}"
        raise NothingToDoError(f"{paths.STREAM}: has no row of {start.date()} until {end.date()}: {days_there}.")
    if not champion.current_seq():
        first = judge(params, at=start.replace(tzinfo=dt.UTC))
        if not first.promote:
            why = "\n".join(f"  {reason}" for reason in first.reasons)
            raise PromotionError(f"there is no first champion, who scores what comes: the model was refused\n{why}")
    played = Replay(params, retrain=lambda at: retrain(params, at=at), audit_delay=dt.timedelta(days=audit_delay))
    for step in played.play(periods(params, start=start.date(), end=end.date(), days=days)):
        typer.echo(json.dumps(_as_json(step)) if as_json else _in_words(step))
        time.sleep(days / speed if speed else 0)
    scores = played.scores()
    typer.echo(json.dumps(scores) if as_json else _table(scores))


def _as_json(step: "Step") -> dict[str, Any]:
    return {
        "from": f"{step.period.start}",
        "to": f"{step.period.end}",
        "seq": step.batch.seq if step.batch else None,
        "rows": step.batch.rows if step.batch else 0,
        "refused": step.refused,
        "diagnoses": [
            {"kind": found.kind, "subject": found.subject, "confirmed": found.confirmed}
            for window in step.windows
            for found in window.diagnoses
        ],
        "decisions": list(step.decisions),
        "champion": step.champion,
    }


def _in_words(step: "Step") -> str:
    if step.batch is None:
        return f"{step.period.start}  nothing taken in: {step.refused.splitlines()[0]}"
    found = [
        f"{diagnosis.kind}{f' ({diagnosis.subject})' if diagnosis.subject else ''}{'' if diagnosis.confirmed else '?'}"
        for window in step.windows
        for diagnosis in window.diagnoses
    ]
    seen = ", ".join(found) or ("stable" if step.windows else "waits for more rows")
    did = [": ".join([line["kind"], *([line["action"]] if "action" in line else [])]) for line in step.decisions]
    return (
        f"{step.period.start}  batch {step.batch.seq:>3}  {step.batch.rows:>6,} rows  champion {step.champion}  {seen}"
        f"{'  -> ' + ', '.join(did) if did else ''}"
    )


def _table(scores: dict[str, Any]) -> str:
    """The loop beside the frozen champion, pooled and by month, where both classes are there."""
    if not scores:
        return "no row with gold was taken in"
    lines = [f"{'':10}{'rows':>7}  {'metric':18}{'loop':>7}{'frozen':>8}  difference (95 %)"]
    between = scores["differences"]["loop-frozen"]
    parts = {"pooled": (scores["loop"]["all"], scores["frozen"]["all"], between["all"])}
    for month in scores["loop"]["months"]:
        parts[month] = tuple(part["months"][month] for part in (scores["loop"], scores["frozen"], between))
    for name, (loop, frozen, gain) in parts.items():
        for metric in ("balanced_accuracy", "f1"):
            if None in (loop[metric]["value"], frozen[metric]["value"]):
                continue
            interval = (
                "" if gain[metric]["low"] is None else f"({gain[metric]['low']:+.3f} to {gain[metric]['high']:+.3f})"
            )
            lines.append(
                f"{name:10}{loop['n']:>7,}  {metric:18}{loop[metric]['value']:>7.3f}{frozen[metric]['value']:>8.3f}  "
                f"{gain[metric]['value']:+.3f} {interval}"
            )
    return "\n".join(lines)
