"""The passes over single votes, compiled.

Votes are packed into bits, one plane per labeling function and class: a pair of them then meets in
64 rows at a time, and a million rows of 50 labeling functions are counted in a tenth of a second.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

WORDS = 32
"""Words of 64 rows that are packed at a time: the planes then stay in the fastest memory."""


def _compiled(function: Any) -> Any:
    """Compile at the first call and keep the result on disk."""
    return njit(cache=True, nogil=True, boundscheck=False)(function)


@_compiled
def _ones(word: np.uint64) -> np.uint64:
    """Number of set bits; in this form compilers know it and use one instruction."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@_compiled
def _pack(L: NDArray[np.int8], start: int, k: int, planes: NDArray[np.uint64]) -> None:
    """Set the bits of up to 64 x WORDS rows from `start` on; plane j x k + v has the votes of j for v."""
    n, m = L.shape
    octets = np.zeros((8, k, m), np.uint8)
    for word in range(WORDS):
        first = start + 64 * word
        octets[:] = 0
        for i in range(first, min(first + 64, n)):
            place, bit = (i - first) >> 3, np.uint8((i - first) & 7)
            for v in range(k):
                target = octets[place, v]
                for j in range(m):  # on vectors: there is neither a branch nor a look-up
                    target[j] |= np.uint8(L[i, j] == v) << bit
        for v in range(k):
            for j in range(m):
                bits = np.uint64(0)
                for place in range(8):
                    bits |= np.uint64(octets[place, v, j]) << np.uint64(8 * place)
                planes[j * k + v, word] = bits


@_compiled
def count_pairs(L: NDArray[np.int8], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How often each labeling function votes for each class, two vote on the same row, and say the same there."""
    n, m = L.shape
    votes, both, same = np.zeros((m, k), np.int64), np.zeros((m, m), np.int64), np.zeros((m, m), np.int64)
    planes, spoke = np.zeros((m * k, WORDS), np.uint64), np.zeros((m, WORDS), np.uint64)
    for start in range(0, n, 64 * WORDS):
        _pack(L, start, k, planes)
        spoke[:] = 0
        for j in range(m):
            for v in range(k):
                plane, total = planes[j * k + v], np.uint64(0)
                for word in range(WORDS):
                    total += _ones(plane[word])
                    spoke[j, word] |= plane[word]
                votes[j, v] += np.int64(total)
        for j in range(m):
            for other in range(j):
                total = np.uint64(0)
                for word in range(WORDS):
                    total += _ones(spoke[j, word] & spoke[other, word])
                both[j, other] += np.int64(total)
                if total == 0:
                    continue
                total = np.uint64(0)
                for v in range(k):
                    left, right = planes[j * k + v], planes[other * k + v]
                    for word in range(WORDS):
                        total += _ones(left[word] & right[word])
                same[j, other] += np.int64(total)
    return votes, both, same


@_compiled
def count_agreement(L: NDArray[np.int8], k: int) -> NDArray[np.int64]:
    """By labeling function: rows where it votes and most of the others agree on something, and where with it.

    Two rows of m + 1 numbers; the last column has the rows without any vote, and those with votes for several classes.
    """
    n, m = L.shape
    out = np.zeros((2, m + 1), np.int64)
    counts = np.zeros(k, np.int64)
    for i in range(n):
        counts[:] = 0
        for j in range(m):
            if L[i, j] >= 0:
                counts[L[i, j]] += 1
        best = second = spoken = 0
        for v in range(k):
            if counts[v] > best:
                best, second = counts[v], best
            elif counts[v] > second:
                second = counts[v]
            spoken += counts[v]
        out[0, m] += spoken == 0
        out[1, m] += second > 0
        if spoken < 2:
            continue
        for j in range(m):
            vote = L[i, j]
            if vote < 0:
                continue
            own = counts[vote] - 1
            # Without the own vote: the rival is the most frequent of the other classes, and its own rival the next.
            rival = second if counts[vote] == best else best
            if own > rival:
                out[0, j] += 1
                out[1, j] += 1
            elif rival > own:
                tied = counts[vote] != best and second == best
                tied |= counts[vote] == best and _times(counts, rival) - (rival == best) > 1
                out[0, j] += not tied
    return out


@_compiled
def _times(counts: NDArray[np.int64], number: int) -> int:
    """How often a number occurs."""
    found = 0
    for count in counts:
        found += count == number
    return found


@_compiled
def count_agreement_of_two(L: NDArray[np.int8]) -> NDArray[np.int64]:
    """As `count_agreement`, of two classes: without a branch, so that the inner loops run on vectors."""
    n, m = L.shape
    out = np.zeros((2, m + 1), np.int64)
    for start in range(0, n, 127):  # so that a count of one run fits in a byte
        decided, agreed = np.zeros(m, np.int8), np.zeros(m, np.int8)
        for i in range(start, min(start + 127, n)):
            no = yes = np.int16(0)
            for j in range(m):
                no += np.int16(L[i, j] == 0)
                yes += np.int16(L[i, j] == 1)
            out[0, m] += no + yes == 0
            out[1, m] += (no > 0) & (yes > 0)
            lead = np.int16(yes - no)
            # The others lead for 1 where the lead without the own vote is above 0; only its place to 1 and 2 matters.
            for_yes, for_no = np.int8(lead > 1), np.int8(lead < 1)  # seen by one that votes 1
            of_no_yes, of_no_no = np.int8(lead > -1), np.int8(lead < -1)  # seen by one that votes 0
            for j in range(m):
                is_yes, is_no = np.int8(L[i, j] == 1), np.int8(L[i, j] == 0)
                agreed[j] += is_yes * for_yes + is_no * of_no_no
                decided[j] += is_yes * (for_yes + for_no) + is_no * (of_no_yes + of_no_no)
        for j in range(m):
            out[0, j] += decided[j]
            out[1, j] += agreed[j]
    return out
