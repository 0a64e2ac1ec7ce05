"""The pictures of the votes: plain records in, SVG out. Names in the records must be plain text already."""

from collections.abc import Sequence

from markupsafe import Markup

from labelmill.report.charts import Record, draw
from labelmill.report.svg import COLOURS, class_colour


def vote_shares(records: Sequence[Record]) -> Markup:
    """How much of each labeling function's coverage is alone, agrees, conflicts: records of lf, part, share."""
    import altair as alt

    if not records:
        return Markup("")
    parts = ["alone", "agrees", "conflicts"]
    rows = [
        {**r, "order": parts.index(r["part"]), "says": f"{r['lf']}, {r['part']}: {r['share']:.1%}"} for r in records
    ]
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=parts, range=[COLOURS["quiet"], COLOURS["accent"], COLOURS["class1"]]),
        legend=alt.Legend(title=None, orient="top"),
    )
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(height={"band": 0.7})
        .encode(
            x=alt.X("share:Q", title="share of rows", axis=alt.Axis(format="~%", tickCount=6)),
            y=alt.Y("lf:N", sort=list(dict.fromkeys(r["lf"] for r in rows)), title=None),
            color=colour,
            order="order:Q",
            description="says:N",
        )
        .properties(width=430, height=alt.Step(17))
    )
    return draw(chart, "Coverage of each labeling function, split by whether others vote on the same rows.")


def vote_patterns(
    records: Sequence[Record], *, lfs: Sequence[str], rows: Sequence[str], classes: Sequence[str]
) -> Markup:
    """The most frequent combinations of votes: records of pattern, lf, vote (a class name)."""
    import altair as alt

    if not records:
        return Markup("")
    cells = [{**r, "says": f"{r['lf']}: {r['vote']}"} for r in records]
    colour = alt.Color(
        "vote:N",
        scale=alt.Scale(domain=list(classes), range=[COLOURS[class_colour(i)] for i in range(len(classes))]),
        legend=alt.Legend(title=None, orient="top"),
    )
    chart = (
        alt.Chart(alt.Data(values=cells))
        .mark_rect(stroke=COLOURS["paper"], strokeWidth=1.5, cornerRadius=2)
        .encode(
            x=alt.X(
                "lf:N",
                scale=alt.Scale(domain=list(lfs)),
                title=None,
                axis=alt.Axis(labelAngle=-45, grid=True, bandPosition=0.5, zindex=0),
            ),
            y=alt.Y(
                "pattern:N",
                scale=alt.Scale(domain=list(rows)),
                title="rows",
                axis=alt.Axis(grid=True, bandPosition=0.5, zindex=0),
            ),
            color=colour,
            description="says:N",
        )
        .properties(width=alt.Step(20), height=alt.Step(17))
    )
    return draw(
        chart, f"The {len(rows)} most frequent combinations of votes; a cell is coloured by the class voted for."
    )
