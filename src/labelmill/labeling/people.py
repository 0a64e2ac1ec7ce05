"""People as labeling functions: a long table of answers makes one labeling function per worker."""

import hashlib
import re
import weakref
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Unpack

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import LabelingFunction, Origin
from labelmill.labeling.rows import Columns, value_of
from labelmill.labeling.tables import resolve
from labelmill.labeling.upkeep import Upkeep, UpkeepArguments, as_upkeep
from labelmill.labeling.votes import check_label

Duplicates = Literal["majority", "error"]
Positions = NDArray[np.int64]
Answered = NDArray[np.int8]


@dataclass
class Answers:
    """What all workers said, sorted by worker and task.

    Attributes
    ----------
    tasks
        Ids of the tasks.
    task_codes, votes
        Task, by position, and class of each answer.
    starts
        m + 1: where the answers of each worker begin.
    label
        The column of the table that they come from.
    """

    tasks: pd.Index
    task_codes: Positions
    votes: Answered
    starts: Positions
    label: str
    _last: tuple[weakref.ref[Columns], str, tuple[Positions, Answered, Positions]] | None = None

    def beside(self, columns: Columns, id_column: str) -> tuple[Positions, Answered, Positions]:
        """Row and class of each answer on these rows, and where each worker's begin: one join for all workers."""
        if self._last is None or self._last[0]() is not columns or self._last[1] != id_column:
            self._last = (weakref.ref(columns), id_column, self._join(_texts(columns.arrow(id_column))))
        return self._last[2]

    def _join(self, ids: Sequence[Any]) -> tuple[Positions, Answered, Positions]:
        codes = self.tasks.get_indexer(pd.Index(ids, dtype=object))
        rows = np.argsort(codes, kind="stable")
        known = rows[np.searchsorted(codes[rows], 0) :]  # before them are the rows that are no task
        counts = np.bincount(codes[known], minlength=len(self.tasks))
        first = np.cumsum(counts) - counts
        times = counts[self.task_codes]  # rows of each answer: one, but for ids that occur twice or not at all
        ends = np.cumsum(times)
        answer = np.repeat(np.arange(len(times)), times)
        within = np.arange(len(answer)) - np.repeat(ends - times, times)
        places = known[first[self.task_codes[answer]] + within]
        return places, self.votes[answer], np.concatenate([[0], ends])[self.starts]


class WorkerLF(LabelingFunction):
    """What one worker said."""

    def __init__(
        self, name: str, origin: Origin, upkeep: Upkeep, *, worker: str, answers: Answers, number: int, id_column: str
    ) -> None:
        super().__init__(name, origin, upkeep)
        self.columns = (id_column,)
        self._answers = answers
        self._number = number
        start, stop = answers.starts[number : number + 2]
        self._codes, self._votes = answers.task_codes[start:stop], answers.votes[start:stop]
        self.labels = tuple(np.unique(self._votes).tolist())
        self.__doc__ = f"{len(self._votes)} answers of worker {worker}"

    @cached_property
    def decided_by(self) -> tuple[str, ...]:
        """What decides its votes, for its fingerprint."""
        tasks = "\0".join(self._answers.tasks[self._codes])
        return (self.columns[0], hashlib.sha256(tasks.encode() + b"\0" + self._votes.tobytes()).hexdigest())

    def __call__(self, row: Any) -> int:
        """Vote on one row."""
        task = value_of(row, self.columns[0])
        found = np.flatnonzero(self._answers.tasks[self._codes] == str(task))
        return int(self._votes[found[0]]) if len(found) else ABSTAIN

    def votes(self, columns: Columns) -> Answered:
        """Vote on every row."""
        if self._answers.label in columns.hidden:
            raise LFError(
                f"labeling function {self.name!r} of {self.origin}: its answers are in column {self._answers.label!r} "
                "of the table, which is the name of a hidden column. If they are no gold labels, rename the column."
            )
        rows, votes, starts = self._answers.beside(columns, self.columns[0])
        start, stop = starts[self._number : self._number + 2]
        said = np.full(len(columns.frame), ABSTAIN, dtype=np.int8)
        said[rows[start:stop]] = votes[start:stop]
        return said


