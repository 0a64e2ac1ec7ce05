"""A watched window in plain words: the same on the page, in Markdown, on the terminal."""

from collections.abc import Sequence
from typing import Any

from labelmill.quality.drift.findings import Diagnosis, Estimate, LayerFindings, Signal
from labelmill.quality.watched import Watched
from labelmill.report.text import markdown, plain

LAYERS = {"input": "input", "votes": "votes", "outputs": "scores"}
"""What each layer looks at."""

DIAGNOSES = {
    "broken_feed": "Broken feed",
    "stale_lf": "Stale labeling function",
    "prior_shift": "Shift of the classes",
    "new_content": "New content",
    "harmful": "The champion is worse",
}

KINDS = {
    "accuracy": "right: {}",
    "agreement": "agreement of {} with the others",
    "characters": "characters: {}",
    "class_share": "share of votes of {}",
    "column": "column {} is there",
    "confidence": "mean confidence of {}",
    "conflict": "conflicts of {}",
    "conflicted": "rows with conflicting votes",
    "content": "new rows told from old by their words (AUC)",
    "coverage": "coverage of {}",
    "disagreement": "{} differ",
    "distance": "votes of all pairs (distance)",
    "entropy": "entropy of {}",
    "error": "failures of {}",
    "histogram": "scores of {}",
    "ks": "distribution of {} (KS)",
    "mean": "mean probability by {}",
    "null": "rows without {}",
    "overlap": "overlap of {}",
    "predicted": "predicted by {}",
    "psi": "distribution of {} (stability index)",
    "script": "script {}",
    "uncovered": "rows without a vote",
    "vocabulary": "{}",
}
"""What the signals of a kind are, in words."""

_NO_SHARES = ("content", "distance", "entropy", "ks", "psi")

MOST_TOLD = 1000
"""A statistic above it is told as that: what hardly ever was seen before makes it of any size."""

SIGNALS_PER_LAYER = 4
"""Signals that are told of one layer where there is little room; the page has more."""


def verdict(window: Watched) -> tuple[str, str]:
    """How the window is marked (ok, rows, stop, as pages have it), and the verdict in a sentence."""
    sure = window.confirmed
    if any(found.kind == "broken_feed" for found in sure):
        return "stop", f"Window {window.seq}: the feed is broken. Nothing is learned from these rows."
    if sure:
        return "rows", f"Window {window.seq} is not like training: {_and(_named(found) for found in sure)}."
    if window.diagnoses:
        kinds = _and(_named(found) for found in window.diagnoses)
        return "rows", f"Window {window.seq} may not be like training ({kinds}); the next one will tell."
    state = window.findings.state
    if state == "drift":
        return "rows", f"Window {window.seq} differs from training, in no way that has a name."
    if state == "stable":
        return "ok", f"Window {window.seq} is like training."
    return "rows", f"Window {window.seq} is too small to tell anything."


def basis(window: Watched) -> str:
    """What was compared."""
    batches = [batch.seq for batch in window.batches]
    which = f"batch {batches[0]}" if len(batches) == 1 else f"batches {batches[0]} to {batches[-1]}"
    return (
        f"{window.findings.n_window:,} rows of {which}, arrived {window.arrived:%Y-%m-%d %H:%M}, beside "
        f"{window.findings.n_reference:,} rows of training."
    )


def layer_line(layer: LayerFindings) -> str:
    """One layer in a sentence."""
    what = LAYERS[layer.layer]
    if layer.state == "cannot tell":
        return f"{what}: cannot tell"
    sign = ">" if layer.statistic > layer.threshold else "≤"
    return (
        f"{what}: {layer.state}; largest statistic {statistic(layer)} {sign} {layer.threshold:.1f}, which chance "
        "exceeds rarely"
    )


def statistic(layer: LayerFindings) -> str:
    """The largest statistic; beyond what tells anything more, only that."""
    return f"{layer.statistic:.1f}" if layer.statistic < MOST_TOLD else f"above {MOST_TOLD:,}"


