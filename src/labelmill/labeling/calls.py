"""Call labeling functions that are Python code on some of the rows, and report what went wrong."""

import re
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast

import pandas as pd

from labelmill.errors import LFError
from labelmill.labeling.board import FIRST, LF, ROW, ROWS, TASK, Board, many_rows
from labelmill.labeling.functions import BatchLF, LabelingFunction, RowLF
from labelmill.labeling.limits import Limits
from labelmill.labeling.rows import Chunk, Columns, NoSuchColumnError
from labelmill.labeling.votes import check_vote

OnError = Literal["record", "raise"]
PythonLF = RowLF | BatchLF

CHUNK_ROWS = 1000
"""So few that what preprocessors make of them fits into memory, so many that a chunk costs nothing."""

MAX_MESSAGE = 500


@dataclass(frozen=True)
class Job:
    """What is to be done: all that a process needs that takes part in it."""

    lfs: Sequence[PythonLF]
    columns: Columns
    ids: Sequence[Any]
    cardinality: int
    on_error: OnError
    limits: Limits


@dataclass(frozen=True)
class Task:
    """Some labeling functions on some rows; the first of them from the row `first` on."""

    number: int
    lfs: Sequence[int]
    start: int
    stop: int
    first: int


class Report(Protocol):
    """Takes what is no vote for one class."""

    def softened(self, lf: int, rows: list[int], weights: list[list[float]]) -> None:
        """A labeling function voted softly on some rows: the weight of each class."""

    def failed(self, lf: int, start: int, stop: int, exception: str, message: str) -> None:
        """A labeling function failed on some rows."""

    def broke(self, lf: int, row: int, error: LFError) -> None:
        """A labeling function did what stops the run."""

    def ran_out_of_memory(self) -> None:
        """A labeling function reached the memory limit; where there is one, this does not return."""


