"""All rules about the texts of one column in one pass over its bytes, where that is faster than one after the other.

The votes are the same as those of the rules by themselves: a rule that a pass over bytes cannot decide is asked
about the texts that have one of its signs.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.labeling.amounts import Amount, Bounds
from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.literals import Literals
from labelmill.labeling.matching import Match, bytes_of, is_list, is_text
from labelmill.labeling.rows import Columns
from labelmill.labeling.templates import TemplateLF

MIN_WORK, MIN_WORK_AT_START = 4 << 20, 512 << 20
"""Bytes of text times rules from which a pass pays: its tables take milliseconds, to load numba takes a second."""

BLOCK_BYTES, BLOCK_ROWS = 16 << 20, 1 << 16
"""Of texts that are looked at together: what is held beside the votes is no more."""

MAX_BYTES = 30_000
"""Of all signs of a column; a tree of more falls out of the processor's cache, and RE2 is as fast."""


Signed = Sequence[tuple[TemplateLF, Literals]]
Counting = Sequence[tuple[TemplateLF, Bounds]]

_work_so_far = 0
"""Of this process. It decides how votes are found, never which."""


class FusedTexts:
    """What the labeling functions of one call find in texts: one pass for each column, when it is first asked for.

    Parameters
    ----------
    lfs
        All labeling functions of the call; those that no pass can serve too.
    columns
        What they are applied to.
    """

    def __init__(self, lfs: Iterable[LabelingFunction], columns: Columns) -> None:
        self._lfs = list(_templates(lfs))
        self._columns = columns
        self._found: dict[str, dict[int, NDArray[np.int8]]] = {}

    def match(self, lf: TemplateLF, column: str) -> Match:
        """What gives the votes of `lf` on a column: found already, or by itself."""
        if column not in self._found:
            lfs = [other for other in self._lfs if column in other.columns]
            self._found[column] = votes_by_lf(lfs, self._columns.arrow(column))
        votes = self._found[column].get(id(lf))
        return cast(Match, lf.match) if votes is None else lambda texts: votes


def _templates(lfs: Iterable[LabelingFunction]) -> Iterator[TemplateLF]:
    for lf in lfs:
        if isinstance(lf, CompositeLF):
            yield from _templates(lf.parts)
        elif isinstance(lf, TemplateLF) and lf.scan is not None:
            yield lf


def votes_by_lf(
    lfs: Sequence[TemplateLF], array: pa.Array | None, *, min_work: int | None = None
) -> dict[int, NDArray[np.int8]]:
    """The votes of some labeling functions on the single texts of a column, by `id`; none where it does not pay."""
    if array is None or not is_text(array.type):
        return {}
    while is_list(array.type):
        array = array.flatten()
    work = array.nbytes * len(lfs)
    if pa.types.is_null(array.type) or not (_pays(work) if min_work is None else work >= min_work):
        return {}
    signed, counting = _fusable(lfs)
    votes = {id(lf): np.empty(len(array), np.int8) for lf, _ in (*signed, *counting)}
    data, offsets = bytes_of(array)
    for start, stop in _blocks(offsets):
        texts, places = array.slice(start, stop - start), offsets[start : stop + 1].astype(np.int64)
        for lf, found in _block_votes(signed, counting, texts, data, places):
            votes[id(lf)][start:stop] = found
    return votes


def _pays(work: int) -> bool:
    """Whether so much work is worth a pass; in small shards it is, too, once they were as much as loading numba."""
    global _work_so_far
    _work_so_far += work
    loaded = f"{__package__}.kernels" in sys.modules
    return work >= MIN_WORK and (loaded or _work_so_far >= MIN_WORK_AT_START)


def _fusable(lfs: Iterable[TemplateLF]) -> tuple[Signed, Counting]:
    """Those that look for signs, as many as go into one tree, and those that count."""
    signed, counting, room = [], [], MAX_BYTES
    for lf in {id(lf): lf for lf in lfs}.values():
        if isinstance(lf.scan, Bounds):
            counting.append((lf, lf.scan))
        elif isinstance(lf.scan, Literals) and lf.scan.size <= room:
            signed.append((lf, lf.scan))
            room -= lf.scan.size
    return signed, counting


def _blocks(offsets: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Runs of texts that are few and short enough to look at together; a text that is longer alone."""
    start, n = 0, len(offsets) - 1
    while start < n:
        stop = int(np.searchsorted(offsets, offsets[start] + BLOCK_BYTES, side="right")) - 1
        stop = min(max(stop, start + 1), start + BLOCK_ROWS, n)
        yield start, stop
        start = stop


def _block_votes(
    signed: Signed,
    counting: Counting,
    texts: pa.Array,
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
) -> Iterator[tuple[TemplateLF, NDArray[np.int8]]]:
    """What each rule says of some texts."""
    from labelmill.labeling import kernels, signs  # noqa: PLC0415, numba is slow to load and most runs are small

    by_sign = np.empty((len(signed), len(texts)), np.int8)
    if signed:
        labels = np.array([lf.labels[0] for lf, _ in signed], np.int8)
        unread = np.array([rule.unread for _, rule in signed], np.uint8)
        tables = signs.tables(tuple(rule for _, rule in signed))
        kernels.find_signs(data, offsets, *tables, labels, unread, by_sign)
    counted = _Counted(data, offsets)
    by_amount = [counted.votes(bounds, label=lf.labels[0]) for lf, bounds in counting]
    missing = pc.is_null(texts).to_numpy(zero_copy_only=False) if texts.null_count else None
    for (lf, _), found in zip((*signed, *counting), (*by_sign, *by_amount), strict=True):
        if missing is not None:
            found[missing] = ABSTAIN
        maybe = np.flatnonzero(found == kernels.MAYBE)
        if maybe.size:
            found[maybe] = cast(Match, lf.match)(texts.take(pa.array(maybe)))
        yield lf, found


class _Counted:
    """What was counted in some texts, each amount once."""

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        self._texts = data, offsets
        self._spans: dict[tuple[int, int] | None, NDArray[np.int64]] = {}

    def votes(self, bounds: Bounds, *, label: int) -> NDArray[np.int8]:
        """What a rule that counts says of them."""
        from labelmill.labeling.kernels import MAYBE  # noqa: PLC0415, numba

        inside = bounds.hold([self._amount(amount) for amount in bounds.amounts])
        votes = np.where(inside, np.int8(label), np.int8(ABSTAIN))
        if not all(amount.beyond_ascii for amount in bounds.amounts):
            votes[self._span((0x80, 0xFF)) > 0] = MAYBE
        return votes

    def _amount(self, amount: Amount) -> NDArray[np.int64]:
        parts = [self._span(None)] if amount.words else [self._span(span) for span in amount.spans or ()]
        return np.sum(parts, axis=0)

    def _span(self, span: tuple[int, int] | None) -> NDArray[np.int64]:
        from labelmill.labeling import kernels  # noqa: PLC0415, numba

        if span not in self._spans:
            out = self._spans[span] = np.zeros(len(self._texts[1]) - 1, np.int64)
            if span is None:
                kernels.count_words(*self._texts, out)
            else:
                kernels.count_bytes(*self._texts, *span, out)
        return self._spans[span]
