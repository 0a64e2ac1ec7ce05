"""Rows as Series: what `frame.apply(axis=1)` gives, and nobody else's to alter."""

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, labeling_function
from labelmill.labeling.rows import as_row, series_of

MIXED = pd.DataFrame(
    {
        "text": ["a", None],
        "share": [0.5, np.nan],
        "number": [1, 2],
        "day": pd.to_datetime(["2024-05-01", None], utc=True),
        "tags": [["x"], []],
    }
)


def seen(frame, act=lambda series: None):
    """The rows of a frame as a labeling function is shown them, after it did something to them."""
    series = []

    @labeling_function
    def look(row):
        series.append(series_of(row))
        act(series[-1])

    apply_lfs(frame, [look], cardinality=2, on_error="raise")
    return series


@pytest.mark.parametrize("frame", [MIXED, MIXED[["text"]], MIXED[["number"]], MIXED[["number", "share"]]])
def test_a_row_of_a_frame_has_the_values_of_the_frame(frame):
    given = []
    frame.apply(lambda row: given.append(row.copy()), axis=1)
    for found, expected in zip(seen(frame), given, strict=True):
        pd.testing.assert_series_equal(found, expected, check_names=False, check_dtype=False, check_index_type=False)
        assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize("frame", [MIXED, MIXED[["number"]]])
def test_what_is_done_to_it_stays_with_it(frame):
    before = frame.copy()

    def act(series):
        series["number"] = 9
        if "tags" in series:
            series["tags"].append("y")

    assert [row["number"] for row in seen(frame, act)] == [9, 9]
    pd.testing.assert_frame_equal(frame, before)
    assert MIXED["tags"].tolist() == [["x"], []]


def test_a_dict_becomes_one_too():
    assert series_of(as_row({"text": "a", "tags": []})).to_dict() == {"text": "a", "tags": []}
