"""Which rows of the reference are kept: a bounded sample, the same in whatever order the rows come."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.quality.drift.rows import Schema

Keys = NDArray[np.uint64]

_DIGITS, _SPACES = re.compile(r"\d+"), re.compile(r"\s+")


def texts_of(frame: pd.DataFrame, schema: Schema) -> list[str]:
    """The text of each row: its text columns, one after the other; columns that are not there are empty."""
    parts = [frame[name].map(_plain) for name in schema.text_columns if name in frame.columns]
    return [" ".join(values) for values in zip(*parts, strict=True)] if parts else [""] * len(frame)


def cluster_keys(ids: pd.Series, texts: list[str], *, seed: int) -> Keys:
    """Rows of the same text but for digits and spaces have the same key, rows without text each their own.

    Copies came for one reason: drawn one by one they would look like many, and chance smaller than it is.
    """
    folded = [_SPACES.sub(" ", _DIGITS.sub("0", text)).strip().lower() for text in texts]
    same = [f"text {text}" if text else f"row {row}" for text, row in zip(folded, ids.astype(str), strict=True)]
    return hashes(same, seed=seed)


def hashes(words: list[str], *, seed: int = 0) -> Keys:
    """64-bit hashes of texts, the same on every machine."""
    if not words:
        return np.zeros(0, np.uint64)
    key = f"{seed:016d}"[-16:]
    return pd.util.hash_array(np.array(words, dtype=object), hash_key=key, categorize=len(words) > 10_000)


def kept(keys: Keys, ids: pd.Series, *, rows: int) -> NDArray[np.intp]:
    """Positions of the rows to keep: whole clusters, those with the smallest keys, up to so many rows, in order."""
    order = np.lexsort((hashes(ids.astype(str).tolist()), keys))
    return order[:rows]


def _plain(value: object) -> str:
    """A text as it is, nothing where there is none."""
    return value if isinstance(value, str) else ""
