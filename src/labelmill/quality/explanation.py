"""A decision of the log in plain words, with the numbers that it was made by."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from labelmill.quality.attempts import CONFIDENCE, counted, percent

Line: TypeAlias = Mapping[str, Any]
"""One line of the log of decisions."""

_HEADINGS: dict[str, Callable[[Line], str]] = {
    "promotion": lambda line: f"champion number {line['seq']} was put in charge: model {_short(line['sha256'])}",
    "refusal": lambda line: (
        f"model {_short(line['sha256'])} was refused; "
        + (f"champion number {line['expected_seq']} stays" if line.get("expected_seq") else "there is no champion yet")
    ),
    "rollback": lambda line: (
        f"the model of champion number {line['to']['model']} ({_short(line['to']['sha256'])}) was put in charge again, "
        f"as number {line['seq']}, in place of that of number {line['from']['model']} "
        f"({_short(line['from']['sha256'])})"
    ),
    "drift": lambda line: (
        f"the window{_of(line, 'window')} has drifted"
        + {"retrain": ": train again", "none": ": nothing is to be done"}.get(str(line.get("action")), "")
    ),
    "stale_lf": lambda line: f"the labeling function {line.get('lf')} has gone stale: its author is asked to look",
    "hold": lambda line: f"batch{_of(line, 'seq')}{_of(line, 'source', ' from ')} is held: training must not see it",
    "release": lambda line: f"batch{_of(line, 'seq')} was released: training may see it",
    "refused_file": lambda line: f"{line.get('source', 'a file')} was refused: nothing of it can train",
}

_LISTED = 5


def explain(line: Line) -> str:
    """Say in plain words what was decided, when, why, and by which numbers.

    Parameters
    ----------
    line
        A line of `state/decisions.jsonl`, of any kind.

    Examples
    --------
    >>> print(explain({"kind": "hold", "at": "2026-01-05T10:00:00+00:00", "seq": 7, "reason": "No row has a subject."}))
    2026-01-05 10:00 UTC: batch 7 is held: training must not see it.
    Why:
      No row has a subject.
    """
    kind = str(line.get("kind", "promotion" if line.get("promote") else "refusal"))
    try:
        heading = _HEADINGS[kind](line)
    except KeyError:  # a kind, or a form of it, that this version does not know
        heading = f"a decision of kind {kind}"
    reasons = [*line.get("reasons", []), *(str(line[key]) for key in ("reason", "why") if line.get(key))]
    parts = [f"{_when(line)}: {heading}."]
    if reasons:
        parts += ["Why:", *(f"  {part}" for reason in reasons for part in reason.splitlines())]
    for title, lines in (
        ("Numbers:", list(_numbers(line.get("numbers") or {}))),
        ("Rows that show it:", _rows(line, "rows")),
        ("Rows before, to compare with:", _rows(line, "before")),
        ("Made from:", list(_made_from(line))),
    ):
        if lines:
            parts += [title, *(f"  {part}" for part in lines)]
    return "\n".join(parts)


def _numbers(numbers: Line) -> Iterator[str]:
    """The numbers of a challenger, or of a first champion."""
    if "gate" not in numbers and "window" not in numbers:
        yield from _of_first(numbers)
        return
    rule = numbers.get("rule", {})
    for name, title in (("gate", "gate gold"), ("window", "newest rows outside training, by weak labels")):
        if name in numbers:
            yield from _of_comparison(numbers[name], title, rule)
    if numbers.get("latency_ms"):
        old, new = numbers["latency_ms"]["champion"], numbers["latency_ms"]["challenger"]
        borne = f" (borne: {rule['latency_factor']:g} times as much)" if rule else ""
        yield f"CPU time for 16 rows, p99: champion {old:.1f} ms, challenger {new:.1f} ms{borne}"
    moved = {None: "not known to be the same", True: "changed", False: "the same"}[numbers.get("lf_set_changed")]
    yield f"labeling functions since the champion: {moved}"


def _of_comparison(n: Line, title: str, rule: Line) -> Iterator[str]:
    days = f", {n['days'][0]} to {n['days'][1]}" if n.get("days") else ""
    counts = ", ".join(f"{count:,} {name}" for name, count in n["n_per_class"].items())
    yield f"{title}: {n['n']:,} rows ({counts}){days}"
    yield f"  both decide differently on {n['disagreements']:,} rows"
    if n["difference"]["value"] is None:
        return
    between = n["difference"]
    after = f", after {counted(n['refusals'])}" if n.get("refusals") else ""
    yield (
        f"  balanced accuracy: champion {n['champion']['balanced_accuracy']:.3f}, "
        f"challenger {n['challenger']['balanced_accuracy']:.3f}, difference {_between(between)}"
    )
    yield (
        f"  at worst {between['at_worst']:+.3f} with {percent(n.get('confidence', CONFIDENCE))} confidence"
        f"{after} (borne: {-n['worst_loss']:+g}); "
        f"a measured loss of {between['borne']:.3f} is borne"
    )
    yield f"  an equal model passes in {n['power_of_equal']:.0%} of cases; {n['rows_needed']:,} rows make it 80 %"
    yield (
        f"  calibration error: champion {n['champion']['ece']:.3f}, challenger {n['challenger']['ece']:.3f}"
        + (f" (borne: {rule['calibration_tolerance']:g} more)" if rule else "")
    )
    for name, part in n["slices"].items():
        few = " (too few to decide)" if rule and part["n"] < rule["slice_rows"] else ""
        yield f"  {name}: {part['champion']:.3f} -> {part['challenger']:.3f} of {part['n']:,} rows right{few}"


def _of_first(numbers: Line) -> Iterator[str]:
    if "n_per_class" in numbers:
        counts = ", ".join(f"{count:,} {name}" for name, count in numbers["n_per_class"].items())
        yield f"gate gold: {numbers['n']:,} rows ({counts})"
    for name, found in numbers.items():
        if isinstance(found, Mapping) and found.get("value") is not None:
            yield f"balanced accuracy of {name}: {_between(found, sign='')}"


def _between(found: Line, sign: str = "+") -> str:
    value = f"{found['value']:{sign}.3f}"
    if found.get("low") is None:
        return value
    return f"{value} (95 % between {found['low']:{sign}.3f} and {found['high']:{sign}.3f})"


def _rows(line: Line, key: str) -> list[str]:
    rows = [str(row) for row in line.get(key) or []]
    return [*rows[:_LISTED], *([f"and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else [])]


def _made_from(line: Line) -> Iterator[str]:
    for name, made in (line.get("made_from") or {}).items():
        yield f"{name.replace('_', ' ')} {made if name.startswith('labelmill') else _short(made)}"


def _of(line: Line, key: str, before: str = " ") -> str:
    return f"{before}{line[key]}" if line.get(key) is not None else ""


def _short(sha256: Any) -> str:
    return str(sha256)[:12]


def _when(line: Line) -> str:
    """The time as people read it."""
    day, _, clock = str(line.get("at", "")).partition("T")
    return f"{day} {clock[:5]} UTC" if clock else "at an unknown time"
