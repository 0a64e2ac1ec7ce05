import re
from xml.etree import ElementTree

import pytest

from labelmill.report import charts, vote_charts
from labelmill.report.svg import COLOURS, RAMP_STEPS


def intervals(names: list[str]) -> str:
    records = [{"system": name, "value": 0.8, "low": 0.7, "high": 0.9} for name in names]
    return charts.intervals(records, metric="balanced accuracy")


def test_an_svg_is_well_formed_small_and_without_fixed_colours():
    text = intervals(["End model", "Majority vote", "Other"])
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert "End model: 0.800 (0.700 to 0.900)" in str(root.get("aria-label"))
    painted = {e.get(name) for e in root.iter() for name in ("fill", "stroke")} - {None, "none"}
    assert painted <= {f"var(--{name})" for name in COLOURS}
    assert {"var(--accent)", "var(--third)", "var(--quiet)"} <= painted
    assert len(text) < 10_000


def test_marks_have_tooltips_and_axes_have_none():
    titles = [e.text for e in ElementTree.fromstring(intervals(["End model"])).iter("title")]
    assert titles == ["End model: 0.800 (0.700 to 0.900)"] * 2  # bar and dot


def test_nothing_in_a_chart_could_clash_with_another_on_the_page():
    assert not re.search(r'\bid="|url\(', intervals(["End model"]))


def test_names_cannot_break_out_of_a_chart():
    text = intervals(["</svg><script>alert(1)</script>", 'a" onload="alert(1)'])
    root = ElementTree.fromstring(text)
    assert not [e for e in root.iter() if e.tag == "script" or "onload" in e.attrib]


def test_an_undefined_metric_is_left_out():
    records = [{"system": "a", "value": None, "low": None, "high": None}]
    assert charts.intervals(records, metric="x") == ""
    assert charts.months([{**records[0], "month": "2002-09"}], metric="x") == ""


def test_a_value_without_interval_is_drawn():
    record = {"system": "a", "value": 0.5, "low": None, "high": None}
    assert "a: 0.500" in charts.intervals([record], metric="x")


@pytest.mark.parametrize(("share", "step"), [(0.0, 0), (0.3, 2), (1.0, RAMP_STEPS - 1)])
def test_a_cell_is_shaded_by_its_share(share, step):
    cell = {"row": "r", "column": "c", "share": share, "text": "7", "says": "seven"}
    drawn = charts.heat([cell], x="x", y="y", columns=["c"], rows=["r"], alt_text="one cell")
    assert f"var(--ramp{step})" in drawn
    assert ">7<" in drawn


def test_no_records_no_chart():
    assert charts.lines([], x="x", y="y") == ""
    assert vote_charts.vote_shares([]) == ""
    assert charts.bars([], title="x") == ""
    assert vote_charts.vote_patterns([], lfs=[], rows=[], classes=[]) == ""
    assert charts.heat([], x=None, y=None, columns=[], rows=[], alt_text="") == ""
