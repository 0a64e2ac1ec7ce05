"""Which rows are kept: a bounded sample, the same in whatever order the rows come."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.quality.drift.rows import Schema

Keys = NDArray[np.uint64]

OFTEN = 20
"""A text of which a plain draw of rows has so many comes all the time: it is drawn row by row, as often as it comes."""

FREQUENT, MANY = 0.02, 20
"""A text of more than this share of the rows, and of more than so many, does not come in one go: see `frequent`."""

_LARGEST = 0.05
"""Of one text no more than this part of the sample is kept as copies that came together."""

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


def frequent(keys: Keys) -> NDArray[np.bool_]:
    """Which rows are of a text that comes all the time: they are no copies that came together, but rows like others."""
    _, of_row, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(counts > max(FREQUENT * len(keys), MANY))[of_row]


def kept(keys: Keys, ids: pd.Series, *, rows: int) -> NDArray[np.intp]:
    """Positions of the rows to keep, up to so many, in order of their keys.

    Copies are kept together or not at all. Texts that come often are not: all or nothing of them would be no likeness
    of the rows, so of these a plain draw is kept, of the same part of their rows as of all texts.
    """
    order = hashes(ids.astype(str).tolist())
    if len(keys) <= rows:
        return np.lexsort((order, keys))
    together, drawn = _together(keys, order, rows=rows), _drawn(order, rows=rows)
    texts, counts = np.unique(keys[drawn], return_counts=True)
    often = np.isin(keys, texts[counts >= OFTEN])
    if not often[drawn].any():
        return together
    chosen = np.concatenate([together[~often[together]], drawn[often[drawn]]])
    chance = np.where(often[chosen], order[chosen], keys[chosen])
    # Beyond these not all rows are known that are to be chosen from.
    known = min(order[drawn].max(), keys[together].max() if len(together) == rows else np.iinfo(np.uint64).max)
    chosen = chosen[np.argsort(chance, kind="stable")][: min(rows, int((chance <= known).sum()))]
    return chosen[np.lexsort((order[chosen], keys[chosen]))]


def candidates(keys: Keys, ids: pd.Series, *, rows: int) -> NDArray[np.intp]:
    """Positions of the rows among which `kept` finds the same, whatever other rows come beside them."""
    if len(keys) <= rows:
        return np.arange(len(keys))
    order = hashes(ids.astype(str).tolist())
    return np.union1d(_together(keys, order, rows=rows), _drawn(order, rows=rows))


def _together(keys: Keys, order: Keys, *, rows: int) -> NDArray[np.intp]:
    """The copies of the texts with the smallest keys."""
    places = np.lexsort((order, keys))
    first = np.flatnonzero(np.diff(keys[places], prepend=~keys[places[0]]))
    number = np.arange(len(places)) - np.repeat(first, np.diff(np.append(first, len(places))))
    return places[number < max(int(_LARGEST * rows), OFTEN)][:rows]


def _drawn(order: Keys, *, rows: int) -> NDArray[np.intp]:
    """So many rows, whatever their texts are."""
    return np.argsort(order, kind="stable")[:rows]


def _plain(value: object) -> str:
    """A text as it is, nothing where there is none."""
    return value if isinstance(value, str) else ""
