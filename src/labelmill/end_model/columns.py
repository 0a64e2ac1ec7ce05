"""Columns of any make as plain lists and arrays: what is null, what counts as a number."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.errors import TrainingError

SHAPES = ("chars", "capitals", "digits", "exclamations", "dollars", "links")
"""What `text_shape` says of a text: length, share of capitals among letters, share of digits, counts of !, $, links."""

_LINK = r"(?i)\b(?:https?://|www\.)"


def texts(column: "pd.Series[Any]") -> list[str]:
    """The column as strings; a null, and whatever is no string, is the empty text."""
    return [value if isinstance(value, str) else "" for value in column.tolist()]


def categories(column: "pd.Series[Any]") -> list[str | None]:
    """The column as category names. `1.0` is `1`: a null among whole numbers turns all of them into floats."""
    return [_category(value, str(column.name)) for value in column.tolist()]


def _category(value: Any, column: str) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | set | dict | np.ndarray):
        raise TrainingError(
            f"featurize.categorical_columns: column {column!r} holds lists. "
            "Put it in featurize.numeric_columns, where its length counts."
        )
    if pd.isna(value):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def numbers(column: "pd.Series[Any]") -> NDArray[np.float64]:
    """The column as floats, NaN where null or infinite: booleans are 0 and 1, of a list the length counts."""
    values = column
    if column.dtype == object:
        values = column.map(lambda value: len(value) if isinstance(value, list | tuple | np.ndarray) else value)
    try:
        if pd.api.types.is_datetime64_any_dtype(values):
            raise TypeError("dates")
        array = pd.to_numeric(values, errors="raise").to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise TrainingError(
            f"featurize.numeric_columns: column {column.name!r} is no number, boolean or list ({error}). "
            "Put it in categorical_columns or leave it out."
        ) from error
    return np.where(np.isfinite(array), array, np.nan)


def shapes(values: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """The `SHAPES` of each text; letters, capitals and digits are the ASCII ones."""
    clean = [value.encode("utf-8", "replace").decode("utf-8") for value in values]  # a lone surrogate is no UTF-8
    array = pa.array(clean, type=pa.large_string())
    offsets = np.frombuffer(array.buffers()[1], dtype=np.int64, count=len(array) + 1)
    content = array.buffers()[2]
    data = np.frombuffer(content, dtype=np.uint8) if content is not None else np.zeros(0, dtype=np.uint8)
    starts = (data[: offsets[-1]] & 0xC0) != 0x80  # bytes that begin a character
    chars = _count(starts, offsets)
    capitals = _count(_within(data, b"A", b"Z"), offsets)
    letters = capitals + _count(_within(data, b"a", b"z"), offsets)
    return {
        "chars": chars,
        "capitals": capitals / np.maximum(letters, 1),
        "digits": _count(_within(data, b"0", b"9"), offsets) / np.maximum(chars, 1),
        "exclamations": _count(data == ord("!"), offsets),
        "dollars": _count(data == ord("$"), offsets),
        "links": np.asarray(pc.count_substring_regex(array, _LINK), dtype=np.float64),
    }


def _within(data: NDArray[np.uint8], low: bytes, high: bytes) -> NDArray[np.bool_]:
    return (data >= low[0]) & (data <= high[0])


def _count(hits: NDArray[np.bool_], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many hits lie in each text."""
    total = np.concatenate(([0], np.cumsum(hits)))
    return np.diff(total[offsets]).astype(np.float64)
