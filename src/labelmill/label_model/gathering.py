"""What a model is fitted on: all votes where they are few, else a sample that the votes alone decide.

A sample drawn by chance needs a seed, and one of every s-th row depends on the order of the rows. Here
each row has a key that is a sum over its votes, so that equal rows have equal keys; the rows are sorted
by key and every s-th one is taken. Rows, labeling functions and classes in another order give the
same sample, and each pattern of votes is in it as often as its share says, give or take one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold
from labelmill.label_model import kernels
from labelmill.label_model.blocks import Block
from labelmill.label_model.encoding import EncodedVotes, join
from labelmill.label_model.scramble import scrambled

_FEW_VOTES = 200
"""A labeling function with fewer votes than this in a plain sample is rare: its rows are all taken."""
_RARE_SHARE = 0.5
"""Largest part of the sample that goes to the rows of rare labeling functions."""
_RARE = np.uint64(1 << 56)
"""Added to the key for each vote of a rare labeling function; the sum of all other keys of a row stays below it."""


@dataclass(frozen=True)
class Gathered:
    """The votes to learn from, and the exact counts of all."""

    votes: EncodedVotes
    """Covered rows only: all, or a sample of them."""
    gold: Gold | None
    """Of these rows; -1 where unknown. None where no gold is known at all."""
    per_lf: NDArray[np.float64]
    """m x k: how many of all rows each labeling function put in each class."""
    n_rows: int
    n_covered: int

    @property
    def sampled(self) -> bool:
        """Whether some covered rows were left out."""
        return self.votes.n_rows < self.n_covered


def gather(read: Callable[[], Iterator[Block]], *, gold: Callable[[int], Gold | None], most_rows: int) -> Gathered:
    """Read the votes once, or three times where there are more than `most_rows` rows.

    Parameters
    ----------
    read
        Gives the blocks anew at each call.
    gold
        Gives the gold labels, once the number of rows is known.
    most_rows
        Covered rows from which a sample is taken.
    """
    kept: list[EncodedVotes] = []
    counts, n_rows = None, 0
    for block in read():
        n_rows += block.n_rows
        counts = block.counts() if counts is None else counts + block.counts()
        if n_rows <= most_rows:
            kept.append(block.encoded)
    assert counts is not None  # there is at least one block
    truth = gold(n_rows)
    if n_rows <= most_rows:
        votes = join(kept)
        covered = votes.covered
        n_covered = int(covered.sum())
        chosen = replace(votes.rows(covered), n_silent=float(n_rows - n_covered))
        return Gathered(chosen, None if truth is None else truth[covered], counts, n_rows, n_covered)
    keys = _keys(counts, most_rows / n_rows)
    of_rows = np.concatenate([block.keys(keys) for block in read()])
    n_covered = int((of_rows != 0).sum())
    always, others, step = _choose(of_rows, truth, most_rows)
    taken = join([part for part in (_take(read, always), _take(read, others)) if part is not None])
    stands_for = np.concatenate([np.ones(len(always)), np.full(len(others), step)])
    votes = replace(taken, stands_for=stands_for, n_silent=float(n_rows - n_covered))
    rows = np.concatenate([always, others])
    return Gathered(votes, None if truth is None else truth[rows], counts, n_rows, n_covered)


def thinned(votes: EncodedVotes, most_rows: int) -> NDArray[np.int64]:
    """Positions of at most so many rows, every s-th in the order of their keys: few enough for slow rounds."""
    if votes.n_rows <= most_rows:
        return np.arange(votes.n_rows)
    keys = kernels.row_keys(votes.indptr, votes.codes, _keys(votes.per_lf, 1.0).ravel())
    places = ((np.arange(most_rows) + 0.5) * (votes.n_rows / most_rows)).astype(np.int64)
    return np.sort(np.argsort(keys)[places])


def _keys(counts: NDArray[np.float64], rate: float) -> NDArray[np.uint64]:
    """A key for each code, m x k, that depends on nothing but how often it occurs beside its neighbours."""
    votes = counts.sum(axis=1)
    keys = scrambled(counts.astype(np.uint64) + scrambled(votes.astype(np.uint64))[:, None])
    spare = max(8, (len(counts) - 1).bit_length())  # so that the sum of a row's keys stays below the mark of rarity
    keys = (keys >> np.uint64(8 + spare)) | np.uint64(1)
    order = np.sort(votes)
    affordable = order[np.cumsum(order) <= _RARE_SHARE * rate * max(votes.sum(), 1)]
    rare = votes < _FEW_VOTES / rate
    rare &= votes <= (affordable[-1] if len(affordable) else -1)
    return keys + np.where(rare, _RARE, np.uint64(0))[:, None]


def _choose(
    keys: NDArray[np.uint64], gold: Gold | None, most_rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Rows that are all taken, rows of which every s-th in the order of their keys is, and s; each in row order."""
    always = keys >= _RARE
    if gold is not None:
        always |= (gold != UNKNOWN) & (keys != 0)
    first, others = np.flatnonzero(always), np.flatnonzero(~always & (keys != 0))
    room = max(most_rows - len(first), most_rows // 2)
    if len(others) <= room:
        return first, others, 1.0
    step = len(others) / room
    ranked = others[np.argsort(keys[others])]  # rows with equal keys have equal votes
    return first, np.sort(ranked[((np.arange(room) + 0.5) * step).astype(np.int64)]), step


def _take(read: Callable[[], Iterator[Block]], rows: NDArray[np.int64]) -> EncodedVotes | None:
    """The votes of the chosen rows, given in order, from one more pass over the blocks; None if none are chosen."""
    parts, start = [], 0
    if not len(rows):
        return None
    for block in read():
        low, high = np.searchsorted(rows, [start, start + block.n_rows])
        if high > low:
            parts.append(block.take(rows[low:high] - start))
        start += block.n_rows
    return join(parts)
