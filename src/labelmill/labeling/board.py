"""Memory that the processes of one run share: votes, times, and what each worker is at."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN

TASK, LF, ROW, ROWS, FIRST = range(5)
"""The fields of a beat: the task, the labeling function, the row, the rows of the call, whether it is the first."""

N_FIELDS = 5


class Board:
    """What is known of a run of m labeling functions on n rows; without workers it is the process's own.

    A worker that is killed leaves here all that it did, and the row that it was at: a beat is written for every
    row, in some 30 ns, and read by whoever watches.

    Attributes
    ----------
    votes
        m x n int8.
    ends
        m: the row from which on each labeling function is not called any more.
    seconds
        workers x m: what each labeling function took.
    """

    def __init__(self, n_lfs: int, n_rows: int, n_workers: int) -> None:
        self.votes: NDArray[np.int8] = _shared((n_lfs, n_rows), np.int8)
        self.votes[:] = ABSTAIN
        self.ends: NDArray[np.int64] = _shared((n_lfs,), np.int64)
        self.ends[:] = n_rows
        self.seconds: NDArray[np.float64] = _shared((n_workers, n_lfs), np.float64)
        self._beats: NDArray[np.int64] = _shared((n_workers, N_FIELDS), np.int64)

    def beat(self, worker: int) -> memoryview:
        """The beat of one worker, to be written: a memoryview, since arrays take twice as long."""
        return memoryview(self._beats[worker])

    def votes_of(self, lf: int) -> memoryview:
        """The votes of one labeling function, to be written."""
        return memoryview(self.votes[lf])


@contextmanager
def many_rows(beat: memoryview, rows: int) -> Iterator[None]:
    """Say that the call now made is for many rows, and may take longer than one for a single row."""
    before, beat[ROWS] = beat[ROWS], rows
    try:
        yield
    finally:
        beat[ROWS] = before


def _shared(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """Zeros in memory that stays common when a process forks."""
    size = int(np.prod(shape))
    memory = mmap.mmap(-1, max(size * np.dtype(kind).itemsize, 1))
    return np.frombuffer(memory, dtype=kind, count=size).reshape(shape)
