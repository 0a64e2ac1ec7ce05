"""The processes that call labeling functions under guard: how one is started, what it does, how it is ended."""

import gc
import json
import os
import re
import resource
import signal
import struct
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.board import Board
from labelmill.labeling.calls import Job, Report, Task, run_task
from labelmill.labeling.printed import pass_on_prints
from labelmill.processes import die_with_parent

OUT_OF_MEMORY = 112
"""Exit code of a worker that reached its memory limit."""

_SIZE = struct.Struct("!I")
_KINDS = {kind.__name__: kind for kind in (LFError, InvalidVoteError)}


class Worker:
    """A process that the guard gave a task, seen from the guard.

    Attributes
    ----------
    number
        Its place on the board.
    task
        What it is at; None where it waits.
    said
        The pipe on which it reports.
    """

    def __init__(self, number: int, job: Job, board: Board, others: Iterable["Worker"]) -> None:
        self.number = number
        self.task: Task | None = None
        tasks, self._tasks = os.pipe()
        self.said, said = os.pipe()
        foreign = [end for other in others for end in (other._tasks, other.said)]
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what is not flushed yet would be printed twice
        self.pid = _fork()
        if self.pid == 0:
            _work(number, job, board, tasks, said, [*foreign, self._tasks, self.said])
        os.close(tasks)
        os.close(said)
        os.set_blocking(self.said, False)
        self._unread = bytearray()
        self._lost = False
        self._exit_code: int | None = None

    def give(self, task: Task) -> None:
        """Let it do a task."""
        self.task = task
        with suppress(BrokenPipeError):  # it died, and whoever looks at it next will see
            os.write(self._tasks, json.dumps(asdict(task)).encode() + b"\n")

    def hear(self, report: Report) -> bool:
        """Pass on some of what it reported, and note when its task is done; False where there was nothing to hear."""
        part = self._read()
        self._unread += part
        at = 0
        while len(self._unread) >= at + _SIZE.size:
            (size,) = _SIZE.unpack_from(self._unread, at)
            if len(self._unread) < at + _SIZE.size + size:
                break
            at += _SIZE.size + size
            try:
                self._pass_on(json.loads(self._unread[at - size : at]), report)
            except ValueError:  # a labeling function wrote into the pipe
                self._lost = True
                break
        del self._unread[:at]
        return bool(part)

    def _read(self) -> bytes:
        try:
            part = os.read(self.said, 1 << 16)
        except BlockingIOError:
            return b""
        self._lost = self._lost or not part
        return part

    def _pass_on(self, message: list[Any], report: Report) -> None:
        match message:
            case ["softened", lf, rows, weights]:
                report.softened(lf, rows, weights)
            case ["failed", *what]:
                report.failed(*what)
            case ["broke", lf, row, kind, text]:
                report.broke(lf, row, _KINDS[kind](text))
            case ["done", number] if self.task is not None and number == self.task.number:
                self.task = None

    def ended(self) -> int | None:
        """Its exit code, minus the signal that ended it; None while it lives."""
        if self._lost:  # it is about to end, or closed the pipe and cannot be heard any more
            return self.end()
        return self._wait(os.WNOHANG) if self._exit_code is None else self._exit_code

    def end(self) -> int | None:
        """Kill it, with the processes that it may have started, and wait until it is gone."""
        if self._exit_code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._wait(0)
        return self._exit_code

    def close(self) -> None:
        """Let go of the pipes."""
        os.close(self._tasks)
        os.close(self.said)

    def _wait(self, options: int) -> int | None:
        try:
            pid, status = os.waitpid(self.pid, options)
        except ChildProcessError:  # somebody else asked first
            pid, status = self.pid, 0
        if pid:
            self._exit_code = os.waitstatus_to_exitcode(status)
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return self._exit_code


def _fork() -> int:
    # A fork, since labeling functions may be closures and the columns need not be copied. Python 3.12 warns of it
    # where there are threads, which may hold a lock for ever in the child: if one does, its row runs out of time.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _work(number: int, job: Job, board: Board, tasks: int, said: int, foreign: Iterable[int]) -> NoReturn:
    """Do tasks until there are no more, and end without running anything that the parent left to be run at its end."""
    status = 1
    try:
        _settle(job, foreign)
        pass_on_prints(lambda lf: job.lfs[lf].name, board.beat(number))
        report, called = _ToGuard(said), set[int]()
        for task in _received(tasks):
            run_task(job, task, board, report, worker=number, called=called)
            report.done(task.number)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _settle(job: Job, foreign: Iterable[int]) -> None:
    """Make a process that was forked one of its own."""
    os.setpgid(0, 0)  # a Ctrl-C is for the parent, which ends this one
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    die_with_parent(signal.SIGKILL)
    gc.freeze()  # objects of the parent are never garbage here, and to look at them copies their pages
    for end in foreign:
        os.close(end)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what labeling functions print is no result of the command
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody looks at the cores of labeling functions
    _limit_memory(job.limits.memory_mb)


def _limit_memory(more_mb: float) -> None:
    """Limit private memory that can be written, since address space alone says little: libraries reserve much of it."""
    with suppress(OSError, ValueError, AttributeError):
        now_kb = int(re.search(r"VmData:\s+(\d+)", Path("/proc/self/status").read_text())[1])  # type: ignore[index]
        limit = now_kb * 1024 + int(more_mb * 2**20)
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))


def _received(tasks: int) -> Iterator[Task]:
    with open(tasks, encoding="utf-8") as lines:
        for line in lines:
            yield Task(**json.loads(line))


class _ToGuard:
    """Writes into the pipe to the guard, at once: the next row may be the last."""

    def __init__(self, said: int) -> None:
        self._said = said

    def softened(self, lf: int, rows: list[int], weights: list[list[float]]) -> None:
        self._send("softened", lf, rows, weights)

    def failed(self, lf: int, start: int, stop: int, exception: str, message: str) -> None:
        self._send("failed", lf, start, stop, exception, message)

    def broke(self, lf: int, row: int, error: LFError) -> None:
        kind = InvalidVoteError if isinstance(error, InvalidVoteError) else LFError
        self._send("broke", lf, row, kind.__name__, str(error))

    def ran_out_of_memory(self) -> None:
        """End the process: what other rows left behind may fill it, and in a new one only a row that needs it fails."""
        os._exit(OUT_OF_MEMORY)

    def done(self, task: int) -> None:
        self._send("done", task)

    def _send(self, *message: Any) -> None:
        data = json.dumps(message).encode()
        data = _SIZE.pack(len(data)) + data
        while data:
            data = data[os.write(self._said, data) :]
