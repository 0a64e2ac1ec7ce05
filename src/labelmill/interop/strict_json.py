"""JSON in which nothing is lost: no key twice, no NaN, no text that cannot be stored."""

import datetime as dt
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill.errors import DataError
from labelmill.sources.files import open_checked


def read_json(path: Path) -> Any:
    """The content of a JSON file in UTF-8.

    Raises
    ------
    DataError
        It cannot be read, an object has a key twice, a number is NaN or infinite, or a text is no Unicode.
    """
    with open_checked(path) as stream:
        content = stream.read()
    try:
        text = content.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
        if "\\ud" in text.lower():  # only an escape can make half of a surrogate pair
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({str(error)[:200]}). Correct it.") from error
    return value


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return content


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def as_json(value: Any, *, where: str) -> Any:
    """A value of a frame as JSON has it: missing ones are null, dates ISO 8601.

    Raises
    ------
    DataError
        JSON has nothing like it.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise DataError(f"{where} is {value[:80]!r}, no Unicode text. Correct it.") from error
        return str(value)
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    if isinstance(value, np.ndarray | list | tuple):
        return [as_json(item, where=where) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: as_json(item, where=where) for key, item in value.items()}
    raise DataError(f"{where} is {str(value)[:80]!r} ({type(value).__name__}), which JSON cannot hold.")


def column_of(values: Sequence[Any]) -> pd.Series:
    """A column of JSON values, typed where all are of one type, else as they are."""
    kinds = {type(value) for value in values}
    dtypes: dict[type, str] = {str: "str", bool: "bool", int: "int64", float: "float64"}
    (kind,) = kinds if len(kinds) == 1 else {object}
    if kind in dtypes and (kind is not int or all(-(2**63) <= value < 2**63 for value in values)):
        return pd.Series(list(values), dtype=dtypes[kind])
    return pd.Series(np.fromiter(values, dtype=object, count=len(values)), dtype=object)  # lists stay lists
