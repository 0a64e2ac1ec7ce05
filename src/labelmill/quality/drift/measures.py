"""What is measured of each row of data: which values are missing, lengths, numbers, letters of which script."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.quality.drift.rows import Schema
from labelmill.quality.drift.sample import texts_of
from labelmill.quality.drift.words import MOST_CHARACTERS

SCRIPTS = {
    "Latin": [(0x41, 0x24F), (0x1E00, 0x1EFF), (0xFF21, 0xFF5A)],
    "Greek": [(0x370, 0x3FF), (0x1F00, 0x1FFF)],
    "Cyrillic": [(0x400, 0x52F)],
    "Hebrew": [(0x590, 0x5FF)],
    "Arabic": [(0x600, 0x6FF), (0x750, 0x77F), (0xFB50, 0xFDFF), (0xFE70, 0xFEFC)],
    "Indic": [(0x900, 0xDFF)],
    "Thai": [(0xE00, 0xE7F)],
    "Hangul": [(0x1100, 0x11FF), (0xAC00, 0xD7AF)],
    "Kana": [(0x3040, 0x30FF)],
    "Han": [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2FA1F)],
}
"""Ranges of Unicode; letters outside of them are of "other" script."""

_OTHER = len(SCRIPTS)
_NO_LETTER, _DAMAGED = _OTHER + 1, _OTHER + 2


def measures(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """One line per row; the name of a measure begins with its kind: null, length, number, script, characters."""
    found: dict[str, NDArray[np.float64]] = {}
    for name in visible(frame, schema):
        column = frame[name]
        missing = column.isna()
        if name in schema.text_columns:
            missing |= column.map(_is_blank).astype(bool)
            found[f"length:{name}"] = column.map(_length).to_numpy(float)
        elif (numbers := _numbers(column)) is not None:
            found[f"number:{name}"] = numbers
        found[f"null:{name}"] = missing.to_numpy(float)
    found.update(_characters(texts_of(frame, schema)))
    return pd.DataFrame(found, index=range(len(frame)))


def visible(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """The columns that are looked at."""
    return [str(name) for name in frame.columns if name != "id" and name not in schema.hidden_columns]


def _length(value: object) -> float:
    return float(len(value)) if isinstance(value, str) else 0.0


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _numbers(column: pd.Series) -> NDArray[np.float64] | None:
    """Numbers and booleans as they are, of lists their length; None for other columns."""
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype):
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    present = column.dropna()
    if len(present) and all(isinstance(value, bool | np.bool_) for value in present):
        return column.map({True: 1.0, False: 0.0}).to_numpy(float)
    if len(present) and all(isinstance(value, list | tuple | np.ndarray) for value in present):
        sizes = [len(value) if isinstance(value, list | tuple | np.ndarray) else np.nan for value in column]
        return np.array(sizes, float)
    return None


def _characters(texts: list[str]) -> dict[str, NDArray[np.float64]]:
    """Shares among the letters by script, and among all characters; NaN for rows without any."""
    texts = [text[:MOST_CHARACTERS] for text in texts]
    sizes = np.array([len(text) for text in texts], int)
    # Half of a pair of surrogates is no character, but may stand in a damaged text.
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds, row = _kinds()[points], np.repeat(np.arange(len(texts)), sizes)
    table = np.bincount(row * (_DAMAGED + 1) + kinds, minlength=len(texts) * (_DAMAGED + 1))
    table = table.reshape(len(texts), _DAMAGED + 1).astype(float)
    foreign = np.bincount(row, weights=points >= 128, minlength=len(texts))
    letters = table[:, : _OTHER + 1].sum(axis=1)
    names = [*SCRIPTS, "other"]
    found = {f"script:{name}": _share(table[:, number], letters) for number, name in enumerate(names)}
    found["characters:beyond ASCII"] = _share(foreign, sizes)
    found["characters:damaged"] = _share(table[:, _DAMAGED], sizes)
    return found


@cache
def _kinds() -> NDArray[np.uint8]:
    """The script of each code point, or that it is no letter, or a sign of damage."""
    kinds = np.full(0x110000, _OTHER, np.uint8)
    kinds[:0x41] = kinds[0x5B:0x61] = kinds[0x7B:0xAA] = kinds[0x2000:0x2C00] = kinds[0x3000:0x3040] = _NO_LETTER
    kinds[0xFE00:0xFE10] = kinds[0x1F000:0x20000] = _NO_LETTER  # variants of signs, pictures
    for number, ranges in enumerate(SCRIPTS.values()):
        for first, last in ranges:
            kinds[first : last + 1] = number
    kinds[0x5B:0x61] = kinds[0x7B:0xAA] = kinds[0xD7] = kinds[0xF7] = _NO_LETTER
    for first, last in ((0, 0x9), (0xB, 0xD), (0xE, 0x20), (0x7F, 0xA0), (0xD800, 0xF900), (0xFFF0, 0x10000)):
        kinds[first:last] = _DAMAGED  # control characters, halves of pairs, private use, the sign for undecodable bytes
    return kinds


def _share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
