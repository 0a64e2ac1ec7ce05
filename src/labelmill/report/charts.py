"""The pictures of the report: plain records in, SVG out. Names in the records must be plain text already."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from labelmill.report.svg import COLOURS, RAMP_STEPS, class_colour, render

Record = dict[str, Any]

SYSTEM_COLOURS = {
    "End model": "accent",
    "Label model": "second",
    "Majority vote": "third",
    "All train gold": "ink",
    "Dev gold": "muted",
}
"""Colour of the systems that are looked at first; all others stay quiet."""

_LABEL_LIMIT = 230
_MOST_MARKS = 150


def intervals(records: Sequence[Record], *, metric: str) -> Markup:
    """Value and interval of one metric for each system: records of system, value, low, high."""
    import altair as alt

    rows = [{**r, "says": f"{r['system']}: {_interval(r)}"} for r in records if r["value"] is not None]
    if not rows:
        return Markup("")
    y = alt.Y("system:N", sort=[r["system"] for r in rows], title=None)
    low = min(r["value"] if r["low"] is None else r["low"] for r in rows)
    x = {"scale": alt.Scale(domain=[min(low, 0.5) - 0.02, 1], zero=False, nice=False), "title": metric}
    base = alt.Chart(alt.Data(values=rows)).encode(y=y, color=_system_colour(rows, legend=False), description="says:N")
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.5).encode(x=alt.X("low:Q", **x), x2="high:Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("value:Q", **x))
    chart = (bars + dots).properties(width=215, height=alt.Step(24))
    return draw(chart, f"{metric} with 95 % interval by system. " + "; ".join(r["says"] for r in rows))


def months(records: Sequence[Record], *, metric: str) -> Markup:
    """One metric by month and system: records of month, system, value, low, high."""
    import altair as alt

    rows = [{**r, "says": f"{r['system']}, {r['month']}: {_interval(r)}"} for r in records if r["value"] is not None]
    if not rows:
        return Markup("")
    x = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0, grid=False))
    low = min(r["value"] if r["low"] is None else r["low"] for r in rows)
    y = {"scale": alt.Scale(domain=[min(low, 0.5), 1], zero=False), "title": metric}
    systems = list(dict.fromkeys(r["system"] for r in rows))
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=x, color=_system_colour(rows), description="says:N", xOffset=alt.XOffset("system:N", sort=systems)
    )
    bars = base.mark_rule(strokeWidth=2.5, opacity=0.45).encode(y=alt.Y("low:Q", **y), y2="high:Q")
    dots = base.mark_point(filled=True, size=55, opacity=1).encode(y=alt.Y("value:Q", **y))
    step = max(16 * len(systems), 80)
    chart = (bars + dots).properties(width=alt.Step(step, **{"for": "position"}), height=200)
    return draw(chart, f"{metric} by month. " + "; ".join(r["says"] for r in rows))


def lines(
    records: Sequence[Record],
    *,
    x: str,
    y: str,
    domain: tuple[float, float] | None = None,
    diagonal: bool = False,
    whole: bool = False,
) -> Markup:
    """Lines of y over x by system: records of system, x, y; with `says` and maybe `n` where points are marked.

    Parameters
    ----------
    records
        The points, in the order in which a line joins them; a mark grows with n.
    x, y
        Titles of the axes.
    domain
        Where x lies between these, and y between 0 and 1.
    diagonal
        Whether to draw where x equals y.
    whole
        Whether x has whole numbers only.
    """
    import altair as alt

    if not records:
        return Markup("")
    free = alt.Scale(zero=False, nice=True)
    across, up = (alt.Scale(domain=domain), alt.Scale(domain=[0, 1])) if domain else (free, free)
    rows = [{**r, "order": i} for i, r in enumerate(records)]
    base = alt.Chart(alt.Data(values=rows)).encode(
        x=alt.X("x:Q", title=x, scale=across, axis=alt.Axis(tickCount=6, tickMinStep=1 if whole else 0)),
        y=alt.Y("y:Q", title=y, scale=up, axis=alt.Axis(tickCount=6)),
        color=_system_colour(rows),
    )
    layers = [base.mark_line(strokeWidth=2).encode(order="order:Q", description="system:N")]
    if "says" in records[0] and len(records) <= _MOST_MARKS:
        sized = {"size": alt.Size("n:Q", scale=alt.Scale(range=[20, 160]), legend=None)} if "n" in records[0] else {}
        layers.append(base.mark_point(filled=True, opacity=1).encode(description="says:N", **sized))
    if diagonal and domain:
        ends = alt.Data(values=[{"x": end, "y": end} for end in domain])
        ideal = alt.Chart(ends).mark_line(color=COLOURS["muted"], strokeDash=[3, 4], strokeWidth=1, description="ideal")
        layers.insert(0, ideal.encode(x="x:Q", y="y:Q"))
    systems = list(dict.fromkeys(r["system"] for r in rows))
    return draw(alt.layer(*layers).properties(width=270, height=230), f"{y} over {x} for {', '.join(systems)}.")


def heat(
    records: Sequence[Record],
    *,
    x: str | None,
    y: str | None,
    columns: Sequence[str],
    rows: Sequence[str],
    alt_text: str,
    cell: int = 62,
    slanted: bool = False,
    steps: Sequence[float] = (0.1, 0.25, 0.45, 0.65, 0.85),
) -> Markup:
    """Cells shaded by a share, darker from each of `steps` on: records of column, row, share, text, says."""
    import altair as alt

    if not records:
        return Markup("")
    cells = [{**r, "dark": r["share"] > steps[-2]} for r in records]
    shade = alt.Color(
        "share:Q",
        scale=alt.Scale(
            type="threshold",
            domain=list(steps),
            range=[COLOURS[f"ramp{i}"] for i in range(RAMP_STEPS)],
        ),
        legend=None,
    )
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X(
            "column:N", scale=alt.Scale(domain=list(columns)), title=x, axis=alt.Axis(labelAngle=-45 if slanted else 0)
        ),
        y=alt.Y("row:N", scale=alt.Scale(domain=list(rows)), title=y),
    )
    drawn = base.mark_rect(stroke=COLOURS["paper"], strokeWidth=1.5, cornerRadius=2).encode(
        color=shade, description="says:N"
    )
    if any(r["text"] for r in records):
        ink = alt.when(alt.datum.dark).then(alt.value(COLOURS["paper"])).otherwise(alt.value(COLOURS["ink"]))
        drawn = drawn + base.mark_text(fontSize=11).encode(text="text:N", color=ink, description="says:N")
    return draw(drawn.properties(width=alt.Step(cell), height=alt.Step(cell if cell < 40 else 44)), alt_text)


def bars(records: Sequence[Record], *, title: str) -> Markup:
    """One bar for each name: records of name, value."""
    import altair as alt

    if not records:
        return Markup("")
    rows = [{**r, "says": f"{r['name']}: {r['value']:.3f}"} for r in records]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=COLOURS["quiet"], height={"band": 0.7})
        .encode(
            x=alt.X("value:Q", title=title),
            y=alt.Y("name:N", sort=[r["name"] for r in rows], title=None),
            description="says:N",
        )
        .properties(width=300, height=alt.Step(17))
    )
    return draw(chart, f"{title}. " + "; ".join(r["says"] for r in rows))


def _system_colour(rows: Sequence[Record], *, legend: bool = True) -> Any:
    import altair as alt

    systems = list(dict.fromkeys(r["system"] for r in rows))
    known = [SYSTEM_COLOURS.get(s) for s in systems]
    others = iter(
        ["accent", "second", "third", *(class_colour(i) for i in range(8))] if not any(known) else ["quiet"] * 99
    )
    colours = [COLOURS[name or next(others)] for name in known]
    shown = alt.Legend(title=None, orient="top", columns=3) if legend and len(systems) > 1 else None
    return alt.Color("system:N", scale=alt.Scale(domain=systems, range=colours), legend=shown)


def _interval(record: Record) -> str:
    if record["low"] is None or record["high"] is None:
        return f"{record['value']:.3f}"
    return f"{record['value']:.3f} ({record['low']:.3f} to {record['high']:.3f})"


def draw(chart: Any, alt_text: str) -> Markup:
    """Give a chart the look of the page and render it."""
    return render(styled(chart), alt=alt_text)


def styled(chart: Any) -> dict[str, Any]:
    """What Altair specifies, with the look of the page: each `configure` of a chart would copy all of it."""
    ink, muted, grid = COLOURS["ink"], COLOURS["muted"], COLOURS["grid"]
    axis = {
        "labelColor": muted,
        "titleColor": muted,
        "titleFontWeight": "normal",
        "titleFontSize": 11,
        "labelFontSize": 11,
    }
    axis |= {"gridColor": grid, "domainColor": grid, "tickColor": grid, "labelLimit": _LABEL_LIMIT, "tickSize": 3}
    specification: dict[str, Any] = chart.to_dict()
    config = specification["config"]
    specification["config"] = {
        **config,
        "background": "transparent",
        "padding": {"left": 12, "right": 12, "top": 4, "bottom": 4},
        "font": "Liberation Sans, Arial, sans-serif",
        "view": {**config["view"], "stroke": None},
        "axis": axis,
        "legend": {
            "labelColor": ink,
            "labelFontSize": 11,
            "symbolSize": 70,
            "symbolOpacity": 1,
            "labelLimit": _LABEL_LIMIT,
        },
    }
    return specification
