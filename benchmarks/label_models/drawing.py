"""Pictures for the documentation: small SVG that loads nothing, and that can be read without colours.

Colours are those of Okabe and Ito; each line has a dash and a mark of its own as well.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

INK, QUIET, GRID = "#1f2937", "#9ca3af", "#e5e7eb"
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 2], [1, 3])
_SIZES = (120, 70, 35, 20, 12, 8)
_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
_SHADES = ("#ffffff", "#dbeafe", "#93c5fd", "#3b82f6", "#1e3a8a")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FOR_READERS = re.compile(r' (?:aria-[a-z]+|role|class|pointer-events)="[^"]*"')

Records = Sequence[dict[str, Any]]
Axis = tuple[str, str]
"""A field of the records, and what it means."""


def lines(
    records: Records,
    x: Axis,
    y: Axis,
    series: str,
    *,
    title: str,
    band: str | None = None,
    log_x: bool = False,
    log_y: bool = False,
    form: str = "",
) -> Any:
    """One line for each value of `series`; that of `band` is drawn broad and pale below the others.

    Where x is logarithmic, or nearly so because it begins at 0, its marks are those of the records.
    """
    import altair as alt

    names = sorted(dict.fromkeys(r[series] for r in records), key=lambda name: name == band)
    thin, broad = len([name for name in names if name != band]), [QUIET] if band else []

    def scale(of_lines: Sequence[Any], of_band: Any) -> Any:
        return alt.Scale(domain=names, range=[*of_lines[:thin], *([of_band] if band else [])])

    at = sorted({r[x[0]] for r in records})
    across, marks = alt.Scale(nice=False, zero=False), {"tickMinStep": 1} if all(v == int(v) for v in at) else {}
    if log_x:
        across, marks = alt.Scale(type="symlog" if at[0] <= 0 else "log", nice=False), {"values": at}
    up = alt.Scale(type="log", nice=False) if log_y else alt.Scale(zero=False)
    base = alt.Chart(alt.Data(values=list(records))).encode(
        x=alt.X(f"{x[0]}:Q", title=x[1], scale=across, axis=alt.Axis(format=",~f", labelOverlap=True, **marks)),
        y=alt.Y(f"{y[0]}:Q", title=y[1], scale=up, axis=alt.Axis(format=form)),
        color=alt.Color(f"{series}:N", scale=alt.Scale(domain=names, range=[*COLOURS[:thin], *broad]), title=None),
    )
    drawn = base.transform_filter(alt.datum[series] != (band or ""))
    dash = alt.StrokeDash(f"{series}:N", scale=scale(_DASHES, [1, 0]), title=None)
    shape = alt.Shape(f"{series}:N", scale=scale(_SHAPES, "stroke"), title=None)
    size = alt.Size(f"{series}:N", scale=scale(_SIZES, 200), title=None)  # so that marks on each other can be seen
    layers = [
        drawn.mark_line(strokeWidth=1.8).encode(strokeDash=dash),
        drawn.mark_point(filled=True, opacity=1).encode(shape=shape, size=size),
    ]
    if band:
        layers.insert(0, base.transform_filter(alt.datum[series] == band).mark_line(strokeWidth=8, opacity=0.45))
    return alt.layer(*layers).properties(width=420, height=240, title=title)


def cells(
    records: Records, column: Axis, row: Axis, value: str, *, steps: Sequence[float], form: str, title: str
) -> Any:
    """A table whose cells are darker from each of `steps` on."""
    import altair as alt

    columns, rows = (list(dict.fromkeys(r[axis[0]] for r in records)) for axis in (column, row))
    dark = alt.datum[value] >= steps[2]
    base = alt.Chart().encode(
        x=alt.X(
            f"{column[0]}:N", sort=columns, title=column[1], axis=alt.Axis(labelAngle=-30 if len(columns) > 4 else 0)
        ),
        y=alt.Y(f"{row[0]}:N", sort=rows, title=row[1]),
    )
    shade = alt.Scale(type="threshold", domain=list(steps), range=list(_SHADES))
    layers = (
        base.mark_rect(stroke=GRID).encode(color=alt.Color(f"{value}:Q", scale=shade, legend=None)),
        base.mark_text(fontSize=11).encode(
            text=alt.Text(f"{value}:Q", format=form), color=alt.condition(dark, alt.value("white"), alt.value(INK))
        ),
    )
    chart = alt.layer(*layers, data=alt.Data(values=list(records)))
    return chart.properties(width=alt.Step(62), height=alt.Step(30), title=title)


def beside(records: Records, field: str, column: Axis, row: Axis, value: str, **look: Any) -> Any:
    """Several tables beside each other, one for each value of `field`."""
    import altair as alt

    title = look.pop("title")
    parts = [
        cells([r for r in records if r[field] == name], column, row, value, title=name, **look)
        for name in dict.fromkeys(r[field] for r in records)
    ]
    return alt.hconcat(*parts, spacing=16).properties(title=title)


def against(records: Records, field: str, x: Axis, y: Axis, *, ends: tuple[float, float], title: str) -> Any:
    """Points about the diagonal, in a panel for each value of `field`."""
    import altair as alt

    scale = alt.Scale(domain=list(ends), nice=False)
    parts = []
    for name in dict.fromkeys(r[field] for r in records):
        points = alt.Chart(alt.Data(values=[r for r in records if r[field] == name])).encode(
            x=alt.X(f"{x[0]}:Q", title=x[1], scale=scale), y=alt.Y(f"{y[0]}:Q", title=y[1], scale=scale)
        )
        diagonal = alt.Chart(alt.Data(values=[{x[0]: end, y[0]: end} for end in ends])).encode(
            x=alt.X(f"{x[0]}:Q", scale=scale), y=alt.Y(f"{y[0]}:Q", scale=scale)
        )
        layers = (
            diagonal.mark_line(color=QUIET, strokeDash=[4, 3]),
            points.mark_point(filled=True, size=60, color=COLOURS[1], opacity=0.9),
        )
        parts.append(alt.layer(*layers).properties(width=180, height=180, title=name))
    return alt.hconcat(*parts).properties(title=title)


def gate(
    records: Records,
    x: Axis,
    y: Axis,
    value: Axis,
    *,
    full: tuple[float, float],
    none: tuple[float, float],
    title: str,
) -> Any:
    """Points that are larger and darker the greater `value` is.

    Up to `full` in x and y it is not held back; from `none` on, in either, it is 0.
    """
    import altair as alt

    left, right, low, high = 0.3, 8.0, -0.1, 1.1  # points beyond are drawn at the edge
    inside = [
        {**r, x[0]: min(max(r[x[0]], left), right), y[0]: min(max(r[y[0]], low), high)}
        for r in sorted(records, key=lambda r: r[value[0]])
    ]
    across = alt.X(
        f"{x[0]}:Q",
        title=x[1],
        scale=alt.Scale(type="log", domain=[left, right], nice=False),
        axis=alt.Axis(values=[left, 0.5, 1, full[0], none[0], 4, right], grid=False),
    )
    up = alt.Y(f"{y[0]}:Q", title=y[1], scale=alt.Scale(domain=[low, high], nice=False), axis=alt.Axis(grid=False))
    rectangles = [
        {x[0]: left, "right": none[0], y[0]: low, "top": none[1], "shade": "#f3f4f6"},
        {x[0]: left, "right": full[0], y[0]: low, "top": full[1], "shade": "#d1d5db"},
    ]
    zones = (
        alt.Chart(alt.Data(values=rectangles))
        .mark_rect()
        .encode(x=across, x2="right:Q", y=up, y2="top:Q", color=alt.Color("shade:N", scale=None))
    )
    steps = [0.01, 0.25, 0.5, 0.75]
    shade = alt.Scale(type="threshold", domain=steps, range=list(_SHADES))
    size = alt.Scale(type="threshold", domain=steps, range=[25, 40, 60, 80, 100])
    points = (
        alt.Chart(alt.Data(values=inside))
        .mark_point(shape="circle", filled=True, stroke=INK, strokeWidth=0.8, opacity=1)
        .encode(
            x=across,
            y=up,
            fill=alt.Fill(f"{value[0]}:Q", scale=shade, title=value[1], legend=alt.Legend(format=".2f")),
            size=alt.Size(f"{value[0]}:Q", scale=size, title=value[1], legend=alt.Legend(format=".2f")),
        )
    )
    return alt.layer(zones, points).properties(width=420, height=280, title=title)


def save(chart: Any, path: Path) -> None:
    """Write a chart as SVG."""
    import vl_convert

    axis = {"labelColor": INK, "titleColor": INK, "titleFontWeight": "normal", "gridColor": GRID, "labelLimit": 220}
    chart = (
        chart.configure(background="white", padding=10, font="Liberation Sans, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(**axis, domainColor=QUIET, tickColor=QUIET, titleFontSize=12, labelFontSize=11)
        .configure_legend(labelColor=INK, labelFontSize=11, symbolOpacity=1, labelLimit=260)
        .configure_title(color=INK, fontSize=13, anchor="start")
    )
    drawn = vl_convert.vegalite_to_svg(chart.to_dict(), allowed_base_urls=[])
    drawn = _FOR_READERS.sub("", drawn)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", drawn) + "\n", encoding="utf-8")
