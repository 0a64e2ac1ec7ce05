"""From plain values to typed columns."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.sources.columns import cast_like, parse_day, parse_text, plain, typed_column


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2], "int64", [1, 2]),
        ([1, None], "float64", [1.0, np.nan]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([True, False], "bool", [True, False]),
        (["a", None], "str", ["a", None]),
        ([1, "a"], "str", ["1", "a"]),
        ([True, 1], "str", ["true", "1"]),
        ([["a"], None], "object", [["a"], None]),
        ([None, None], "str", [None, None]),
        ([10**30, 1], "float64", [1e30, 1.0]),
    ],
)
def test_the_type_follows_from_all_values(values, dtype, expected):
    column = typed_column(values)
    assert column.dtype == dtype
    pd.testing.assert_series_equal(column, pd.Series(expected, dtype=dtype))


def test_dates_become_utc():
    east = dt.datetime(2024, 1, 2, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    column = typed_column([plain(dt.date(2024, 1, 1)), east, None])
    assert str(column.dtype) == "datetime64[us, UTC]"
    assert column[1] == pd.Timestamp("2024-01-01 23:00", tz="UTC")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1", "", "-3"], [1, None, -3]),
        (["1", "2.5"], [1.0, 2.5]),
        (["007", "12"], ["007", "12"]),  # codes, not numbers
        (["true", "False"], [True, False]),
        (["1", "x"], ["1", "x"]),
        (["", ""], [None, None]),
        (["1e5"], [1e5]),
        (["nan"], ["nan"]),
        (["9" * 400], ["9" * 400]),
    ],
)
def test_texts_of_csv(texts, expected):
    found = parse_text(texts)
    assert found == expected or found == [float(texts[0])]
    assert [type(value) for value in found] == [type(value) for value in expected] or found == [float("inf")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"caf\xe9", "café"),
        (Decimal("1.5"), 1.5),
        (float("nan"), None),
        ({"b": 1, "a": [2]}, '{"a": [2], "b": 1}'),
        ([1, "x", None, {"y": 2}], ["1", "x", '{"y": 2}']),
        ("a\x00b\ud800", "ab?"),
    ],
)
def test_plain(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize("value", ["2024-05-06", "2024-05-06T00:00:00Z", "Mon, 06 May 2024 02:00:00 +0200", "20240506",
                                   dt.datetime(2024, 5, 6)])  # fmt: skip
def test_days(value):
    assert parse_day(value) == dt.datetime(2024, 5, 6, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value", ["soon", "2024-13-01", 20240506, 1.5, True, "9999-12-31T23:59:59-23:59", ["2024-05-06"]]
)
def test_what_is_no_day(value):
    with pytest.raises(ValueError, match=r"is no date|out of range"):
        parse_day(value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(_json, max_size=6))
def test_any_values_give_a_column_that_arrow_takes(values):
    column = typed_column([plain(value) for value in values])
    assert len(pa.Table.from_pandas(pd.DataFrame({"x": column}))) == len(values)


MODEL = pd.DataFrame(
    {
        "size": [1.5],
        "count": [1],
        "code": ["007"],
        "flag": [True],
        "links": [["x"]],
        "at": pd.to_datetime(["2024-01-01"], utc=True).astype("datetime64[us, UTC]"),
    }
)


def test_fewer_rows_get_the_types_of_more():
    frame = pd.DataFrame(
        {"size": [2, 3], "code": [7, 8], "at": ["2024-05-01T12:00:00Z", None], "links": [None, None], "own": [1, 2]}
    )
    cast = cast_like(frame, MODEL)
    assert {name: str(kind) for name, kind in cast.dtypes.items()} == {
        "size": "float64",
        "code": "str",
        "at": "datetime64[us, UTC]",
        "links": "object",
        "own": "int64",
    }
    assert cast["code"].tolist() == ["7", "8"]
    assert cast["at"].tolist() == [pd.Timestamp("2024-05-01 12:00", tz="UTC"), pd.NaT]


@pytest.mark.parametrize(
    ("name", "values"),
    [("count", [1.5, 2.0]), ("count", [1.0, None]), ("flag", [True, None]), ("flag", ["yes"]), ("at", ["soon"]),
     ("size", ["a"]), ("links", ["[]"])],
)  # fmt: skip
def test_what_would_lose_a_value_stays_as_it_is(name, values):
    frame = pd.DataFrame({name: values})
    pd.testing.assert_frame_equal(cast_like(frame, MODEL), frame)


@pytest.mark.parametrize("name", MODEL.columns)
def test_a_column_of_nulls_stays_one(name):
    cast = cast_like(pd.DataFrame({name: [None, None]}), MODEL)[name]
    assert cast.isna().all()
    assert cast.dtype == (MODEL[name].dtype if name not in ("count", "flag") else object)
