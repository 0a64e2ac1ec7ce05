"""Votes of crowds as long tables: one line per answer, with the columns `task`, `worker` and `label`.

This is what the aggregators of crowd-kit take, and `load_dataset` gives, with the truth as a Series by task
(https://github.com/Toloka/crowd-kit, `crowdkit.aggregation.base`). Of thousands of workers each answers a few tasks
only, so votes become a sparse matrix, of vote + 1, as label models take it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill import storage
from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, LabelMatrix
from labelmill.errors import DataError
from labelmill.interop import csv_lines
from labelmill.labeling.votes import MAX_CARDINALITY

COLUMNS = ("task", "worker", "label")


@dataclass(frozen=True)
class CrowdVotes:
    """Votes of a crowd; workers are the labeling functions.

    Attributes
    ----------
    L
        n x m, a sparse matrix of vote + 1.
    tasks
        What the n rows are, each once.
    workers
        What the m columns are, each once.
    classes
        The label that each class stands for, by number.
    """

    L: sp.csr_array
    tasks: list[Hashable]
    workers: list[Hashable]
    classes: list[Hashable]

    @property
    def dense(self) -> LabelMatrix:
        """L as an array n x m, -1 where a worker did not answer."""
        return self.L.toarray() - np.int8(1)


def from_crowd(
    frame: pd.DataFrame,
    *,
    classes: Sequence[Hashable] | None = None,
    tasks: Sequence[Hashable] | None = None,
    workers: Sequence[Hashable] | None = None,
) -> CrowdVotes:
    """Turn a long table into votes.

    Parameters
    ----------
    frame
        Has the columns `task`, `worker` and `label`; others are not read.
    classes
        The labels, in order of their class number; those of the table, sorted, if absent.
    tasks, workers
        Which rows and columns there are, and their order; those of the table, in order of first appearance, if absent.

    Raises
    ------
    DataError
        A column or a value is missing, a label, task or worker is none of those given, or a worker answered a task
        twice; the message names the row, from 0.

    Examples
    --------
    >>> answers = [(7, "ann", "cat"), (7, "bo", "dog"), (9, "bo", "dog")]
    >>> votes = from_crowd(pd.DataFrame(answers, columns=["task", "worker", "label"]))
    >>> votes.dense, votes.tasks, votes.workers, votes.classes
    (array([[ 0,  1],
           [-1,  1]], dtype=int8), [7, 9], ['ann', 'bo'], ['cat', 'dog'])
    """
    return _from_crowd(frame, classes, tasks, workers, where="the table")


def to_crowd(
    votes: Any, tasks: Sequence[Hashable], workers: Sequence[Hashable], classes: Sequence[Hashable]
) -> pd.DataFrame:
    """Turn votes into a long table, task by task.

    Parameters
    ----------
    votes
        n x m, -1 for abstain, or a sparse matrix of vote + 1.
    tasks, workers, classes
        What rows, columns and class numbers are called. Tasks without a vote and workers who never voted are not in
        the table: give them to `from_crowd` to have them back.

    Raises
    ------
    DataError
        There are not as many tasks, workers or classes as the votes need, or one is there twice.

    Examples
    --------
    >>> to_crowd(np.array([[0, 1], [-1, 1]]), tasks=[7, 9], workers=["ann", "bo"], classes=["cat", "dog"])
       task worker label
    0     7    ann   cat
    1     7     bo   dog
    2     9     bo   dog
    """
    L = votes if sp.issparse(votes) else np.asarray(votes)
    if L.ndim != 2 or L.shape != (len(tasks), len(workers)) or L.dtype.kind not in "iu":
        raise DataError(
            f"the votes are {L.shape} of {L.dtype}; expected integers, {len(tasks)} tasks x {len(workers)} workers."
        )
    named = [_index(names, what, "to_crowd") for names, what in zip((tasks, workers, classes), COLUMNS, strict=True)]
    if sp.issparse(L):
        L = sp.csr_array(L)
        L.sum_duplicates()  # in order of columns
        L.eliminate_zeros()
        rows, columns, numbers = np.repeat(np.arange(L.shape[0]), np.diff(L.indptr)), L.indices, L.data - 1
    else:
        rows, columns = np.nonzero(L != ABSTAIN)
        numbers = L[rows, columns]
    wrong = (numbers < 0) | (numbers >= len(classes))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError(
            f"task {tasks[rows[at]]!r}, worker {workers[columns[at]]!r}: the vote is {numbers[at]}; expected a class "
            f"from 0 to {len(classes) - 1}, or an abstain."
        )
    columns_of = zip(COLUMNS, named, (rows, columns, numbers), strict=True)
    return pd.DataFrame({name: index.take(at) for name, index, at in columns_of}).infer_objects()


def gold_of_tasks(truth: pd.Series, tasks: Sequence[Hashable], classes: Sequence[Hashable]) -> Gold:
    """The true classes of tasks, -1 where there is none, from a Series of labels by task.

    Parameters
    ----------
    truth
        Labels, indexed by task, as crowd-kit's `load_dataset` gives them.
    tasks, classes
        Those of the votes.

    Raises
    ------
    DataError
        A task is there twice or not among `tasks`, or a label is no class.

    Examples
    --------
    >>> gold_of_tasks(pd.Series({9: "cat"}), tasks=[7, 9], classes=["cat", "dog"])
    array([-1,  0])
    """
    rows = _places(pd.Series(truth.index), tasks, "task", "the true labels")
    if (twice := pd.Index(rows).duplicated()).any():
        raise DataError(f"the true labels: task {tasks[rows[int(np.argmax(twice))]]!r} is there twice.")
    gold = np.full(len(tasks), UNKNOWN, dtype=np.int64)
    gold[rows] = _places(truth.reset_index(drop=True), classes, "label", "the true labels")
    return gold


def task_labels(gold: Gold, tasks: Sequence[Hashable], classes: Sequence[Hashable]) -> pd.Series:
    """True classes, or predictions, as a Series of labels by task; tasks of which none is known are left out.

    Examples
    --------
    >>> task_labels(np.array([-1, 0]), tasks=[7, 9], classes=["cat", "dog"])
    task
    9    cat
    Name: true_label, dtype: str
    """
    gold = np.asarray(gold)
    if gold.shape != (len(tasks),) or not np.isin(gold, range(UNKNOWN, len(classes))).all():
        raise DataError(f"gold must be {len(tasks)} classes from 0 to {len(classes) - 1}, or -1 where unknown.")
    known = np.flatnonzero(gold != UNKNOWN)
    index = _index(tasks, "task", "the tasks").take(known).infer_objects().rename("task")
    labels = _index(classes, "label", "the classes").take(gold[known]).infer_objects()
    return pd.Series(labels, index=index, name="true_label")


def read_crowd(path: Path, *, classes: Sequence[str] | None = None) -> CrowdVotes:
    """Read a long table from a CSV file, UTF-8, whose first line names the columns; all values are texts.

    Parameters
    ----------
    path
        The file.
    classes
        See `from_crowd`.

    Raises
    ------
    DataError
        The file cannot be read, or see `from_crowd`.
    """
    path = Path(path)
    header, *rows = csv_lines.read_lines(path) or [[]]
    csv_lines.check_widths(path, rows, header)
    frame = pd.DataFrame(rows, columns=header, dtype=object).replace("", None)
    return _from_crowd(frame, classes, None, None, where=str(path))


def write_crowd(path: Path, frame: pd.DataFrame) -> None:
    """Write a long table, the columns `task`, `worker` and `label`, as a CSV file.

    Raises
    ------
    DataError
        A column or a value is missing.
    StorageError
        The file cannot be written; what was there is untouched.
    """
    _check_columns(frame, str(path))
    rows = zip(*(frame[name].tolist() for name in COLUMNS), strict=True)
    storage.write_text(Path(path), csv_lines.as_text(COLUMNS, rows))


def _from_crowd(
    frame: pd.DataFrame,
    classes: Sequence[Hashable] | None,
    tasks: Sequence[Hashable] | None,
    workers: Sequence[Hashable] | None,
    *,
    where: str,
) -> CrowdVotes:
    _check_columns(frame, where)
    found = {name: frame[name].drop_duplicates().tolist() for name in COLUMNS}
    tasks = found["task"] if tasks is None else list(tasks)
    workers = found["worker"] if workers is None else list(workers)
    classes = _sorted(found["label"], where) if classes is None else list(classes)
    if not 1 <= len(classes) <= MAX_CARDINALITY:
        raise DataError(f"{where}: there are {len(classes)} different labels; expected 1 to {MAX_CARDINALITY} classes.")
    rows, columns, numbers = (
        _places(frame[name], names, name, where) for name, names in zip(COLUMNS, (tasks, workers, classes), strict=True)
    )
    cells = pd.Index(rows.astype(np.int64) * max(len(workers), 1) + columns)
    if (again := cells.duplicated()).any():
        i = int(np.argmax(again))
        raise DataError(
            f"{where}: row {i}: worker {workers[columns[i]]!r} answers task {tasks[rows[i]]!r} again. "
            f"{int(again.sum())} rows are like this; keep one answer of each: "
            "frame.drop_duplicates(['task', 'worker'], keep='last')."
        )
    L = sp.csr_array((numbers + 1, (rows, columns)), shape=(len(tasks), len(workers)), dtype=np.int8)
    L.sort_indices()
    return CrowdVotes(L, list(tasks), list(workers), list(classes))


def _check_columns(frame: pd.DataFrame, where: str) -> None:
    for name in COLUMNS:
        if list(frame.columns).count(name) != 1:
            hint = " Older tables call the worker performer: rename it." if "performer" in frame.columns else ""
            raise DataError(
                f"{where}: expected one column {name!r}; found the columns {list(frame.columns)[:20]}.{hint}"
            )
        if (missing := frame[name].isna().to_numpy()).any():
            raise DataError(f"{where}: row {int(np.argmax(missing))} has no {name}. Correct or remove it.")


def _sorted(labels: list[Any], where: str) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError as error:
        raise DataError(f"{where}: the labels are of several kinds, {labels[:5]}. Give classes.") from error


def _index(names: Sequence[Hashable], what: str, where: str) -> pd.Index:
    index = pd.Index(list(names), dtype=object, tupleize_cols=False)
    if not index.is_unique:
        raise DataError(f"{where}: {what} {index[int(np.argmax(index.duplicated()))]!r} is there twice.")
    return index


def _places(values: pd.Series, names: Sequence[Hashable], what: str, where: str) -> NDArray[np.intp]:
    """The place of each value among the names."""
    places = _index(names, what, where).get_indexer(pd.Index(values, dtype=object, tupleize_cols=False))
    if (unknown := places < 0).any():
        i = int(np.argmax(unknown))
        raise DataError(
            f"{where}: row {i}: the {what} {str(values.iloc[i])[:80]!r} is none of the {len(names)} expected, such as "
            f"{list(names)[:5]}. {int(unknown.sum())} rows are like this."
        )
    return places