def tasks_of(job: Job, n_workers: int) -> Iterator[Task]:
    """Split the work: a batch labeling function gets all rows at once, the others share chunks of rows."""
    n_rows = len(job.ids)
    batch = [j for j, lf in enumerate(job.lfs) if isinstance(lf, BatchLF)]
    by_row = [j for j in range(len(job.lfs)) if j not in batch]
    # At least four chunks for each worker, so that none waits long for the last one.
    size = max(1, min(CHUNK_ROWS, n_rows // (4 * n_workers))) if n_workers else CHUNK_ROWS
    spans = [([j], 0, n_rows) for j in batch if n_rows]
    spans += [(by_row, start, min(start + size, n_rows)) for start in range(0, n_rows, size) if by_row]
    return (Task(number, lfs, start, stop, start) for number, (lfs, start, stop) in enumerate(spans, start=1))


def run_task(job: Job, task: Task, board: Board, report: Report, *, worker: int, called: set[int] | None) -> None:
    """Call the labeling functions of a task; `called` holds those that this process called before, where it is watched.

    A first call may be slow because it loads a model, and has more time. Where it took it, the call is made
    again, under the limit of all other calls: so a row fails or not wherever it happens to be called first.
    """
    beat = board.beat(worker)
    beat[LF], beat[ROW], beat[ROWS], beat[FIRST] = task.lfs[0], task.first, 1, 0
    beat[TASK] = task.number
    chunk = Chunk(job.columns, task.start, task.stop, beat)
    try:
        for j in task.lfs:
            start = task.first if j == task.lfs[0] else task.start
            stop = min(task.stop, int(board.ends[j]))
            if start >= stop:
                continue
            began = time.perf_counter()
            beat[ROW], beat[LF] = start, j
            call = _call_batch if isinstance(job.lfs[j], BatchLF) else _call_rows
            try:
                if called is not None and j not in called:
                    start = _call_first(call, job, j, chunk, start, stop, board, report)
                    called.add(j)
                call(job, j, chunk, start, stop, board, report)
            except LFError as error:
                report.broke(j, beat[ROW], error)
            except NoSuchColumnError as error:
                broken = LFError(f"labeling function {job.lfs[j].name!r} of {job.lfs[j].origin}: {error}")
                broken.__cause__ = error
                report.broke(j, beat[ROW], broken)
            board.seconds[worker, j] += time.perf_counter() - began
    finally:
        chunk.drop()


def _call_first(
    call: Callable[..., None], job: Job, j: int, chunk: Chunk, start: int, stop: int, board: Board, report: Report
) -> int:
    """Make the first call of a labeling function in this process, and return the row to go on from."""
    if isinstance(job.lfs[j], RowLF):
        stop = start + 1
    began = time.perf_counter()
    chunk.beat[FIRST] = 1
    try:
        call(job, j, chunk, start, stop, board, report)
    finally:
        chunk.beat[FIRST] = 0
    if time.perf_counter() - began <= job.limits.of_call(stop - start):
        return stop
    chunk.memo.clear()  # else the second call would not do what took long
    return start


def _call_rows(job: Job, j: int, chunk: Chunk, start: int, stop: int, board: Board, report: Report) -> None:
    lf, ids, cardinality = job.lfs[j], job.ids, job.cardinality
    function, votes, beat = lf.function, board.votes_of(j), chunk.beat
    rows = chunk.rows[start - chunk.start : stop - chunk.start]
    for i, row in enumerate(rows, start):  # a loop, since the function is any Python
        beat[ROW] = i
        try:
            vote = function(row)
        except (NoSuchColumnError, LFError):  # mistakes in the code, not in a row
            raise
        except (Exception, SystemExit) as error:
            _failed(job, j, i, i + 1, error, report)
            continue
        if vote is not None:
            checked = check_vote(vote, cardinality=cardinality, lf=lf.name, row=ids[i])
            if isinstance(checked, int):
                votes[i] = checked
            else:
                report.softened(j, [i], [checked.tolist()])


def _call_batch(job: Job, j: int, chunk: Chunk, start: int, stop: int, board: Board, report: Report) -> None:
    if start == stop:
        return
    lf, beat = cast(BatchLF, job.lfs[j]), chunk.beat
    beat[ROW] = start
    with many_rows(beat, stop - start):
        frame = job.columns.copy_of_frame(start, stop)
        try:
            said = lf.said(frame, cardinality=job.cardinality, ids=job.ids[start:stop])
        except LFError:
            raise
        except (Exception, SystemExit) as error:
            if (name := _missing_column(error)) is not None:
                job.columns.check(name)
            _failed(job, j, start, stop, error, report)  # no row is to blame, so none has a vote
        else:
            board.votes[j, start:stop] = said.votes
            if said.soft is not None:
                report.softened(j, (start + said.soft.rows).tolist(), said.soft.weights.tolist())


def _missing_column(error: BaseException) -> str | None:
    """The column that a frame was asked for in vain, where that is what went wrong."""
    if isinstance(error, AttributeError) and isinstance(error.obj, pd.DataFrame):
        return error.name
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str) and _raised_in_pandas(error):
        return error.args[0]
    return None


def _raised_in_pandas(error: BaseException) -> bool:
    return "pandas" in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parts


def _failed(job: Job, j: int, start: int, stop: int, error: BaseException, report: Report) -> None:
    if isinstance(error, MemoryError):
        report.ran_out_of_memory()
    lf = job.lfs[j]
    message = describe(error, lf)
    if job.on_error == "record":
        return report.failed(j, start, stop, type(error).__name__, message)
    raise failure_of(job, j, start, type(error).__name__, message) from error


def failure_of(job: Job, j: int, row: int, exception: str, message: str) -> LFError:
    """The error that stops the run where failures are not recorded."""
    where = f" on row {job.ids[row]!r}" if isinstance(job.lfs[j], RowLF) else ""
    return LFError(f"labeling function {job.lfs[j].name!r} failed{where}: {exception}: {message}")


def describe(error: BaseException, lf: LabelingFunction) -> str:
    """What was raised and where in the user's file; the same bytes in every run and on every machine."""
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", str(error))[:MAX_MESSAGE]
    folder = lf.origin.file.parent
    steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).is_relative_to(folder)]
    return f"{text} ({Path(steps[-1].filename).name}:{steps[-1].lineno})" if steps else text
