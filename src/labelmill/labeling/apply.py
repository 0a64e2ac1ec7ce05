"""Apply labeling functions to a frame, column by column, and keep what went wrong beside the votes."""

import logging
import re
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd

from labelmill.arrays import ABSTAIN, LabelMatrix, Votes
from labelmill.errors import LFError
from labelmill.labeling.column import Column, Failure
from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.functions import BatchLF, LabelingFunction, RowLF
from labelmill.labeling.fused import FusedTexts
from labelmill.labeling.rows import Columns, NoSuchColumnError, Row, move_row
from labelmill.labeling.templates import TemplateLF
from labelmill.labeling.votes import check_cardinality, check_vote

OnError = Literal["record", "raise"]

ERROR_COLUMNS = ["lf", "id", "exception", "message"]
MAX_MESSAGE = 500

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
    """

    L: LabelMatrix
    lf_names: list[str]
    errors: pd.DataFrame
    soft: pd.DataFrame | None = None

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
    columns = Columns(frame, hidden)
    ids = row_ids(frame, id_column)
    check_lfs(lfs, columns, cardinality=cardinality)
    said = list(apply_all(lfs, columns, cardinality=cardinality, on_error=on_error, ids=ids))
    return applied([lf.name for lf in lfs], said, ids)


def applied(lf_names: Sequence[str], said: Sequence[Column], ids: Sequence[Any]) -> Applied:
    """Put what each labeling function said side by side."""
    L = np.full((len(ids), len(said)), ABSTAIN, dtype=np.int8, order="F")
    for j, column in enumerate(said):
        L[:, j] = column.votes
    failures = [(name, failure) for name, column in zip(lf_names, said, strict=True) for failure in column.failures]
    return Applied(L, list(lf_names), errors_frame(failures, ids), _soft_frame(lf_names, said))


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
    """Raise LFError where a labeling function is known to vote for a class that does not exist."""
    if lf.labels and max(lf.labels) >= cardinality:
        raise LFError(
            f"labeling function {lf.name!r} of {lf.origin} votes for class {max(lf.labels)}: "
            f"the classes are 0 to {cardinality - 1}."
        )


def apply_all(
    lfs: Sequence[LabelingFunction], columns: Columns, *, cardinality: int, on_error: OnError, ids: Sequence[Any]
) -> Iterator[Column]:
    """What each labeling function says of every row, one after the other; parts that several share run once."""
    said: dict[int, Column] = {}
    texts = FusedTexts(lfs, columns)

    def of(lf: LabelingFunction) -> Column:
        if id(lf) not in said:
            said[id(lf)] = _apply_one(lf, of, columns, texts, cardinality=cardinality, on_error=on_error, ids=ids)
        return said[id(lf)]

    yield from map(of, lfs)


def _apply_one(
    lf: LabelingFunction,
    of: Callable[[LabelingFunction], Column],
    columns: Columns,
    texts: FusedTexts,
    *,
    cardinality: int,
    on_error: OnError,
    ids: Sequence[Any],
) -> Column:
    if lf.upkeep.expired():
        log.warning("labeling function %s of %s expired on %s and abstains", lf.name, lf.origin, lf.upkeep.expires)
        return Column.of_abstains(len(ids))
    try:
        if isinstance(lf, CompositeLF):
            return lf.combine([of(part) for part in lf.parts])
        if isinstance(lf, TemplateLF):
            return Column(lf.votes(columns, partial(texts.match, lf)))
        if isinstance(lf, BatchLF):
            return _apply_batch(lf, columns, cardinality=cardinality, on_error=on_error, ids=ids)
        return _apply_rows(cast(RowLF, lf), columns, cardinality=cardinality, on_error=on_error, ids=ids)
    except NoSuchColumnError as error:
        raise LFError(f"labeling function {lf.name!r} of {lf.origin}: {error}") from error


def _apply_rows(lf: RowLF, columns: Columns, *, cardinality: int, on_error: OnError, ids: Sequence[Any]) -> Column:
    votes = np.full(len(ids), ABSTAIN, dtype=np.int8)
    failures: list[Failure] = []
    function, row = lf.function, Row(columns)
    for i in range(len(ids)):  # a loop, since the function is any Python; one light row object keeps it cheap
        move_row(row, i)
        try:
            vote = function(row)
        except (NoSuchColumnError, LFError):  # mistakes in the code, not in a row
            raise
        except (Exception, SystemExit) as error:
            failures.append(_failure(lf, i, error, on_error, ids))
            continue
        if vote is not None:
            votes[i] = check_vote(vote, cardinality=cardinality, lf=lf.name, row=ids[i])
    return Column(votes, tuple(failures))


def _apply_batch(lf: BatchLF, columns: Columns, *, cardinality: int, on_error: OnError, ids: Sequence[Any]) -> Column:
    frame = columns.copy_of_frame()
    try:
        return Column(lf.votes(frame, cardinality=cardinality, ids=ids))
    except LFError:
        raise
    except (Exception, SystemExit) as error:
        if (name := _missing_column(error)) is not None:
            columns.check(name)
        first = _failure(lf, 0, error, on_error, ids)  # no row is to blame, so none has a vote
        failures = [Failure(i, first.exception, first.message) for i in range(len(ids))]
        return Column(np.full(len(ids), ABSTAIN, dtype=np.int8), tuple(failures))


def _missing_column(error: BaseException) -> str | None:
    """The column that a frame was asked for in vain, where that is what went wrong."""
    if isinstance(error, AttributeError) and isinstance(error.obj, pd.DataFrame):
        return error.name
    if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str) and _raised_in_pandas(error):
        return error.args[0]
    return None


def _raised_in_pandas(error: BaseException) -> bool:
    return "pandas" in Path(traceback.extract_tb(error.__traceback__)[-1].filename).parts


def _failure(lf: LabelingFunction, i: int, error: BaseException, on_error: OnError, ids: Sequence[Any]) -> Failure:
    message = describe(error, lf)
    if on_error == "raise":
        row = f" on row {ids[i]!r}" if isinstance(lf, RowLF) else ""
        raise LFError(f"labeling function {lf.name!r} failed{row}: {type(error).__name__}: {message}") from error
    return Failure(i, type(error).__name__, message)


def describe(error: BaseException, lf: LabelingFunction) -> str:
    """What was raised and where in the user's file; the same bytes in every run and on every machine."""
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", str(error))[:MAX_MESSAGE]
    folder = lf.origin.file.parent
    steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).is_relative_to(folder)]
    return f"{text} ({Path(steps[-1].filename).name}:{steps[-1].lineno})" if steps else text


def row_ids(frame: pd.DataFrame, id_column: str = "id") -> Sequence[Any]:
    """What names the rows in errors."""
    return frame[id_column].tolist() if id_column in frame.columns else range(len(frame))


def errors_frame(failures: Iterable[tuple[str, Failure]], ids: Sequence[Any]) -> pd.DataFrame:
    """Failures as the table that `Applied.errors` and the file of errors hold."""
    rows = [(lf, ids[failure.position], failure.exception, failure.message) for lf, failure in failures]
    frame = pd.DataFrame(rows, columns=ERROR_COLUMNS, dtype=object)
    numbers = bool(rows) and all(isinstance(row_id, int) for _, row_id, *_ in rows)
    return frame.astype({name: "str" for name in ERROR_COLUMNS} | {"id": "int64" if numbers else "str"})
