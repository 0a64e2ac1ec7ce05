"""Votes with the names of their rows and columns: what every format of votes is turned into and written from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import storage
from labelmill.arrays import ABSTAIN, LabelMatrix
from labelmill.errors import DataError
from labelmill.labeling.functions import RESERVED_NAMES
from labelmill.labeling.matrix import matrix_frame, read_label_matrix
from labelmill.labeling.votes import MAX_CARDINALITY

SHARD_ROWS = 100_000
"""Rows per file of a label matrix, as `ingest.shard_rows` has it."""


@dataclass(frozen=True)
class NamedVotes:
    """A label matrix and what its rows and columns are.

    Attributes
    ----------
    L
        n x m int8, -1 where a labeling function abstains.
    lf_names
        The m names, in column order.
    ids
        The n ids, in row order; None where rows have only their position.

    Examples
    --------
    >>> NamedVotes(np.array([[0, -1]], dtype=np.int8), ["words", "links"], ["mail-7"]).ids
    ['mail-7']
    """

    L: LabelMatrix
    lf_names: list[str]
    ids: list[str] | None = None

    def row_name(self, i: int) -> str:
        """What row `i` is called in a message."""
        return row_name(i, self.ids)


def row_name(i: int, ids: Sequence[str] | None) -> str:
    """What a row is called in a message: its id, and its position, from 0."""
    return f"row {i}" if ids is None else f"row {ids[i]!r} ({i})"


def check_names(names: Sequence[Any], what: str, *, where: Any) -> list[str]:
    """Return names as a list.

    Raises
    ------
    DataError
        One is no text that can be printed, or is there twice, or is taken.
    """
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise DataError(f"{where}: {what} {name!r} is no name; expected text that can be printed.")
        if name in seen:
            raise DataError(f"{where}: {what} {name!r} is there twice. Rename one.")
        if name in RESERVED_NAMES:
            raise DataError(f"{where}: {what} {name!r} has a name that the label matrix needs itself. Rename it.")
        seen.add(str(name))
    return [str(name) for name in names]


def check_ids(ids: Sequence[Any], *, where: Any) -> list[str]:
    """Return ids as a list.

    Raises
    ------
    DataError
        One is no text, is empty or is there twice.
    """
    place: dict[str, int] = {}
    for i, row_id in enumerate(ids):
        if not isinstance(row_id, str) or not row_id or "\x00" in row_id:
            raise DataError(f"{where}: the id of row {i} is {row_id!r}; expected text.")
        if (first := place.setdefault(str(row_id), i)) != i:
            raise DataError(f"{where}: rows {first} and {i} have one id, {row_id!r}. Ids must differ.")
    return list(place)


def check_cardinality(cardinality: int, *, where: Any) -> None:
    """Raise DataError unless votes for that many classes fit into the label matrix."""
    if not isinstance(cardinality, int) or not 1 <= cardinality <= MAX_CARDINALITY:
        raise DataError(
            f"{where}: cardinality is the number of classes, 1 to {MAX_CARDINALITY}; found {cardinality!r}."
        )


def check_votes(
    votes: NDArray[Any], *, cardinality: int, lf_names: Sequence[str], ids: Sequence[str] | None, where: Any
) -> LabelMatrix:
    """Return votes as int8.

    Raises
    ------
    DataError
        They are no integers from -1 to `cardinality` - 1, or not one per row and labeling function; the first that
        is wrong is named by row and column.
    """
    check_cardinality(cardinality, where=where)
    if votes.ndim != 2 or votes.shape[1] != len(lf_names) or (ids is not None and votes.shape[0] != len(ids)):
        rows = "rows" if ids is None else f"{len(ids)} rows"
        raise DataError(f"{where}: the votes are {votes.shape}; expected {rows} x {len(lf_names)} labeling functions.")
    if votes.dtype.kind not in "iu" and votes.size:
        whole = votes == np.floor(votes) if votes.dtype.kind == "f" else np.zeros(votes.shape, dtype=bool)
        hint = " All votes are whole: save them with astype('int8')." if whole.all() else ""
        i, j = (int(place) for place in np.unravel_index(int(np.argmin(whole)), votes.shape))
        raise DataError(
            f"{where}: {row_name(i, ids)}, labeling function {lf_names[j]!r} votes {str(votes[i, j])[:80]} "
            f"({votes.dtype}); expected integers.{hint}"
        )
    wrong = (votes < ABSTAIN) | (votes >= cardinality)
    if wrong.any():
        i, j = (int(place[0]) for place in np.nonzero(wrong))
        raise DataError(
            f"{where}: {row_name(i, ids)}, labeling function {lf_names[j]!r} votes {votes[i, j]}; expected -1 "
            f"(abstain) or a class from 0 to {cardinality - 1}. {int(wrong.sum())} of {votes.size} votes are like this."
        )
    return np.ascontiguousarray(votes, dtype=np.int8)


def read_votes(path: Path) -> NamedVotes:
    """Read the table that stage `label` writes, `data/label_matrix` of a project.

    Parameters
    ----------
    path
        The folder.

    Raises
    ------
    DataError
        It is no label matrix.
    StorageError
        There is no such folder, or it is damaged.
    """
    ids, L, lf_names = read_label_matrix(Path(path))
    return NamedVotes(L, lf_names, ids.tolist())


def write_votes(path: Path, votes: NamedVotes) -> None:
    """Write votes as the table that stage `label` writes: label models read it shard by shard.

    Parameters
    ----------
    path
        The folder; one that is there is replaced.
    votes
        Rows without ids get their position as id.

    Raises
    ------
    DataError
        Names or ids that cannot stand in the table.
    StorageError
        It cannot be written; what was there is untouched.

    Examples
    --------
    >>> write_votes(Path("votes"), NamedVotes(np.array([[0, -1]], dtype=np.int8), ["words", "links"]))
    >>> read_votes(Path("votes")).ids
    ['0']
    """
    lf_names = check_names(votes.lf_names, "labeling function", where=path)
    ids = [str(i) for i in range(len(votes.L))] if votes.ids is None else check_ids(votes.ids, where=path)
    L = check_votes(votes.L, cardinality=MAX_CARDINALITY, lf_names=lf_names, ids=ids, where=path)
    with storage.shard_writer(Path(path)) as write:
        for start in range(0, max(len(L), 1), SHARD_ROWS):
            part = slice(start, start + SHARD_ROWS)
            write(matrix_frame(pd.Series(ids[part], dtype="str"), L[part], lf_names))
