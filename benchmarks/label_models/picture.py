"""One picture: what each system gains on majority vote, set by set."""

from pathlib import Path

import numpy as np
from on_sets import Results
from systems import BASELINE, DEFAULT, ours

_LEFT, _RIGHT = -12.0, 16.0
"""Points beyond these are drawn at the edge: a collapse by 50 points would squeeze all others together."""
_INK, _QUIET = "#1f2937", "#9ca3af"


def draw(results: Results, path: Path) -> None:
    """Write the picture, PNG or SVG by the ending of its name."""
    import altair as alt

    systems = [s for s in next(iter(results.values())) if s != BASELINE]
    groups = {s: "default" if s == DEFAULT else "ours" if s in ours() else "others" for s in systems}
    points = [
        {
            "set": name,
            "system": system,
            "group": groups[system],
            "gain": float(np.clip(gain, _LEFT, _RIGHT)),
        }
        for name, scores in results.items()
        for system in systems
        if np.isfinite(gain := scores[system].get("macro_f1", np.nan) - scores[BASELINE]["macro_f1"])
    ]
    drawn = [s for s in systems if any(p["system"] == s for p in points)]
    by_default = {p["set"]: p["gain"] for p in points if p["system"] == DEFAULT}
    order = sorted(results, key=lambda name: -by_default.get(name, 0.0))
    shapes = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-left", "triangle-right"]
    y = alt.Y("set:N", sort=order, title=None, axis=alt.Axis(grid=True, labelLimit=200))
    x = alt.X(
        "gain:Q",
        scale=alt.Scale(domain=[_LEFT, _RIGHT], nice=False),
        title="macro-F1 on covered test rows, points above majority vote (the edge stands for all beyond it)",
    )
    base = alt.Chart(alt.Data(values=points)).encode(x=x, y=y)
    zero = alt.Chart(alt.Data(values=[{"gain": 0}])).mark_rule(color=_INK).encode(x="gain:Q")
    marks = base.mark_point(filled=True).encode(
        shape=alt.Shape("system:N", sort=drawn, scale=alt.Scale(domain=drawn, range=[*shapes, *shapes][: len(drawn)])),
        color=alt.Color(
            "system:N",
            sort=drawn,
            scale=alt.Scale(domain=drawn, range=_colours(drawn, groups)),
            legend=alt.Legend(title=None),
        ),
        size=alt.condition("datum.group == 'default'", alt.value(170), alt.value(55)),
        opacity=alt.condition("datum.group == 'others'", alt.value(0.75), alt.value(0.95)),
    )
    chart = (zero + marks).properties(width=620, height=alt.Step(30)).configure_view(stroke=None)
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.save(str(path), **({"scale_factor": 2} if path.suffix == ".png" else {}))


def _colours(systems: list[str], groups: dict[str, str]) -> list[str]:
    """Ours in colours that colour-blind people can tell apart (Okabe and Ito), the others in greys."""
    palette = iter(["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#8C564B"])
    greys = iter(["#111827", "#4b5563", "#6b7280", _QUIET, "#b6bcc6", "#d1d5db"])
    return ["#D55E00" if groups[s] == "default" else next(palette if groups[s] == "ours" else greys) for s in systems]
