"""RE2 on whole columns through Arrow, and how words are spelled for it."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError

SPACE = r"[\s\x{a0}]+"
"""Between the words of a phrase: line breaks and the no-break spaces of HTML too."""

MAX_PATTERN = 4_000
"""Characters of words in one pattern: 3,000 words in one exhaust RE2's automaton and run 28 times slower."""

Match = Callable[[pa.Array], NDArray[np.int8]]
"""Votes on each element of an Arrow array."""


def check_pattern(pattern: str, *, lf: str, ignore_case: bool = False) -> None:
    """Raise LFError, with RE2's own message, where a pattern is invalid."""
    if not isinstance(pattern, str):
        raise LFError(
            f"labeling function {lf!r}: a pattern is a text such as r'[0-9]+ usd', found {pattern!r}; of a compiled "
            "one hand in .pattern, and write its flags as ignore_case=True or (?s)."
        )
    try:
        pc.match_substring_regex(pa.array([""]), pattern=pattern, ignore_case=ignore_case)
    except pa.ArrowInvalid as error:
        raise LFError(
            f"labeling function {lf!r}: {error}. Patterns are RE2, which has no look-around and no back-references."
        ) from error


def spelled(words: Iterable[str]) -> list[str]:
    """What finds each of some words and phrases."""
    return [SPACE.join(map(re.escape, word.split())) for word in words]


def batches(words: Iterable[str], *, size: Callable[[str], int] = len) -> Iterator[list[str]]:
    """Words, or other alternatives, in groups that each make one pattern."""
    batch: list[str] = []
    room = MAX_PATTERN
    for word in words:
        room -= size(word)
        if batch and room < 0:
            yield batch
            batch, room = [], MAX_PATTERN - size(word)
        batch.append(word)
    yield batch


def fires(texts: pa.Array, pattern: str, *, ignore_case: bool = False) -> NDArray[np.bool_]:
    """In which texts a pattern occurs."""
    hits = pc.match_substring_regex(texts, pattern=pattern, ignore_case=ignore_case)
    return np.array(pc.fill_null(hits, False).to_numpy(zero_copy_only=False))


def match_patterns(patterns: Sequence[str], *, label: int, ignore_case: bool) -> Match:
    """Vote `label` where any of the patterns occurs."""

    def match(texts: pa.Array) -> NDArray[np.int8]:
        votes = np.full(len(texts), ABSTAIN, dtype=np.int8)
        for pattern in patterns:
            votes[fires(texts, pattern, ignore_case=ignore_case)] = label
        return votes

    return match


def bytes_of(texts: pa.Array) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """The bytes of all texts and where each begins and ends, nothing copied."""
    _, places, data = texts.buffers()
    offsets = np.frombuffer(places, np.int64 if pa.types.is_large_string(texts.type) else np.int32)
    return np.frombuffer(data or b"", np.uint8), offsets[texts.offset : texts.offset + len(texts) + 1]


def match_column(array: pa.Array, match: Match) -> NDArray[np.int8]:
    """Apply `match` to a column; a row of a list column gets the vote of its first element that has one."""
    if pa.types.is_null(array.type):
        return np.full(len(array), ABSTAIN, dtype=np.int8)
    if not is_list(array.type):
        return match(array)
    votes = np.full(len(array), ABSTAIN, dtype=np.int8)
    inner = match_column(array.flatten(), match)
    rows = pc.list_parent_indices(array).to_numpy()
    fired = np.flatnonzero(inner != ABSTAIN)[::-1]  # backwards, so that the first element of a row is written last
    votes[rows[fired]] = inner[fired]
    return votes


def is_list(kind: pa.DataType) -> bool:
    """Whether a column holds lists."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds texts or lists of texts; one of nulls alone may be anything."""
    if is_list(kind):
        return is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
