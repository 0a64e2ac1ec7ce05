"""What is known so far of each Python labeling function, whichever process and order it came from."""

from bisect import insort
from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.board import Board
from labelmill.labeling.calls import Job, failure_of
from labelmill.labeling.column import Column, Failure
from labelmill.labeling.limits import STOPPED


class Findings:
    """Failures and soft votes by row, and the errors that stop the run; the other votes are on the board.

    What comes out does not depend on which chunk was worked on first: of errors that stop the run the one of
    the first function and its first row counts, and a function that is stopped ends at the same row.

    Attributes
    ----------
    stopped
        Numbers of the labeling functions that are not called any more, since too many rows ended their process.
    """

    def __init__(self, job: Job, board: Board) -> None:
        self.stopped: set[int] = set()
        self._job = job
        self._board = board
        self._weights: defaultdict[int, dict[int, NDArray[np.float64]]] = defaultdict(dict)
        self._failures: defaultdict[int, dict[int, Failure]] = defaultdict(dict)
        self._broken: dict[int, tuple[int, LFError]] = {}
        self._killed: defaultdict[int, list[int]] = defaultdict(list)

    def softened(self, lf: int, rows: list[int], weights: list[list[float]]) -> None:
        """A labeling function voted softly on some rows."""
        self._weights[lf].update(zip(rows, np.array(weights), strict=True))

    def failed(self, lf: int, start: int, stop: int, exception: str, message: str) -> None:
        """A labeling function failed on some rows."""
        for row in range(start, stop):
            self._failures[lf][row] = Failure(row, exception, message)

    def broke(self, lf: int, row: int, error: LFError) -> None:
        """A labeling function did what stops the run: neither its later rows nor later functions matter now."""
        if lf not in self._broken or row < self._broken[lf][0]:
            self._broken[lf] = row, error
        ends = self._board.ends
        ends[lf] = min(ends[lf], row)
        ends[lf + 1 :] = 0

    def ran_out_of_memory(self) -> None:
        """Without workers there is no limit but the machine's, and nothing to be done."""

    def killed(self, lf: int, row: int, exception: str, message: str) -> None:
        """A labeling function ended its process, or was ended, on one row."""
        if self._job.on_error == "raise":
            return self.broke(lf, row, failure_of(self._job, lf, row, exception, message))
        self.failed(lf, row, row + 1, exception, message)
        insort(self._killed[lf], row)
        if len(self._killed[lf]) >= self._job.limits.killed_rows:
            self.stopped.add(lf)
            self._board.ends[lf] = min(self._board.ends[lf], self._last(lf) + 1)
        return None

    def column(self, lf: int) -> Column:
        """What the labeling function said of all rows, or the error that stops the run."""
        if lf in self._broken:
            raise self._broken[lf][1]
        votes, failures = self._board.votes[lf].copy(), self._failures[lf]
        if lf in self.stopped:
            message = f"not called: {self._job.limits.killed_rows} rows before ended the process or ran out of time"
            self.failed(lf, self._last(lf) + 1, len(votes), STOPPED, message)
        rows = sorted(failures)
        votes[rows] = ABSTAIN
        weights = {row: of for row, of in sorted(self._weights[lf].items()) if row not in failures}
        seconds = float(self._board.seconds[:, lf].sum())
        return replace(Column.of_rows(votes, weights, tuple(failures[row] for row in rows)), seconds=seconds)

    def _last(self, lf: int) -> int:
        return self._killed[lf][self._job.limits.killed_rows - 1]
