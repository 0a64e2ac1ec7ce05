"""JSON in which nothing is lost."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from labelmill.errors import DataError
from labelmill.interop.strict_json import as_json, column_of, read_json


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' is there twice"),
        (b'{"a": NaN}', "NaN is no number"),
        (b"[-Infinity]", "-Infinity is no number"),
        (b'["\\ud800"]', "surrogates not allowed"),
        (b'["\xff"]', "can't decode byte"),
        (b"[" * 100_000, "recursion"),
        (b"{", "cannot be read as JSON"),
        (b"", "is empty"),
    ],
)
def test_what_would_be_lost_is_refused(content, message, tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.json.*" + message):
        read_json(file)


def test_a_pair_of_surrogates_is_one_character(tmp_path):
    file = tmp_path / "a.json"
    file.write_bytes(b'\xef\xbb\xbf["\\ud83d\\ude42", "\\u00e4"]')
    assert read_json(file) == ["🙂", "ä"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (float("nan"), None),
        (pd.NA, None),
        (pd.NaT, None),
        (pd.Timestamp("2024-05-01T12:00:00Z"), "2024-05-01T12:00:00+00:00"),
        (dt.date(2024, 5, 1), "2024-05-01"),
        (np.array([1.0, np.nan]), [1.0, None]),
        ({"a": ("b",)}, {"a": ["b"]}),
    ],
)
def test_values_of_frames_become_json(value, expected):
    found = as_json(value, where="here")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("value", [float("inf"), object(), {1: 2}, "\ud800", b"x"])
def test_what_json_cannot_hold_is_named(value):
    with pytest.raises(DataError, match="row 'a': column 'b' is "):
        as_json(value, where="row 'a': column 'b'")


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (["a", "b"], "str"),
        ([1, 2], "int64"),
        ([1.5, 2.0], "float64"),
        ([True, False], "bool"),
        ([1, 2.0], "object"),
        ([1, True], "object"),
        ([2**70], "object"),
        ([[1], [2, 3]], "object"),
        ([None, "a"], "object"),
        ([], "object"),
    ],
)
def test_columns_keep_the_values_and_their_types(values, dtype):
    column = column_of(values)
    assert column.dtype == dtype
    assert [(type(value), value) for value in column.tolist()] == [(type(value), value) for value in values]
