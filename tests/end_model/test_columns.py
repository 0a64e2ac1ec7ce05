import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.end_model import columns
from labelmill.errors import TrainingError


def test_shapes_of_a_text_are_what_one_counts_by_hand():
    found = columns.shapes(["FREE cash!! $5 at http://a.example or www.b.example", "é!", ""])
    assert found["chars"].tolist() == [51, 2, 0]
    assert found["capitals"][0] == pytest.approx(4 / 35)
    assert found["digits"][0] == pytest.approx(1 / 51)
    assert found["exclamations"].tolist() == [2, 1, 0]
    assert found["dollars"].tolist() == [1, 0, 0]
    assert found["links"].tolist() == [2, 0, 0]
    assert found["capitals"][2] == found["digits"][2] == 0


@given(st.lists(st.text(st.characters(codec=None), max_size=30), max_size=6))
def test_shapes_agree_with_counting_character_by_character(texts):
    found = columns.shapes(texts)
    for row, text in enumerate(texts):
        text = text.encode("utf-8", "replace").decode()
        letters = sum(c.isascii() and c.isalpha() for c in text)
        assert found["chars"][row] == len(text)
        assert found["capitals"][row] == sum(c.isascii() and c.isupper() for c in text) / max(letters, 1)
        assert found["digits"][row] == sum(c.isascii() and c.isdigit() for c in text) / max(len(text), 1)
        assert found["exclamations"][row] == text.count("!")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, None, 3.5], [1, np.nan, 3.5]),
        ([True, False, None], [1, 0, np.nan]),
        ([[], ["a", "b"], None], [0, 2, np.nan]),
        ([np.inf, -np.inf, 2], [np.nan, np.nan, 2]),
        ([np.array(["a"]), None, ()], [1, np.nan, 0]),
        ([None, None, None], [np.nan] * 3),
    ],
)
def test_numbers_come_from_numbers_booleans_and_lists(values, expected):
    assert columns.numbers(pd.Series(values)).tolist() == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("values", [["a", "b"], pd.to_datetime(["2024-01-01"]), [["a"], "b"]])
def test_a_column_that_is_no_number_is_named(values):
    with pytest.raises(TrainingError, match="column 'size' is no number"):
        columns.numbers(pd.Series(values, name="size"))


def test_categories_do_not_depend_on_how_whole_numbers_are_stored():
    assert columns.categories(pd.Series([1, 2])) == ["1", "2"]
    assert columns.categories(pd.Series([1, None, 2.5])) == ["1", None, "2.5"]
    assert columns.categories(pd.Series([True, None], dtype=object)) == ["True", None]
    with pytest.raises(TrainingError, match=r"'links' holds lists.*numeric_columns"):
        columns.categories(pd.Series([["a"]], name="links"))


def test_what_is_no_text_is_the_empty_text():
    assert columns.texts(pd.Series(["a", None, 3, float("nan")], dtype=object)) == ["a", "", "", ""]
