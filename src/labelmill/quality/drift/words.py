"""The words of texts as numbers: hashed single words and pairs, so that nothing has to be learned or kept."""

import re

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.quality.drift.sample import hashes

SINGLES = 2**17
BUCKETS = 2 * SINGLES
"""Single words fall into the lower half of the buckets, pairs of neighbours into the upper one."""

MOST_CHARACTERS = 4000
MOST_WORDS = 400
"""Of a longer text the beginning is enough to see what it is about."""

_WORD = re.compile(r"[^\W\d_]{2,}")


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case; numbers are none."""
    return _WORD.findall(text[:MOST_CHARACTERS].lower())[:MOST_WORDS]


def buckets_of(words: list[str]) -> NDArray[np.int64]:
    """The bucket of each word."""
    return (hashes(words) % np.uint64(SINGLES)).astype(np.int64)


def grams(texts: list[str]) -> sp.csr_matrix:
    """Which words and pairs of neighbouring words occur in each text: rows x `BUCKETS`, ones."""
    lists = [words_of(text) for text in texts]
    sizes = np.array([len(words) for words in lists], np.int64)
    flat = hashes([word for words in lists for word in words])
    row = np.repeat(np.arange(len(texts)), sizes)
    single = (flat % np.uint64(SINGLES)).astype(np.int64)
    # Modulo 2^64: an odd factor keeps "a b" apart from "b a".
    pair = ((flat[:-1] * np.uint64(0x9E3779B97F4A7C15) + flat[1:]) >> np.uint64(17)) % np.uint64(SINGLES)
    inside = row[:-1] == row[1:]
    codes = np.concatenate([row * BUCKETS + single, (row[:-1] * BUCKETS + SINGLES + pair.astype(np.int64))[inside]])
    codes.sort()  # not np.unique: its hash table takes three times as long
    codes = codes[np.diff(codes, prepend=-1) > 0]
    indptr = np.searchsorted(codes, np.arange(len(texts) + 1) * BUCKETS)
    return sp.csr_matrix(
        (np.ones(len(codes), np.float32), (codes % BUCKETS).astype(np.int32), indptr), shape=(len(texts), BUCKETS)
    )


def unknown_share(matrix: sp.csr_matrix, vocabulary: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of the words of each row that are not in the vocabulary; NaN for rows without words."""
    single = matrix.indices < SINGLES
    unknown = single & ~vocabulary[np.minimum(matrix.indices, SINGLES - 1)]
    words, strange = _row_sums(matrix.indptr, single), _row_sums(matrix.indptr, unknown)
    return np.divide(strange, words, out=np.full(len(words), np.nan), where=words > 0)


def vocabulary_of(matrix: sp.csr_matrix) -> NDArray[np.bool_]:
    """Which buckets of single words occur."""
    known = np.zeros(SINGLES, bool)
    known[matrix.indices[matrix.indices < SINGLES]] = True
    return known


def _row_sums(indptr: NDArray[np.int64], flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many of the entries of each row are flagged."""
    total = np.concatenate([[0], np.cumsum(flags)])
    return (total[indptr[1:]] - total[indptr[:-1]]).astype(float)