def crowd_lfs(
    table: pd.DataFrame | str | Path,
    *,
    task: str = "task",
    worker: str = "worker",
    label: str = "label",
    classes: Mapping[str, int] | Sequence[str] | None = None,
    duplicates: Duplicates = "majority",
    id_column: str = "id",
    prefix: str = "worker_",
    **upkeep: Unpack[UpkeepArguments],
) -> list[WorkerLF]:
    """Make one labeling function per worker of a long table, one answer a row.

    No other column of the table is read, so gold labels beside the answers stay unseen.

    Parameters
    ----------
    table
        A frame, or a CSV or Parquet file, relative to the file that calls.
    task, worker, label
        Its columns: the id of a row, who answered, and the answer. An empty answer and -1 are abstains.
    classes
        Names of the classes in their order, or name to class number (of an `IntEnum`: `Label.__members__`);
        without them answers are class numbers.
    duplicates
        What to do where a worker answered a task more than once: what was said most often counts and a tie
        abstains; or an error.
    id_column
        The column of the rows that the tasks are ids of.
    prefix
        What the names of the labeling functions begin with; the worker's id follows, with `_` for what is
        neither letter nor digit.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        A column is missing, an answer is no class, an id is neither text nor integer.

    Examples
    --------
    >>> answers = pd.DataFrame({"task": ["a", "a", "b"], "worker": ["ann", "bob", "ann"], "label": ["yes", "no", "no"]})
    >>> ann, bob = crowd_lfs(answers, classes=["no", "yes"])
    >>> ann.name, [ann({"id": row}) for row in "abc"], [bob({"id": row}) for row in "abc"]
    ('worker_ann', [1, 0, -1], [0, -1, -1])
    """
    origin, lf = Origin.of_caller(1), f"{prefix}…"
    kept = as_upkeep(upkeep, lf=lf)
    if duplicates not in ("majority", "error"):
        raise LFError(f"crowd_lfs of {origin}: duplicates must be 'majority' or 'error', found {duplicates!r}.")
    if len({task, worker, label}) < 3:
        raise LFError(f"crowd_lfs of {origin}: task, worker and label are three columns, found {task, worker, label}.")
    answers = _read(table, [task, worker, label], origin=origin)
    names = _class_numbers(classes, answers[label], worker=answers[worker], task=answers[task], origin=origin)
    long = pd.DataFrame({name: _ids(answers[name], origin=origin) for name in (worker, task)})
    long.columns = pd.Index(["worker", "task"])
    long = long.assign(vote=names)[names != ABSTAIN]
    found, workers = _sorted(long, duplicates=duplicates, label=label, origin=origin)
    return [
        WorkerLF(name, origin, kept, worker=who, answers=found, number=j, id_column=id_column)
        for j, (who, name) in enumerate(zip(workers, _safe_names(workers, prefix), strict=True))
    ]


def _read(table: pd.DataFrame | str | Path, columns: list[str], *, origin: Origin) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        if missing := [name for name in columns if name not in table.columns]:
            raise LFError(
                f"crowd_lfs of {origin}: the table has no column {missing[0]!r}; it has {list(table.columns)}."
            )
        return table[columns].reset_index(drop=True)
    path = resolve(table, lf="crowd_lfs", origin=origin)
    try:
        if ".csv" in path.suffixes:
            return pd.read_csv(path, usecols=columns, dtype=str, keep_default_na=False)
        if path.suffix == ".parquet":
            return pd.read_parquet(path, columns=columns)
    except (ValueError, KeyError, pa.ArrowException) as error:
        raise LFError(f"crowd_lfs of {origin}: {path} cannot be read with the columns {columns} ({error}).") from error
    raise LFError(f"crowd_lfs of {origin}: {path} is neither .csv nor .parquet.")


