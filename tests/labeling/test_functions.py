from collections import namedtuple
from enum import IntEnum
from functools import cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from labelmill import batch_labeling_function, labeling_function
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.rows import Columns, Row


class Label(IntEnum):
    HAM = 0
    SPAM = 1


@labeling_function
def shouts(mail):
    """Capitals."""
    return Label.SPAM if mail.subject.isupper() else None


@labeling_function(name="is_short")
def another(mail):
    return Label.HAM if len(mail.subject) < 3 else -1


@batch_labeling_function
def ends_with_mark(frame):
    return np.where(frame["subject"].str.endswith("!"), 1, -1)


def test_the_decorator_works_with_and_without_parentheses():
    assert (shouts.name, another.name, ends_with_mark.name) == ("shouts", "is_short", "ends_with_mark")
    assert shouts.__doc__ == "Capitals."


def test_it_knows_where_it_was_defined():
    assert shouts.origin.file.name == "test_functions.py"
    lines = shouts.origin.file.read_text().splitlines()
    assert lines[shouts.origin.line - 1] == "@labeling_function"


@pytest.mark.parametrize(
    "row",
    [
        SimpleNamespace(subject="FREE!"),
        {"subject": "FREE!"},
        pd.Series({"subject": "FREE!"}),
        namedtuple("Mail", "subject")("FREE!"),
        next(pd.DataFrame({"subject": ["FREE!"]}).itertuples()),
        Row(Columns(pd.DataFrame({"subject": ["FREE!"]}))),
    ],
    ids=["namespace", "dict", "series", "namedtuple", "itertuples", "row of the label stage"],
)
@pytest.mark.parametrize(("lf", "vote"), [(shouts, 1), (another, -1), (ends_with_mark, 1)])
def test_it_stays_callable_on_one_row_of_any_kind(lf, vote, row):
    assert lf(row) == vote
    assert type(lf(row)) is int


def test_a_call_checks_the_vote():
    lf = labeling_function(name="odd")(lambda row: 1.0)
    with pytest.raises(InvalidVoteError, match=r"'odd' voted 1\.0 \(float\)"):
        lf({"id": "a"})


def test_a_name_in_place_of_the_function_is_told_how_to_write_it():
    with pytest.raises(LFError, match="name='shouting'"):
        labeling_function("shouting")
    with pytest.raises(LFError, match="Write a def"):
        labeling_function(len)


def test_other_decorators_may_stand_below():
    lf = labeling_function(cache(shouts.function))
    assert (lf.name, lf.origin) == ("shouts", shouts.origin)
    assert lf(namedtuple("Mail", "subject")("A")) == 1


@pytest.mark.parametrize("function", [lambda: 1, lambda row, other: 1])
def test_a_function_of_another_number_of_arguments_is_refused(function):
    with pytest.raises(LFError, match="must take one argument"):
        labeling_function(name="f")(function)


@pytest.mark.parametrize("name", ["", "  ", "id", "a\nb", 3])
def test_a_name_that_cannot_be_a_column_is_refused(name):
    with pytest.raises(LFError, match="name"):
        labeling_function(name=name)(lambda row: None)


def test_a_missing_resource_is_named_when_the_function_is_defined():
    with pytest.raises(LFError, match=r"'f' needs .*nowhere\.txt"):
        labeling_function(name="f", resources=["nowhere.txt"])(lambda row: None)
