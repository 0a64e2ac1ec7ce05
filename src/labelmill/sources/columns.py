"""Plain Python values, as files hold them, to typed columns. The type of a column follows from all of its values."""

import datetime as dt
import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

from labelmill.sources.decoding import decode, storable
from labelmill.sources.mail_route import parse_date

# A leading zero says that it is a code, not a number.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?")
_FLAGS = {"true": True, "false": False, "True": True, "False": False}


def plain(value: Any) -> Any:
    """One of None, bool, int, float, str, datetime, or a list of texts; whatever else becomes JSON text."""
    match value:
        case None | bool() | int() | dt.datetime():
            return value
        case float():
            return None if value != value else value
        case str():
            return storable(value)
        case bytes():
            return decode(value, None, [])
        case dt.date():
            return dt.datetime.combine(value, dt.time(), tzinfo=dt.UTC)
        case Decimal():
            return float(value)
        case list() | tuple():
            return [text(item) for item in value if item is not None]
    return text(value)


def text(value: Any) -> str:
    """A value as text; what is no text, as JSON."""
    if isinstance(value, str):
        return storable(value)
    return storable(json.dumps(value, ensure_ascii=False, default=str, sort_keys=True))


def parse_text(values: Sequence[Any]) -> list[Any]:
    """Texts of a CSV column as numbers or flags where all of them are such; empty ones as None."""
    values = [None if value == "" else value for value in values]
    present = [value for value in values if value is not None]
    for pattern, convert in ((_INTEGER, int), (_NUMBER, float)):
        if present and all(pattern.fullmatch(value) for value in present):
            return [None if value is None else convert(value) for value in values]
    if present and all(value in _FLAGS for value in present):
        return [None if value is None else _FLAGS[value] for value in values]
    return values


def typed_column(values: Sequence[Any]) -> pd.Series:
    """A column of `plain` values; values of several types become text."""
    kinds = {_kind(value) for value in values if value is not None}
    has_nulls = any(value is None for value in values)
    if kinds == {"flag"}:
        return pd.Series(list(values), dtype=object if has_nulls else bool)
    if kinds == {"integer"} and not has_nulls and all(-(2**63) <= value < 2**63 for value in values):
        return pd.Series(list(values), dtype="int64")
    if kinds and kinds <= {"integer", "number"}:
        return pd.Series([_float(value) for value in values], dtype="float64")
    if kinds == {"date"}:
        return date_column(values)
    if kinds == {"list"}:
        return pd.Series(list(values), dtype=object)
    return pd.Series([None if value is None else text(value) for value in values], dtype="str")


def cast_like(frame: pd.DataFrame, model: pd.DataFrame) -> pd.DataFrame:
    """The frame with the types that the same columns of `model` have, where no value is lost by that.

    The type of a column follows from its values, so that fewer rows may have another: no number among them
    has a fraction, or all are null.
    """
    return frame.assign(
        **{str(name): _cast(frame[name], model[name].dtype) for name in frame.columns if name in model.columns}
    )


def date_column(values: Sequence[dt.datetime | None]) -> pd.Series:
    """Dates as UTC at the precision of microseconds; those without a zone are taken as UTC."""
    return pd.to_datetime(pd.Series(list(values), dtype=object), utc=True).astype("datetime64[us, UTC]")


def parse_day(value: Any) -> dt.datetime:
    """A date from what a file holds: a date, an ISO 8601 text, or the form of mails.

    Raises
    ------
    ValueError
        It is none.
    """
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            value = parse_date(value)
    if not isinstance(value, dt.datetime):
        raise ValueError("is no date (2026-01-31, with or without a time)")
    try:
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def _cast(values: pd.Series, dtype: Any) -> pd.Series:
    if values.dtype == dtype:
        return values
    is_date = isinstance(dtype, pd.DatetimeTZDtype)
    if values.isna().all():
        takes_nulls = is_date or dtype in ("float64", "object") or isinstance(dtype, pd.StringDtype)
        return pd.Series([None] * len(values), index=values.index, dtype=dtype if takes_nulls else object)
    plain_values = [None if pd.isna(value) else value for value in values] if values.dtype != object else list(values)
    if is_date and isinstance(values.dtype, pd.StringDtype):
        try:
            return date_column([None if value is None else parse_day(value) for value in plain_values]).set_axis(
                values.index
            )
        except ValueError:
            return values
    if isinstance(dtype, pd.StringDtype) and not isinstance(values.dtype, pd.DatetimeTZDtype):
        return pd.Series([None if value is None else text(value) for value in plain_values], values.index, dtype="str")
    if dtype == "float64" and values.dtype == "int64":
        return values.astype("float64")
    return values


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "flag"
        case int():
            return "integer"
        case float():
            return "number"
        case dt.datetime():
            return "date"
        case list():
            return "list"
    return "text"


def _float(value: float | None) -> float:
    try:
        return float("nan") if value is None else float(value)
    except OverflowError:  # an integer beyond every float
        return float("inf") if value is not None and value > 0 else float("-inf")