def _class_numbers(
    classes: Mapping[str, int] | Sequence[str] | None,
    answers: pd.Series,
    *,
    worker: pd.Series,
    task: pd.Series,
    origin: Origin,
) -> Answered:
    """The class of each answer; each distinct one is judged once."""
    if isinstance(classes, str):
        raise LFError(f"crowd_lfs of {origin}: classes must be a list of names, found {classes!r}.")
    known = dict(classes) if isinstance(classes, Mapping) else {name: i for i, name in enumerate(classes or ())}
    numbers = {name: check_label(number, lf=f"crowd_lfs of {origin}") for name, number in known.items()}
    # By kind too: True, 1.0 and 1 are equal to pandas.
    kinds = [(type(answer), answer) if isinstance(answer, Hashable) else (list, repr(answer)) for answer in answers]
    places, distinct = pd.factorize(pd.Series(kinds, dtype=object).where(answers.notna().to_numpy(), None))
    votes = np.full(len(distinct) + 1, ABSTAIN, dtype=np.int8)  # the last for missing ones, whose place is -1
    for i, (_, answer) in enumerate(distinct):
        vote = _class_number(answer, numbers if classes is not None else None)
        if vote is None:
            at = int(np.argmax(places == i))
            expected = (
                f"one of {list(numbers)}"
                if classes is not None
                else "a class number as an integer; for names give classes="
            )
            raise LFError(
                f"crowd_lfs of {origin}: worker {worker.iloc[at]!r} said {answer!r} of task {task.iloc[at]!r}: "
                f"expected {expected}."
            )
        votes[i] = vote
    return votes[places]


def _class_number(answer: Any, numbers: Mapping[str, int] | None) -> int | None:
    if isinstance(answer, str) and not answer.strip():
        return ABSTAIN
    if numbers is not None:
        return numbers.get(answer)
    if isinstance(answer, str) and re.fullmatch(r"-1|[0-9]{1,3}", answer):  # a CSV file has no numbers
        answer = int(answer)
    if isinstance(answer, bool) or not isinstance(answer, int | np.integer) or not ABSTAIN <= answer < 127:
        return None
    return int(answer)


def _ids(values: pd.Series, *, origin: Origin) -> pd.Series:
    """Ids as text, so that 7 of a table and "7" of the rows are one."""
    wrong = [v for v in values if isinstance(v, bool) or not isinstance(v, str | int | np.integer) or v == ""]
    if wrong:
        raise LFError(f"crowd_lfs of {origin}: {values.name} {wrong[0]!r} is no id: expected text or an integer.")
    return pd.Series([str(value) for value in values], dtype=object)


def _texts(array: pa.Array | None) -> list[str | None]:
    return [None if value is None else str(value) for value in (array.to_pylist() if array is not None else [])]


def _sorted(long: pd.DataFrame, *, duplicates: Duplicates, label: str, origin: Origin) -> tuple[Answers, list[str]]:
    """One answer for each worker and task, sorted, and the workers in order."""
    if duplicates == "error" and (twice := long.duplicated(["worker", "task"])).any():
        first = long[twice].iloc[0]
        raise LFError(f"crowd_lfs of {origin}: worker {first['worker']!r} answered task {first['task']!r} twice.")
    counts = long.groupby(["worker", "task", "vote"], sort=True).size().rename("times").reset_index()
    most = counts["times"] == counts.groupby(["worker", "task"])["times"].transform("max")
    kept = counts[most]
    kept = kept[~kept.duplicated(["worker", "task"], keep=False)]
    workers = sorted(long["worker"].unique())
    tasks = pd.Index(np.unique(kept["task"].to_numpy(dtype=object)), dtype=object)
    starts = np.searchsorted(pd.Categorical(kept["worker"], categories=workers).codes, np.arange(len(workers) + 1))
    codes = tasks.get_indexer(pd.Index(kept["task"], dtype=object))
    return Answers(tasks, codes, kept["vote"].to_numpy(dtype=np.int8), starts, label), workers


def _safe_names(workers: Collection[str], prefix: str) -> list[str]:
    """Names for the label matrix; those that become alike are numbered."""
    seen: Counter[str] = Counter()
    names = []
    for worker in workers:
        name = prefix + re.sub(r"[^\w.-]+", "_", worker)
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}~{seen[name]}")
    return names
