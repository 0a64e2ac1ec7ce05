"""Watch the processes that call labeling functions: what hangs or dies is named, ended and gone round."""

import logging
import math
import signal
import time
from collections import deque
from collections.abc import Sequence
from itertools import count
from multiprocessing import connection
from pathlib import Path

from labelmill.errors import LFError
from labelmill.labeling.board import FIRST, LF, ROW, ROWS, TASK, Board
from labelmill.labeling.calls import Job, Task, tasks_of
from labelmill.labeling.findings import Findings
from labelmill.labeling.limits import DIED, OVER_TIME
from labelmill.labeling.workers import OUT_OF_MEMORY, Worker

FAN = 16
"""Parts into which a call for many rows is split to find the row to blame: each round may cost its whole time limit,
so few rounds of many parts are better than many of two."""

MAX_UNBEGUN = 10
"""Processes that may end before they begin: each is started anew, but not for ever."""

MAX_GAP_S = 0.2
"""Longest time between two looks that counts as time of the call."""

log = logging.getLogger(__name__)


def run_guarded(job: Job, board: Board, findings: Findings, *, workers: int) -> None:
    """Call all labeling functions of a job in worker processes; a row that hangs or kills one is a failure of its own.

    Parameters
    ----------
    job
        What is to be done.
    board
        Gets the votes; made for as many workers.
    findings
        Gets what is no vote.
    workers
        Number of processes.
    """
    guard = _Guard(job, board, findings, workers)
    try:
        guard.run()
    finally:  # also after Ctrl-C
        guard.end()


class _Guard:
    def __init__(self, job: Job, board: Board, findings: Findings, n_workers: int) -> None:
        self._job = job
        self._board = board
        self._findings = findings
        self._todo = deque(tasks_of(job, n_workers))
        self._numbers = count(len(self._todo) + 1)
        self._free = list(range(n_workers))[::-1]
        self._workers: list[Worker] = []
        self._clocks: dict[Worker, _Clock] = {}
        self._suspects: set[tuple[int, int, int]] = set()
        self._slow_starters: set[int] = set()
        self._unbegun = 0

    def run(self) -> None:
        poll_s = self._job.limits.poll_s()
        while True:
            self._hand_out()
            busy = [worker for worker in self._workers if worker.task is not None]
            if not busy:
                return
            connection.wait([worker.said for worker in busy], poll_s)
            for worker in busy:
                worker.hear(self._findings)
                if worker.task is not None:
                    self._look_at(worker, worker.task)

    def end(self) -> None:
        for worker in self._workers:
            worker.end()
            worker.close()

    def _hand_out(self) -> None:
        idle = [worker for worker in self._workers if worker.task is None]
        while self._todo and (idle or self._free):
            if not idle:
                idle.append(Worker(self._free.pop(), self._job, self._board, self._workers))
                self._workers.append(idle[0])
            worker = idle.pop()
            self._clocks[worker] = _Clock(worker.pid)
            worker.give(self._todo.popleft())

    def _look_at(self, worker: Worker, task: Task) -> None:
        beat = tuple(self._board.beat(worker.number))
        waited = self._clocks[worker].waited(beat)
        if (code := worker.ended()) is not None:
            self._remove(worker)
            self._go_on(task, tuple(self._board.beat(worker.number)), code)
        elif waited > self._limit(beat, task):
            worker.end()
            self._remove(worker)
            self._board.seconds[worker.number, beat[LF]] += waited
            late = beat == tuple(self._board.beat(worker.number))  # else it went on in the last moment
            if late and beat[FIRST]:
                self._slow_starters.add(beat[LF])
            if worker.task is not None:
                self._go_on(task, tuple(self._board.beat(worker.number)), None, over_time=late)

    def _limit(self, beat: tuple[int, ...], task: Task) -> float:
        """Seconds for the call that a worker is at, or for its start."""
        if beat[TASK] != task.number or (beat[FIRST] and beat[LF] not in self._slow_starters):
            return self._job.limits.of_first_call()
        return self._job.limits.of_call(beat[ROWS])

    def _remove(self, worker: Worker) -> None:
        while worker.hear(self._findings):
            pass
        worker.close()
        del self._clocks[worker]
        self._workers.remove(worker)
        self._free.append(worker.number)

    def _go_on(self, task: Task, beat: tuple[int, ...], code: int | None, *, over_time: bool = False) -> None:
        """Put what is left of a task whose process is gone in front of what is to be done."""
        if beat[TASK] != task.number:
            self._unbegun += 1
            if self._unbegun > MAX_UNBEGUN:
                raise LFError(
                    f"{MAX_UNBEGUN} worker processes ended, or hung, before they called a labeling function: something "
                    "that ran before them does not outlive a fork. Set LABELMILL_WORKERS=0 to do without."
                )
            return self._todo.appendleft(task)
        lf, row, rows = beat[LF], beat[ROW], beat[ROWS]
        lfs = task.lfs[task.lfs.index(lf) :]
        if code is not None and (lf, row, rows) not in self._suspects:
            self._suspects.add((lf, row, rows))  # it may have been ended from outside: only a second time counts
        elif over_time or code is not None:
            if rows > 1 and task.stop - task.start > 1:
                step = math.ceil((task.stop - task.start) / FAN)
                starts = range(task.start, task.stop, step)
                parts = [self._task(lfs, start, min(start + step, task.stop), max(start, row)) for start in starts]
                return self._todo.extendleft(reversed(parts))
            self._blame(lf, row, code)
            row += 1
        return self._todo.appendleft(self._task(lfs, task.start, task.stop, row))

    def _task(self, lfs: Sequence[int], start: int, stop: int, first: int) -> Task:
        return Task(next(self._numbers), lfs, start, stop, first)

    def _blame(self, lf: int, row: int, code: int | None) -> None:
        limits = self._job.limits
        if code is None:
            exception, message = OVER_TIME, f"took longer than {limits.row_s:g} s"
        elif code == OUT_OF_MEMORY:
            exception, message = MemoryError.__name__, f"needs more than {limits.memory_mb:g} MB"
        else:
            exception, message = DIED, f"its process {_in_words(code)}"
        name, row_id = self._job.lfs[lf].name, self._job.ids[row]
        log.warning("labeling function %s on row %r: %s", name, row_id, message)
        stopped = lf in self._findings.stopped
        self._findings.killed(lf, row, exception, message)
        if lf in self._findings.stopped and not stopped:
            log.warning("labeling function %s is stopped: %d such rows", name, limits.killed_rows)


def _in_words(code: int) -> str:
    names = {-number: number.name for number in signal.Signals}
    return f"was ended by {names.get(code, f'signal {-code}')}" if code < 0 else f"ended with exit code {code}"


class _Clock:
    """How long a worker has been at the same call, times left out that are no fault of the call."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._beat: tuple[int, ...] = ()
        self._looked = self._queued = self._waited = 0.0

    def waited(self, beat: tuple[int, ...]) -> float:
        """Seconds at this beat, up to now."""
        now, queued = time.monotonic(), _queued_s(self._pid)
        if beat != self._beat:
            self._beat, self._waited = beat, 0.0
        else:  # in a long gap all processes may have been stopped by Ctrl-Z; the queue is long where others work
            self._waited += max(0.0, min(now - self._looked, MAX_GAP_S) - (queued - self._queued))
        self._looked, self._queued = now, queued
        return self._waited


def _queued_s(pid: int) -> float:
    """Seconds that a process could have run had there been a core for it (Linux; elsewhere 0)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
