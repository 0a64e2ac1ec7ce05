"""Apply labeling functions to a frame, column by column, and keep what went wrong beside the votes."""

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, cast

import numpy as np
import pandas as pd

from labelmill.arrays import ABSTAIN, LabelMatrix, Votes
from labelmill.errors import LFError
from labelmill.labeling.board import Board
from labelmill.labeling.calls import Job, OnError, run_task, tasks_of
from labelmill.labeling.column import Column, Failure
from labelmill.labeling.composition import CompositeLF, Condition
from labelmill.labeling.findings import Findings
from labelmill.labeling.functions import BatchLF, LabelingFunction, RowLF
from labelmill.labeling.fused import FusedTexts
from labelmill.labeling.guard import run_guarded
from labelmill.labeling.limits import Limits
from labelmill.labeling.people import WorkerLF
from labelmill.labeling.rows import Columns, NoSuchColumnError
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.votes import check_cardinality

ERROR_COLUMNS = ["lf", "id", "exception", "message"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Applied:
    """Votes, and the rows on which labeling functions failed.

    Attributes
    ----------
    L
        n x m int8, -1 where a labeling function abstains or failed.
    lf_names
        The m names, in column order.
    errors
        One line per failure: lf, id, exception, message. Failures are no abstains: they are counted apart.
    soft
        The soft votes as `Votes` wants them: row, lf, class, weight. None where there are none.
    seconds
        What each labeling function took, by name; work that several share is counted where it was asked for first.
    """

    L: LabelMatrix
    lf_names: list[str]
    errors: pd.DataFrame
    soft: pd.DataFrame | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def votes(self) -> LabelMatrix | Votes:
        """What a label model is fitted on: L, or L beside its soft votes."""
        return self.L if self.soft is None else Votes(self.L, self.soft)


def apply_lfs(
    frame: pd.DataFrame,
    lfs: Sequence[LabelingFunction],
    *,
    cardinality: int,
    on_error: OnError = "record",
    id_column: str = "id",
    hidden: Collection[str] = (),
    workers: int = 0,
    limits: Limits = Limits(),
) -> Applied:
    """Let every labeling function vote on every row.

    Parameters
    ----------
    frame
        One row per thing to label.
    lfs
        The labeling functions.
    cardinality
        Number of classes.
    on_error
        What to do when a labeling function raises: record the row and go on, or raise.
    id_column
        The column that names rows in errors; where it is absent their position does.
    hidden
        Columns that no labeling function may see.
    workers
        Processes that call the labeling functions that are Python code, and guard the run against them: one that
        hangs, crashes or eats the memory fails on that row and no more. 0: they are called in this process.
    limits
        What a labeling function may use in a worker.

    Raises
    ------
    LFError
        Two labeling functions of one name, a missing column (whatever `on_error` says), a class out of
        range, or a failure where `on_error` is raise.
    InvalidVoteError
        A labeling function returned something that is no vote, whatever `on_error` says: that is a mistake
        in its code, not in a row.

    Examples
    --------
    >>> from labelmill import keyword_lf
    >>> mails = pd.DataFrame({"text": ["free cash", "minutes of the meeting"]})
    >>> cash = keyword_lf("cash", ["cash"], column="text", label=1)
    >>> work = keyword_lf("work", ["meeting"], column="text", label=0)
    >>> apply_lfs(mails, [cash, work], cardinality=2).L
    array([[ 1, -1],
           [-1,  0]], dtype=int8)
    """
    if on_error not in ("record", "raise"):
        raise LFError(f"on_error must be 'record' or 'raise', found {on_error!r}.")
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise LFError(f"workers is a number of processes, or 0 for none; found {workers!r}.")
    if isinstance(lfs, LabelingFunction):
        raise LFError(f"expected a list of labeling functions, found {lfs.name!r} alone; write [{lfs.name}].")
    lfs = list(lfs)  # of a generator nothing would be left after the checks
    columns = Columns(frame, hidden)
    ids = row_ids(frame, id_column)
    check_lfs(lfs, columns, cardinality=cardinality)
    found = apply_all(lfs, columns, cardinality=cardinality, on_error=on_error, ids=ids, workers=workers, limits=limits)
    said = list(found)
    return applied([lf.name for lf in lfs], said, ids)


def applied(lf_names: Sequence[str], said: Sequence[Column], ids: Sequence[Any]) -> Applied:
    """Put what each labeling function said side by side."""
    L = np.full((len(ids), len(said)), ABSTAIN, dtype=np.int8, order="F")
    for j, column in enumerate(said):
        L[:, j] = column.votes
    failures = [(name, failure) for name, column in zip(lf_names, said, strict=True) for failure in column.failures]
    seconds = {name: column.seconds for name, column in zip(lf_names, said, strict=True)}
    return Applied(L, list(lf_names), errors_frame(failures, ids), _soft_frame(lf_names, said), seconds)


def _soft_frame(lf_names: Sequence[str], said: Sequence[Column]) -> pd.DataFrame | None:
    parts = []
    for name, column in zip(lf_names, said, strict=True):
        if column.soft is not None:
            at, classes = np.nonzero(column.soft.weights)
            parts.append(
                pd.DataFrame(
                    {
                        "row": column.soft.rows[at],
                        "lf": name,
                        "class": classes,
                        "weight": column.soft.weights[at, classes],
                    }
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else None


def check_lfs(lfs: Iterable[LabelingFunction], columns: Columns, *, cardinality: int) -> None:
    """Raise LFError for all that can be known to be wrong before the first row."""
    check_cardinality(cardinality)
    seen: dict[str, LabelingFunction] = {}
    for lf in lfs:
        if not isinstance(lf, LabelingFunction):
            raise LFError(f"{lf!r} is no labeling function. Put @labeling_function above it.")
        if lf.name in seen:
            raise LFError(
                f"two labeling functions are named {lf.name!r}: {seen[lf.name].origin} and {lf.origin}. Rename one."
            )
        seen[lf.name] = lf
        check_labels(lf, cardinality=cardinality)
        for name in lf.columns:
            try:
                columns.check(name)
            except NoSuchColumnError as error:
                raise LFError(f"labeling function {lf.name!r} of {lf.origin}: {error}") from error


def check_labels(lf: LabelingFunction, *, cardinality: int) -> None:
    """Raise LFError where a labeling function or a part of it is known to vote for a class that does not exist."""
    if isinstance(lf, Condition):
        raise LFError(
            f"{lf.name} of {lf.origin} is a condition and votes for no class. Say which by .votes(label); "
            "in a module of lfs/ give what is only a part of others a name that begins with _."
        )
    for part in lf.parts if isinstance(lf, CompositeLF) else ():
        if not isinstance(part, Condition):
            check_labels(part, cardinality=cardinality)
    if lf.labels and max(lf.labels) >= cardinality:
        raise LFError(
            f"labeling function {lf.name!r} of {lf.origin} votes for class {max(lf.labels)}: "
            f"the classes are 0 to {cardinality - 1}."
        )


def apply_all(
    lfs: Sequence[LabelingFunction],
    columns: Columns,
    *,
    cardinality: int,
    on_error: OnError,
    ids: Sequence[Any],
    workers: int = 0,
    limits: Limits = Limits(),
) -> Iterator[Column]:
    """What each labeling function says of every row, one after the other; parts that several share run once."""
    said: dict[int, Column] = {}
    texts = FusedTexts(lfs, columns)
    code = [lf for lf in _leaves(lfs) if isinstance(lf, RowLF | BatchLF)]
    places = {id(lf): j for j, lf in enumerate(code)}
    for lf in _leaves(lfs):
        if isinstance(lf, TemplateLF):
            lf.check_kinds(columns)  # before the first row of any

    @cache
    def findings() -> Findings:
        return _call_all(Job(code, columns, ids, cardinality, on_error, limits), workers=workers)

    def of(lf: LabelingFunction) -> Column:
        if id(lf) not in said:
            place = places.get(id(lf))
            said[id(lf)] = findings().column(place) if place is not None else _apply_one(lf, of, columns, texts)
        return said[id(lf)]

    yield from map(of, lfs)


def _leaves(lfs: Iterable[LabelingFunction]) -> Iterable[LabelingFunction]:
    """Those of which all are made, each once, in the order in which they are asked for; silent ones are not."""
    found: dict[int, LabelingFunction] = {}
    for lf in lfs:
        if not lf.upkeep.silent():
            inner = _leaves(lf.parts) if isinstance(lf, CompositeLF) else [lf]
            found.update({id(leaf): leaf for leaf in inner if id(leaf) not in found})
    return found.values()


def _call_all(job: Job, *, workers: int) -> Findings:
    """Call all labeling functions that are code, chunk by chunk, so that they share what preprocessors make."""
    board = Board(len(job.lfs), len(job.ids), max(workers, 1))
    findings = Findings(job, board)
    if workers:
        run_guarded(job, board, findings, workers=workers)
    else:
        for task in tasks_of(job, 0):
            run_task(job, task, board, findings, worker=0, called=None)
    return findings


def _apply_one(
    lf: LabelingFunction, of: Callable[[LabelingFunction], Column], columns: Columns, texts: FusedTexts
) -> Column:
    """What one that is no code says of every row."""
    if lf.upkeep.expired():
        log.warning("labeling function %s of %s expired on %s and abstains", lf.name, lf.origin, lf.upkeep.expires)
    if lf.upkeep.silent():  # as a part of others too
        return Column.of_abstains(len(columns.frame))
    try:
        if isinstance(lf, CompositeLF):
            return lf.combine([of(part) for part in lf.parts])
        began = time.perf_counter()
        said = (
            lf.votes(columns, partial(texts.match, lf))
            if isinstance(lf, TemplateLF)
            else cast(WorkerLF, lf).votes(columns)
        )
        return Column(said, seconds=time.perf_counter() - began)
    except NoSuchColumnError as error:
        raise LFError(f"labeling function {lf.name!r} of {lf.origin}: {error}") from error


def row_ids(frame: pd.DataFrame, id_column: str = "id") -> Sequence[Any]:
    """What names the rows in errors."""
    return frame[id_column].tolist() if id_column in frame.columns else range(len(frame))


def errors_frame(failures: Iterable[tuple[str, Failure]], ids: Sequence[Any]) -> pd.DataFrame:
    """Failures as the table that `Applied.errors` and the file of errors hold."""
    rows = [(lf, ids[failure.position], failure.exception, failure.message) for lf, failure in failures]
    frame = pd.DataFrame(rows, columns=ERROR_COLUMNS, dtype=object)
    numbers = bool(rows) and all(isinstance(row_id, int) for _, row_id, *_ in rows)
    return frame.astype({name: "str" for name in ERROR_COLUMNS} | {"id": "int64" if numbers else "str"})
