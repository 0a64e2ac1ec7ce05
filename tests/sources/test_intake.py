"""Names of columns and of classes."""

import pytest

from labelmill.errors import DataError
from labelmill.sources.intake import gold_number, rejections, require_columns


@pytest.mark.parametrize(
    ("value", "number"),
    [("ham", 0), ("spam", 1), (" spam ", 1), (1, 1), ("0", 0), (1.0, 1), (None, -1), ("", -1), (float("nan"), -1),
     (-1, -1), ("-1", -1)],
)  # fmt: skip
def test_classes_by_name_and_number(value, number):
    assert gold_number(value, ("ham", "spam"), where="x") == number


@pytest.mark.parametrize("value", ["eggs", 2, "2", -2, 0.5, True, "Spam", [1], "inf"])
def test_what_is_no_class_is_named_with_its_place(value):
    with pytest.raises(DataError, match=r"a\.csv:3: the label .*\['ham', 'spam'\]"):
        gold_number(value, ("ham", "spam"), where="a.csv:3")


def test_names_come_before_numbers():
    assert gold_number("1", ("1", "0"), where="x") == 0
    assert gold_number("True", ("False", "True"), where="x") == 1


def test_a_missing_column_names_the_nearest():
    with pytest.raises(DataError, match=r"a\.csv: there is no column 'text', which task\.text_columns .* mean 'texts'"):
        require_columns(["id", "texts"], [("id", "x"), ("text", "task.text_columns")], where="a.csv")
    with pytest.raises(DataError, match="Found 'q'"):
        require_columns(["q"], [("text", "task.text_columns")], where="a.csv")
    with pytest.raises(DataError, match=r"a\.csv: its columns are separated by ';'; a comma is needed"):
        require_columns(["id;text"], [("text", "task.text_columns")], where="a.csv")


def test_rejected_rows_are_a_table_even_when_there_are_none():
    assert list(rejections([]).columns) == ["source", "reason"]
    assert rejections([("b", "y"), ("a", "x")])["source"].tolist() == ["a", "b"]
