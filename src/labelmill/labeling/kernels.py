"""The loops over single bytes of texts, compiled: everything else works on whole columns.

A text is `data[offsets[i]:offsets[i + 1]]`, in UTF-8. Each function is a single pass without threads.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

ABSTAIN, MAYBE = np.int8(-1), np.int8(-2)
"""What a rule says of a text before it votes: nothing found, or a sign that is for RE2 to judge."""

KEYS = 1 << 15
"""Codes of three bytes, five bits each."""
SPACE = 1
"""The class of white space; 0 is that of all bytes that no sign has."""

DECIDES, LEFT, RIGHT, EXACT, FOLDED, ANY_SCRIPT = 1, 2, 4, 8, 16, 32
"""What an end of the tree says of a sign: whether it is enough, which sides must be free, how it must be spelled, and
whether letters beyond ASCII count at its sides."""


def _compiled(function: Any) -> Any:
    """Compile at the first call and keep the result on disk; the lock is given up meanwhile."""
    return njit(cache=True, nogil=True, boundscheck=False)(function)


@_compiled
def find_signs(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    codes: NDArray[np.uint8],
    begins: NDArray[np.uint8],
    classes: NDArray[np.uint8],
    is_word: NDArray[np.uint8],
    tree: NDArray[np.int32],
    ends: NDArray[np.int32],
    signs: NDArray[np.int32],
    spellings: NDArray[np.uint8],
    labels: NDArray[np.int8],
    unread: NDArray[np.uint8],
    votes: NDArray[np.int8],
) -> None:
    """Fill `votes`, rules x texts, with labels, `ABSTAIN` and `MAYBE`.

    `begins` says of the codes of three bytes whether a sign may begin with them. From there `tree`, nodes x classes,
    leads to nodes; node t ends the signs `signs[ends[t]:ends[t + 1]]`, each of which is: rule, flags, where its
    spelling starts and stops. `unread` are the rules that may fire beyond ASCII without a sign.
    """
    votes[:] = ABSTAIN
    for i in range(len(offsets) - 1):
        start, stop = offsets[i], offsets[i + 1]
        key, seen = 0, 0
        for at in range(start, stop):
            byte = data[at]
            seen |= byte
            key = ((key << 5) | codes[byte]) & (KEYS - 1)
            if begins[key] and at >= start + 2:
                _follow(data, start, at - 2, stop, classes, is_word, tree, ends, signs, spellings, labels, votes, i)
        for at in range(stop - 2, stop):  # signs of one or two bytes, at the end
            key = (key << 5) & (KEYS - 1)
            if begins[key] and at >= start:
                _follow(data, start, at, stop, classes, is_word, tree, ends, signs, spellings, labels, votes, i)
        if seen >= 128:
            odd = _has_odd_letter(data, start, stop)
            for rule in range(len(labels)):
                if odd or (votes[rule, i] == ABSTAIN and unread[rule]):  # beside a word it is a letter, too
                    votes[rule, i] = MAYBE


@_compiled
def _follow(
    data: NDArray[np.uint8],
    start: int,
    first: int,
    stop: int,
    classes: NDArray[np.uint8],
    is_word: NDArray[np.uint8],
    tree: NDArray[np.int32],
    ends: NDArray[np.int32],
    signs: NDArray[np.int32],
    spellings: NDArray[np.uint8],
    labels: NDArray[np.int8],
    votes: NDArray[np.int8],
    i: int,
) -> None:
    """All signs of text i that begin at `first`."""
    node, at = 0, first
    while at < stop:
        width = _space(data, at, stop, classes)
        if width:
            node = tree[node, SPACE]
            while width:
                at += width
                width = _space(data, at, stop, classes) if at < stop else 0
        else:
            node = tree[node, classes[data[at]]]
            at += 1
        if node == 0:
            return
        for sign in range(ends[node], ends[node + 1]):
            rule, flags = signs[sign, 0], signs[sign, 1]
            if votes[rule, i] >= 0:
                continue
            beside = 0
            if flags & LEFT and first > start:
                if is_word[data[first - 1]]:
                    continue
                beside |= data[first - 1]
            if flags & RIGHT and at < stop:
                if is_word[data[at]]:
                    continue
                beside |= data[at]
            if flags & (EXACT | FOLDED):
                spelling = spellings[signs[sign, 2] : signs[sign, 3]]
                if not _is_spelled(data, first, stop, spelling, flags & FOLDED):
                    continue
            decides = flags & DECIDES and not (flags & ANY_SCRIPT and beside >= 128)
            votes[rule, i] = labels[rule] if decides else MAYBE


@_compiled
def _space(data: NDArray[np.uint8], at: int, stop: int, classes: NDArray[np.uint8]) -> int:
    """Bytes of the white space at a place; 0 where there is none."""
    if classes[data[at]] == SPACE:
        return 1
    return 2 if data[at] == 0xC2 and at + 1 < stop and data[at + 1] == 0xA0 else 0


@_compiled
def _is_spelled(data: NDArray[np.uint8], at: int, stop: int, spelling: NDArray[np.uint8], folded: int) -> bool:
    if at + len(spelling) > stop:
        return False
    for place in range(len(spelling)):
        byte = data[at + place]
        if byte != spelling[place] and not (folded and 65 <= byte <= 90 and byte + 32 == spelling[place]):
            return False
    return True


@_compiled
def _has_odd_letter(data: NDArray[np.uint8], start: int, stop: int) -> bool:
    """Whether a text has one of the two letters beyond ASCII that fold to ASCII: the long s and the Kelvin sign."""
    for at in range(start, stop - 1):
        if data[at] == 0xC5 and data[at + 1] == 0xBF:
            return True
        if data[at] == 0xE2 and data[at + 1] == 0x84 and at + 2 < stop and data[at + 2] == 0xAA:
            return True
    return False


@_compiled
def count_bytes(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], low: int, high: int, out: NDArray[np.int64]
) -> None:
    """Add to `out` how many bytes of each text lie from `low` to `high`."""
    first, span = np.uint8(low), np.uint8(high - low)
    for i in range(len(offsets) - 1):
        count = np.int64(0)
        for at in range(offsets[i], offsets[i + 1]):
            count += np.uint8(data[at] - first) <= span
        out[i] += count


@_compiled
def count_words(data: NDArray[np.uint8], offsets: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """Add to `out` how many runs of other characters than white space each text has."""
    for i in range(len(offsets) - 1):
        inside, stop = False, offsets[i + 1]
        for at in range(offsets[i], stop):
            byte = data[at]
            space = byte == 32 or (9 <= byte <= 13 and byte != 11)
            if byte == 0xC2 and at + 1 < stop:
                space = data[at + 1] == 0xA0
            elif byte == 0xA0 and at > offsets[i]:
                space = data[at - 1] == 0xC2
            out[i] += not space and not inside
            inside = not space
