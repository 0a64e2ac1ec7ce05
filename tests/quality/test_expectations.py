import sys

import numpy as np
import pandas as pd
import pytest

from labelmill.errors import ParamsError
from labelmill.params import ColumnCheck, parse_params
from labelmill.quality.validation import check_rows

NULLS = "expect_column_values_to_not_be_null"
LENGTHS = "expect_column_value_lengths_to_be_between"
BETWEEN = "expect_column_values_to_be_between"
TYPES = "expect_column_values_to_be_in_type_list"


def broken(values: pd.Series, check: dict) -> set[tuple[int, str, str]]:
    """Place, params key and expectation of all that the values of one column break."""
    frame = pd.DataFrame({"id": [str(place) for place in range(len(values))], "column": values})
    rows = check_rows(frame, {"column": ColumnCheck(**check)})
    return {
        (int(row.id), row.check.key.removeprefix("validate.columns.column."), row.check.expectation) for row in rows
    }


def texts(*values):
    return pd.Series(values, dtype="str")


def days(*values):
    return pd.Series([pd.Timestamp(value) for value in values])


CASES = {
    "nullable": (texts("a", None, "", None), {"type": "string", "nullable": False}, {1, 3}, NULLS),
    "min_length": (texts("", "x", "xy", None), {"type": "string", "min_length": 2}, {0, 1}, LENGTHS),
    "max_length": (texts("xyz", "äöü", "xyzz", "äöüß"), {"type": "string", "max_length": 3}, {2, 3}, LENGTHS),
    "min_value": (pd.Series([0.0, -0.1, np.nan, 5]), {"type": "number", "min_value": 0}, {1}, BETWEEN),
    "max_value": (pd.Series([10, 11, 2**60]), {"type": "number", "max_value": 10}, {1, 2}, BETWEEN),
    "type": (pd.Series([np.inf, 1, -np.inf, sys.float_info.max]), {"type": "number"}, {0, 2}, BETWEEN),
    "after": (
        days("2000-12-31T23:59:59Z", "2001-01-01T00:00Z"),
        {"type": "datetime", "after": "2001-01-01"},
        {0},
        BETWEEN,
    ),
    "before": (
        days("2002-12-31T23:59Z", "2003-01-01T00:00Z"),
        {"type": "datetime", "before": "2003-01-01"},
        {1},
        BETWEEN,
    ),
}


@pytest.mark.parametrize("leaf", CASES)
def test_each_expectation_names_exactly_the_rows_that_break_it(leaf):
    values, check, places, expectation = CASES[leaf]
    assert broken(values, check) == {(place, leaf, expectation) for place in places}


def test_a_column_of_mixed_types_gives_the_rows_of_the_wrong_type():
    values = pd.Series([["a"], "b", None, 7, ["c"]], dtype=object)
    check = {"type": "list", "nullable": False}
    assert broken(values, check) == {(1, "type", TYPES), (3, "type", TYPES), (2, "nullable", NULLS)}


def test_a_value_may_break_two_limits():
    values = pd.Series([np.inf, 3.0])
    assert broken(values, {"type": "number", "max_value": 5}) == {(0, "type", BETWEEN), (0, "max_value", BETWEEN)}


def test_a_column_wholly_of_another_type_is_left_to_the_table():
    assert broken(pd.Series([1, 2]), {"type": "string", "nullable": False, "max_length": 0}) == set()


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"type": "number", "max_length": 3}, "max_length are for columns of type string"),
        ({"type": "string", "after": "2001-01-01"}, "before are for columns of type datetime"),
        ({"type": "number", "min_value": 3, "max_value": 2}, "min_value is 3.0, which is beyond max_value"),
    ],
)
def test_limits_that_make_no_sense_are_refused(column, message):
    with pytest.raises(ParamsError, match=message):
        parse_params(
            {
                "task": {"name": "t", "classes": ["a", "b"]},
                "ingest": {"source": "generated"},
                "validate": {"columns": {"text": column}},
            }
        )