def signal_name(signal: Signal) -> str:
    """What a signal is, in words."""
    name = plain(signal.name.removeprefix("number:"), limit=80).replace("label_model", "label model")
    return KINDS.get(signal.kind, f"{signal.kind} of {{}}").format(name)


def signal_value(signal: Signal, value: float) -> str:
    """A value of a signal: mostly a share."""
    if value != value:
        return "–"
    return f"{value:.2f}" if signal.kind in _NO_SHARES else f"{value:.1%}"


def signal_change(signal: Signal) -> str:
    """How far its two values are apart."""
    change = signal.window - signal.reference
    return f"{change:+.2f}" if signal.kind in _NO_SHARES else f"{100 * change:+.1f} points"


def signal_line(signal: Signal) -> str:
    """A signal with its numbers."""
    before, now = (signal_value(signal, value) for value in (signal.reference, signal.window))
    return f"{signal_name(signal)}: {before} in training, {now} now"


def alarms(window: Watched, *, per_layer: int | None = None) -> list[Signal]:
    """The signals that stand out, layer by layer, the largest first."""
    return [signal for layer in window.findings.layers.values() for signal in layer.alarms[:per_layer]]


def estimate(found: Estimate) -> str:
    """A share with its interval."""
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%})"


def decided(window: Watched) -> list[str]:
    """What followed, in sentences."""
    if not window.decisions:
        return ["Nothing follows from it."]
    return [_line(line) for line in window.decisions]


def _line(line: dict[str, Any]) -> str:
    if line["kind"] == "hold":
        return (
            f"Batch {line['seq']} is held back from training (`labelmill incoming release {line['seq']}` lets it go)."
        )
    if line["kind"] == "stale_lf":
        return f"The author of {plain(line['lf'], limit=80)} is asked to look at it; training again would not mend it."
    if line.get("action") == "retrain":
        windows = line.get("windows", [line.get("window")])
        also = f", for windows {_and(map(str, windows))} together" if len(windows) > 1 else ""
        return (
            f"A retrain was asked for{also}: served flows start it; by hand it is `dvc repro`, then "
            "`labelmill promote`."
        )
    return f"No retrain: {line.get('why', 'none was asked for')}."


def as_markdown(window: Watched) -> str:
    """A summary for a page of a workflow tool: headings and lists, no HTML."""
    lines = [f"## {markdown(verdict(window)[1], limit=400)}", "", markdown(basis(window)), ""]
    lines += [f"- {markdown(line, limit=400)}" for line in decided(window)]
    if window.diagnoses:
        lines += ["", "### What happened", ""]
        lines += [f"- **{heading(found)}** {markdown(found.reason, limit=1000)}" for found in window.diagnoses]
    shown = alarms(window, per_layer=SIGNALS_PER_LAYER)
    if shown:
        lines += ["", "### What stands out", "", "| signal | training | now | z |", "|---|---:|---:|---:|"]
        lines += [
            f"| {markdown(signal_name(one))} | {signal_value(one, one.reference)} | {signal_value(one, one.window)} "
            f"| {one.z:+.1f} |"
            for one in shown
        ]
    if window.findings.prior:
        lines += ["", "### Classes", ""]
        lines += [f"- {markdown(name)}: {estimate(found)}" for name, found in window.findings.prior.items()]
    if window.notes:
        lines += ["", *(f"> {markdown(note, limit=400)}" for note in window.notes)]
    return "\n".join(lines) + "\n"


def heading(found: Diagnosis) -> str:
    """A diagnosis as a heading in Markdown."""
    sure = "" if found.confirmed else " (not confirmed yet)"
    subject = f": {markdown(found.subject)}" if found.subject else ""
    return f"{DIAGNOSES[found.kind]}{subject}{sure}."


def _named(found: Diagnosis) -> str:
    what = DIAGNOSES[found.kind]
    what = what[0].lower() + what[1:]
    return f"{what} {plain(found.subject, limit=80)}" if found.subject else what


def _and(parts: Any) -> str:
    names: Sequence[str] = list(parts)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
