"""The loops over single votes, compiled: everything else works on arrays.

A vote of labeling function j for class v is the code `j * k + v`; the codes of row i are
`codes[indptr[i]:indptr[i + 1]]`. `weights` has one number per code, or none at all where every vote is
whole. Each function is a single pass in row order without threads, so equal input gives equal bits.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


def compiled(function: Any) -> Any:
    """Compile at the first call and keep the result on disk; the lock is given up, so that blocks can run beside."""
    return njit(cache=True, nogil=True, boundscheck=False)(function)


@compiled
def count_votes(L: NDArray[Any]) -> NDArray[np.int64]:
    """Number of votes of each row of a dense matrix, as offsets: n + 1 numbers."""
    indptr = np.zeros(L.shape[0] + 1, np.int64)
    for i in range(L.shape[0]):
        count = 0
        for j in range(L.shape[1]):
            count += L[i, j] >= 0
        indptr[i + 1] = indptr[i] + count
    return indptr


@compiled
def fill_codes(L: NDArray[Any], k: int, indptr: NDArray[np.int64]) -> NDArray[np.int32]:
    """The codes of a dense matrix, row by row."""
    codes = np.empty(indptr[-1] + 1, np.int32)  # one spare place to write abstentions to
    for i in range(L.shape[0]):
        place = indptr[i]
        for j in range(L.shape[1]):
            vote = L[i, j]
            codes[place] = j * k + vote
            place += vote >= 0
    return codes[: indptr[-1]]


@compiled
def count_codes(L: NDArray[Any], k: int) -> NDArray[np.int64]:
    """How often each code occurs in a dense matrix."""
    n, m = L.shape
    out = np.zeros((m, k), np.int64)
    for start in range(0, n, 127):  # so that a count of one run fits in a byte, and the inner loop runs on vectors
        for v in range(k):
            run = np.zeros(m, np.int8)
            for i in range(start, min(start + 127, n)):
                for j in range(m):
                    run[j] += L[i, j] == v
            for j in range(m):
                out[j, v] += run[j]
    return out.ravel()


@compiled
def row_keys_dense(L: NDArray[Any], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """As `row_keys`, from a dense matrix; `keys` is m x (k + 1), the first column 0 for abstentions."""
    n, m = L.shape
    out = np.zeros(n, np.uint64)
    if keys.shape[1] == 3:  # without a look-up the inner loop runs on vectors
        of_no, of_yes = keys[:, 1].copy(), keys[:, 2].copy()
        for i in range(n):
            total = np.uint64(0)
            for j in range(m):
                vote = L[i, j]
                total += np.uint64(vote == 0) * of_no[j] + np.uint64(vote == 1) * of_yes[j]
            out[i] = total
        return out
    for i in range(n):
        total = np.uint64(0)
        for j in range(m):
            total += keys[j, L[i, j] + 1]
        out[i] = total
    return out


@compiled
def add_up(
    indptr: NDArray[np.int64], codes: NDArray[np.int32], weights: NDArray[np.float64], table: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum of `table[code]` over the votes of each row, n x k."""
    n, k = len(indptr) - 1, table.shape[1]
    whole = len(weights) == 0
    out = np.zeros((n, k))
    if k == 2 and whole:  # half of the time of the general loop
        for i in range(n):
            first = second = 0.0
            for place in range(indptr[i], indptr[i + 1]):
                first += table[codes[place], 0]
                second += table[codes[place], 1]
            out[i, 0], out[i, 1] = first, second
        return out
    for i in range(n):
        for place in range(indptr[i], indptr[i + 1]):
            code = codes[place]
            weight = 1.0 if whole else weights[place]
            for y in range(k):
                out[i, y] += weight * table[code, y]
    return out


@compiled
def expected(
    indptr: NDArray[np.int64],
    codes: NDArray[np.int32],
    weights: NDArray[np.float64],
    probs: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Add the probabilities of each row to `out[code]`, codes x k, for each of its votes."""
    n, k = probs.shape
    whole = len(weights) == 0
    if k == 2 and whole:
        for i in range(n):
            first, second = probs[i, 0], probs[i, 1]
            for place in range(indptr[i], indptr[i + 1]):
                out[codes[place], 0] += first
                out[codes[place], 1] += second
        return
    for i in range(n):
        for place in range(indptr[i], indptr[i + 1]):
            code = codes[place]
            weight = 1.0 if whole else weights[place]
            for y in range(k):
                out[code, y] += weight * probs[i, y]


@compiled
def count_pairs(
    indptr: NDArray[np.int64], codes: NDArray[np.int32], units: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
    """Add how often two codes meet on a row to the upper triangle of `out`, codes x codes.

    Whole numbers throughout, so that the result does not depend on the order of the rows. `units` are
    the weights of the codes in whole units, or empty.
    """
    whole = len(units) == 0
    for i in range(len(indptr) - 1):
        for a in range(indptr[i], indptr[i + 1]):
            row = out[codes[a]]
            if whole:
                for b in range(a, indptr[i + 1]):
                    row[codes[b]] += 1
            else:
                for b in range(a, indptr[i + 1]):
                    row[codes[b]] += units[a] * units[b]


@compiled
def row_keys(indptr: NDArray[np.int64], codes: NDArray[np.int32], keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sum of the keys of the codes of each row, modulo 2^64: the same whatever the order of the codes."""
    out = np.zeros(len(indptr) - 1, np.uint64)
    for i in range(len(indptr) - 1):
        for place in range(indptr[i], indptr[i + 1]):
            out[i] += keys[codes[place]]
    return out


@compiled
def number_cells(
    indptr: NDArray[np.int64],
    codes: NDArray[np.int32],
    k: int,
    bounds: NDArray[np.int64],
    groups: NDArray[np.int64],
    places: NDArray[np.int64],
    starts: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The cells of those groups of labeling functions that have a vote, row by row: offsets, and cells.

    Labeling function j is in `groups[bounds[j]:bounds[j + 1]]`; in each of them its vote + 1 counts as
    often as `places` says, and the sum is added to where the group's cells start.
    """
    most = 0
    for code in codes:
        most += bounds[code // k + 1] - bounds[code // k]
    out, ends = np.empty(most, np.int32), np.zeros(len(indptr), np.int64)
    sums, touched, end = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64), 0
    for i in range(len(indptr) - 1):
        count = 0
        for at in range(indptr[i], indptr[i + 1]):
            j, vote = codes[at] // k, codes[at] % k
            for entry in range(bounds[j], bounds[j + 1]):
                group = groups[entry]
                if sums[group] == 0:
                    touched[count] = group
                    count += 1
                sums[group] += (vote + 1) * places[entry]
        for group in touched[:count]:
            out[end] = starts[group] + sums[group]
            sums[group] = 0
            end += 1
        ends[i + 1] = end
    return ends, out[:end]
