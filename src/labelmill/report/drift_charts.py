"""The pictures of drift over time: windows in, SVG out."""

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from labelmill.quality.drift.findings import Signal
from labelmill.quality.watched import Watched
from labelmill.report.charts import Record, draw, styled
from labelmill.report.drift_words import LAYERS
from labelmill.report.svg import COLOURS, class_colour, render
from labelmill.report.text import plain

MOST_LFS = 60
"""Labeling functions that are drawn, those that moved most first; the table of signals has all."""

_KINDS = ("coverage", "agreement")
_Z_95 = 1.96
_LAYER_COLOURS = {"input": COLOURS["second"], "votes": COLOURS["accent"], "scores": COLOURS["third"]}


def layers(windows: Sequence[Watched]) -> Markup:
    """The largest statistic of each layer in units of its threshold: above 1 it drifts."""
    records = [
        {"x": window.seq, "name": LAYERS[layer.layer], "value": layer.statistic / layer.threshold}
        for window in windows
        for layer in window.findings.layers.values()
        if layer.state != "cannot tell" and layer.threshold > 0
    ]
    return _lines(records, y="statistic / threshold", colours=_LAYER_COLOURS, level=1.0)


def priors(windows: Sequence[Watched], classes: Sequence[str]) -> Markup:
    """The share of each class with its interval; of two classes one tells all."""
    import altair as alt

    shown = classes[1:] if len(classes) == 2 else classes
    records = [
        {
            "x": window.seq,
            "name": plain(name, limit=40),
            **{"value": found.value, "low": found.low, "high": found.high},
            "reference": window.figures.get(f"prior/{name}.in_training"),
        }
        for window in windows
        for name, found in window.findings.prior.items()
        if name in shown
    ]
    if not records:
        return Markup("")
    colours = {plain(name, limit=40): COLOURS[class_colour(list(classes).index(name))] for name in shown}
    rows = [
        {**r, "says": f"window {r['x']}, {r['name']}: {_share(r)} ({r['low']:.1%} to {r['high']:.1%})"} for r in records
    ]
    base = _base(rows, colours, y="share of rows", format_="~%")
    bars = base.mark_rule(strokeWidth=2, opacity=0.5).encode(y=_y("low:Q", "share of rows", "~%"), y2="high:Q")
    return _drawn(
        [_before(base, "share of rows", "~%"), bars, *_line(base)],
        f"Share of {', '.join(colours)} by window, with 95 % interval.",
        alt,
    )


def votes(windows: Sequence[Watched]) -> Markup:
    """Shares of rows without a vote, and of rows whose votes conflict."""
    names = {"uncovered": "no vote", "conflicted": "conflicting votes"}
    records = [
        {"x": window.seq, "name": names[signal.kind], "value": signal.window, "reference": signal.reference}
        for window in windows
        for signal in _signals(window, "votes")
        if signal.kind in names
    ]
    colours = {"no vote": COLOURS["quiet"], "conflicting votes": COLOURS["wrong"]}
    return _lines(records, y="share of rows", colours=colours, format_="~%")


def scores(windows: Sequence[Watched], positive: str) -> Markup:
    """How often each model says the class that it is about, and how often they differ."""
    names = {
        ("predicted", f"champion: {positive}"): "end model",
        ("predicted", f"label_model: {positive}"): "label model",
        ("disagreement", "champion and label model"): "they differ",
    }
    records = [
        {
            "x": window.seq,
            "name": names[signal.kind, signal.name],
            "value": signal.window,
            "reference": signal.reference,
        }
        for window in windows
        for signal in _signals(window, "outputs")
        if (signal.kind, signal.name) in names
    ]
    colours = {"end model": COLOURS["accent"], "label model": COLOURS["second"], "they differ": COLOURS["quiet"]}
    return _lines(records, y="share of rows", colours=colours, format_="~%")


def labeling_functions(windows: Sequence[Watched]) -> list[dict[str, Any]]:
    """For each labeling function its coverage and its agreement over time: name, picture, whether it stands out."""
    by_lf: dict[str, list[Record]] = {}
    for window in windows:
        for signal in _signals(window, "votes"):
            if signal.kind in _KINDS and math.isfinite(signal.window):
                low, high = _band(signal, window.findings.n_window, window.findings.n_reference)
                record = {"x": window.seq, "kind": signal.kind, "value": signal.window, "low": low, "high": high}
                says = f"window {window.seq}: {signal.window:.1%} ({signal.reference:.1%} in training)"
                by_lf.setdefault(signal.name, []).append({**record, "alarm": signal.alarm, "z": signal.z, "says": says})
    newest = windows[-1].seq if windows else 0

    def moved(name: str) -> float:
        return max((abs(r["z"]) for r in by_lf[name] if r["x"] == newest), default=0.0)

    form = _form(windows) if by_lf else {}
    order = sorted(by_lf, key=lambda name: (-any(r["alarm"] for r in by_lf[name] if r["x"] == newest), -moved(name)))
    return [
        {
            "name": plain(name, limit=80),
            "alarm": any(r["alarm"] for r in by_lf[name] if r["x"] == newest),
            "picture": _small(form, by_lf[name], name),
        }
        for name in order[:MOST_LFS]
    ]


