"""What `params.yaml` expects of the rows, as data: one `Check` per key, in the words of Great Expectations and in ours.

`value_checks` and `type_check` look at single rows, the others at the whole table; `figures.py` adds more of those.
"""

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from labelmill.params import ColumnCheck

FIXED: Final = "labelmill itself"
"""In place of a params key where an expectation cannot be changed."""

STRUCTURE: Final = ("id", "split")
"""Columns that every table of rows has, whatever the task."""

EXISTS: Final = "expect_column_to_exist"

_KINDS: Final = {
    "str": "string",
    **dict.fromkeys(("int", "float", "Decimal", "int64", "float64"), "number"),
    **dict.fromkeys(("bool", "bool_"), "boolean"),
    **dict.fromkeys(("Timestamp", "datetime", "date"), "datetime"),
    "list": "list",
}


@dataclass(frozen=True)
class Check:
    """One expectation."""

    about: str
    """What it is about, for people: mostly a column."""
    column: str | None
    """The column that Great Expectations looks at."""
    expectation: str
    """The type of the expectation in Great Expectations."""
    says: str
    """What is expected, for people: "at most 2,000 characters"."""
    key: str
    """The params key that sets it, or `FIXED`."""
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    remedy: str = "Correct the data at its source; if the data is right, change {key} in params.yaml."

    @property
    def fixed(self) -> bool:
        """Whether no params key sets it."""
        return self.key == FIXED

    @property
    def to_do(self) -> str:
        """What to do when it is broken."""
        return self.remedy.format(key=self.key, about=self.about)


def value_checks(name: str, expected: ColumnCheck) -> Iterator[Check]:
    """What is expected of each value of one column."""
    for leaf, expectation, says, kwargs in _value_expectations(expected):
        yield Check(name, name, expectation, says, f"validate.columns.{name}.{leaf}", kwargs)


def _value_expectations(expected: ColumnCheck) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    length, between = "expect_column_value_lengths_to_be_between", "expect_column_values_to_be_between"
    if not expected.nullable:
        yield "nullable", "expect_column_values_to_not_be_null", "a value", {}
    if expected.min_length is not None:
        yield "min_length", length, f"at least {expected.min_length:,} characters", {"min_value": expected.min_length}
    if expected.max_length is not None:
        yield "max_length", length, f"at most {expected.max_length:,} characters", {"max_value": expected.max_length}
    if expected.type == "number":
        largest = sys.float_info.max  # infinity is the only number beyond
        yield "type", between, "a finite number", {"min_value": -largest, "max_value": largest}
    if expected.min_value is not None:
        yield "min_value", between, f"at least {expected.min_value:g}", {"min_value": expected.min_value}
    if expected.max_value is not None:
        yield "max_value", between, f"at most {expected.max_value:g}", {"max_value": expected.max_value}
    if expected.after is not None:
        yield "after", between, f"{expected.after} or later", {"min_value": _midnight(expected.after)}
    if expected.before is not None:
        limits = {"max_value": _midnight(expected.before), "strict_max": True}
        yield "before", between, f"a date before {expected.before}", limits


def type_check(name: str, expected: ColumnCheck) -> Check:
    """What is expected of the Python type of each value, for a column that mixes kinds."""
    types = [python for python, kind in _KINDS.items() if kind == expected.type]
    key = f"validate.columns.{name}.type"
    return Check(name, name, "expect_column_values_to_be_in_type_list", f"a {expected.type}", key, {"type_list": types})


def existence_checks(expected: Mapping[str, ColumnCheck]) -> list[Check]:
    """The columns that must be there."""
    checks = [
        Check(name, name, EXISTS, "a column of this name", FIXED, remedy="Run ingest again.") for name in STRUCTURE
    ]
    remedy = "Name the column so in the source, or set {key}: false where the task can do without it."
    for name, column in expected.items():
        if column.required:
            key = f"validate.columns.{name}.required"
            checks.append(Check(name, name, EXISTS, "a column of this name", key, remedy=remedy))
    return checks


def id_checks() -> list[Check]:
    """What is expected of the ids of all rows together."""
    remedy = "Give every row an id of its own (ingest.id_column), or none at all: then its content gives the id."
    return [
        Check("id", "id", "expect_column_values_to_not_be_null", "an id in every row", FIXED, remedy=remedy),
        Check("id", "id", "expect_column_values_to_be_unique", "every id once", FIXED, remedy=remedy),
    ]


def class_check(classes: Sequence[str]) -> Check:
    """What is expected of the labels of dev gold."""
    says = "one of the classes " + ", ".join(f"{number} ({name})" for number, name in enumerate(classes))
    remedy = "Correct the gold labels of these rows, or the list {key}."
    kwargs = {"value_set": list(range(len(classes)))}
    return Check(
        "label of dev gold", "label", "expect_column_values_to_be_in_set", says, "task.classes", kwargs, remedy
    )


def strict_check(known: Sequence[str]) -> Check:
    """What is expected of the names of the columns where no other is allowed."""
    return Check(
        "columns",
        None,
        "expect_table_columns_to_match_set",
        "no column but those of validate.columns",
        "validate.strict",
        {"column_set": list(known), "exact_match": True},
        "Declare the column below validate.columns, drop it from the source, or set {key}: false.",
    )


def kind_of(values: pd.Series) -> set[str]:
    """The kinds of value in a column, in the words of `ColumnCheck.type`; none where it has no value at all."""
    dtype = values.dtype
    if values.isna().all():
        return set()
    if pd.api.types.is_bool_dtype(dtype):
        return {"boolean"}
    if pd.api.types.is_numeric_dtype(dtype):
        return {"number"}
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return {"datetime"}
    if isinstance(dtype, pd.StringDtype):
        return {"string"}
    return {_KINDS.get(python.__name__, python.__name__) for python in values.dropna().map(type).unique()}


def comparable(values: pd.Series) -> pd.Series:
    """Dates as timestamps with a time zone, so that they compare with those of the params; naive ones are UTC."""
    return pd.to_datetime(values, utc=True)


def found_value(check: Check, value: Any) -> str:
    """What was found in a row, for people."""
    if check.expectation == "expect_column_values_to_not_be_null":
        return "has no value"
    if check.expectation == "expect_column_value_lengths_to_be_between":
        return f"has {len(value):,} characters"
    if check.expectation == "expect_column_values_to_be_in_type_list":
        return f"is of type {type(value).__name__}"
    return f"is {shown(value)}"


def shown(value: Any) -> str | None:
    """A value as text, cut to 200 characters; None where there is none."""
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return (value.isoformat() if isinstance(value, dt.date) else str(value))[:200]


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
