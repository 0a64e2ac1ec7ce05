"""Rows as Series: what `frame.apply(axis=1)` gives, and nobody else's to alter."""

import numpy as np
import pandas as pd
import pytest

from labelmill.labeling.rows import Columns, Row, as_row, move_row, series_of

MIXED = pd.DataFrame(
    {
        "text": ["a", None],
        "share": [0.5, np.nan],
        "number": [1, 2],
        "day": pd.to_datetime(["2024-05-01", None], utc=True),
        "tags": [["x"], []],
    }
)


@pytest.mark.parametrize("frame", [MIXED, MIXED[["text"]], MIXED[["number"]], MIXED[["number", "share"]]])
def test_a_row_of_a_frame_has_the_values_of_the_frame(frame):
    given = []
    frame.apply(lambda row: given.append(row.copy()), axis=1)
    row = Row(Columns(frame))
    for i, expected in enumerate(given):
        move_row(row, i)
        found = series_of(row)
        pd.testing.assert_series_equal(found, expected, check_names=False, check_dtype=False, check_index_type=False)
        assert [type(value) for value in found] == [type(value) for value in expected]


def test_what_is_done_to_it_stays_with_it():
    columns = Columns(MIXED)
    series = series_of(Row(columns))
    series["number"] = 9
    series["tags"].append("y")
    assert series_of(Row(columns))["tags"] == ["x"]
    numbers = Columns(MIXED[["number"]])
    series = series_of(Row(numbers))
    series["number"] = 9
    assert (MIXED["number"].tolist(), MIXED["tags"].tolist()) == ([1, 2], [["x"], []])
    assert series_of(Row(numbers))["number"] == 1


def test_a_dict_becomes_one_too():
    assert series_of(as_row({"text": "a", "tags": []})).to_dict() == {"text": "a", "tags": []}