def _small(form: dict[str, Any], records: Sequence[Record], name: str) -> Markup:
    """Coverage beside agreement, each with the band in which chance keeps it."""
    panels = [
        {**panel, "data": {"values": [r for r in records if r["kind"] == kind]}}
        for kind, panel in zip(_KINDS, form["hconcat"], strict=True)
    ]
    return render(
        {**form, "hconcat": panels}, alt=f"{plain(name, limit=80)}: coverage and agreement with the others by window."
    )


def _form(windows: Sequence[Watched]) -> dict[str, Any]:
    """What the pictures of all labeling functions have in common: Altair takes longer over a chart than its drawing."""
    import altair as alt

    seqs: list[Record] = [{"x": window.seq} for window in windows]
    colour = alt.when(alt.datum.alarm).then(alt.value(COLOURS["wrong"])).otherwise(alt.value(COLOURS["accent"]))
    size = alt.when(alt.datum.alarm).then(alt.value(46)).otherwise(alt.value(16))
    parts = []
    for kind in _KINDS:
        y: dict[str, Any] = {"scale": alt.Scale(zero=kind == "coverage", nice=True), "title": None}
        y |= {"axis": alt.Axis(tickCount=3, format="~%")}
        base = alt.Chart(alt.Data(values=[{}])).encode(x=_x(seqs, title=kind))
        band = base.mark_area(color=COLOURS["quiet"], opacity=0.25).encode(y=alt.Y("low:Q", **y), y2="high:Q")
        line = base.mark_line(color=COLOURS["accent"], strokeWidth=1.5).encode(y=alt.Y("value:Q", **y))
        dots = base.mark_point(filled=True, opacity=1).encode(
            y=alt.Y("value:Q", **y), color=colour, size=size, description="says:N"
        )
        parts.append(alt.layer(band, line, dots).properties(width=108, height=58))
    return styled(alt.hconcat(*parts, spacing=14))


def _band(signal: Signal, n_window: int, n_reference: int) -> tuple[float, float]:
    """Where 95 of 100 windows like training lie: from the signal's own standard error where it shows."""
    share, distance = signal.reference, abs(signal.window - signal.reference)
    if signal.z and distance:
        error = distance / abs(signal.z)
    else:
        error = math.sqrt(max(share * (1 - share), 0.0) * (1 / max(n_window, 1) + 1 / max(n_reference, 1)))
    return max(share - _Z_95 * error, 0.0), min(share + _Z_95 * error, 1.0)


def _signals(window: Watched, layer: str) -> Sequence[Signal]:
    return next((found.signals for name, found in window.findings.layers.items() if name == layer), ())


def _lines(
    records: Sequence[Record], *, y: str, colours: dict[str, str], level: float | None = None, format_: str = "~g"
) -> Markup:
    import altair as alt

    if not records:
        return Markup("")
    shown = _share if format_ == "~%" else _plain_number
    rows = [
        {**r, "says": f"window {r['x']}, {r['name']}: {shown(r)}", "in_training": f"{r['name']} in training"}
        for r in records
    ]
    there = {name: colour for name, colour in colours.items() if any(r["name"] == name for r in rows)}
    base = _base(rows, there, y=y, format_=format_)
    marks = _line(base)
    if "reference" in rows[0]:
        marks.insert(0, _before(base, y, format_))
    if level is not None:
        ends = alt.Data(values=[{"level": level}])
        rule = alt.Chart(ends).mark_rule(color=COLOURS["muted"], strokeDash=[3, 4], description="threshold")
        marks.insert(0, rule.encode(y="level:Q"))
    return _drawn(marks, f"{y} by window: {', '.join(there)}.", alt)


def _base(rows: Sequence[Record], colours: dict[str, str], *, y: str, format_: str) -> Any:
    import altair as alt

    legend = alt.Legend(title=None, orient="top") if len(colours) > 1 else None
    colour = alt.Color("name:N", scale=alt.Scale(domain=list(colours), range=list(colours.values())), legend=legend)
    return alt.Chart(alt.Data(values=list(rows))).encode(
        x=_x(rows, title="window"), y=_y("value:Q", y, format_), color=colour
    )


def _line(base: Any) -> list[Any]:
    return [
        base.mark_line(strokeWidth=2).encode(description="name:N"),
        base.mark_point(filled=True, size=40, opacity=1).encode(description="says:N"),
    ]


def _before(base: Any, y: str, format_: str) -> Any:
    """What the same numbers were in training."""
    dashed = base.mark_line(strokeDash=[3, 4], strokeWidth=1, opacity=0.7)
    return dashed.encode(y=_y("reference:Q", y, format_), description="in_training:N")


def _x(rows: Sequence[Record], *, title: str) -> Any:
    import altair as alt

    first, last = min(r["x"] for r in rows), max(r["x"] for r in rows)
    scale = alt.Scale(domain=[first - 0.5, last + 0.5], nice=False)
    ticks = min(6, last - first + 1)
    return alt.X("x:Q", title=title, scale=scale, axis=alt.Axis(tickCount=ticks, tickMinStep=1, format="d", grid=False))


def _y(place: str, title: str, format_: str) -> Any:
    import altair as alt

    return alt.Y(place, title=title, scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(tickCount=5, format=format_))


def _drawn(marks: Sequence[Any], alt_text: str, alt: Any) -> Markup:
    return draw(alt.layer(*marks).properties(width=390, height=170), alt_text)


def _share(record: Record) -> str:
    return f"{record['value']:.1%}"


def _plain_number(record: Record) -> str:
    return f"{record['value']:.2f}"
