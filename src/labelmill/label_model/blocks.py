"""Votes in whatever form they come, block by block, so that their number is bounded by time and not by memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.arrays import Votes
from labelmill.errors import LabelModelError
from labelmill.label_model import checks, kernels
from labelmill.label_model.encoding import EncodedVotes, encode
from labelmill.label_model.stored import read_votes

BLOCK_ROWS = 65_536
"""Rows that are worked on at a time."""


@dataclass(frozen=True)
class VoteStream:
    """Votes that are read when they are needed, as often as they are needed.

    Parameters
    ----------
    open
        Called without arguments; gives the blocks in order, each in any form that `fit` takes. Data
        frames may have a column `id`, which is left out.
    """

    open: Callable[[], Iterable[Any]]


@dataclass(frozen=True)
class Block:
    """Some rows of checked votes."""

    L: Any
    """Integers, rows x m, or a sparse matrix of vote + 1."""
    cardinality: int
    lf_names: list[str] | None
    soft: pd.DataFrame | None = None

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.L.shape[0])

    @property
    def n_lfs(self) -> int:
        """Number of labeling functions."""
        return int(self.L.shape[1])

    @property
    def dense(self) -> bool:
        """Whether the votes are a plain array, for which there are faster loops."""
        return self.soft is None and not sp.issparse(self.L)

    @cached_property
    def encoded(self) -> EncodedVotes:
        """The votes as codes."""
        return encode(self.L, self.cardinality, self.soft)

    def counts(self) -> NDArray[np.float64]:
        """How many rows each labeling function put in each class, m x k."""
        if not self.dense:
            return self.encoded.per_lf
        return kernels.count_codes(self.L, self.cardinality).reshape(self.n_lfs, self.cardinality).astype(np.float64)

    def keys(self, of_codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Sum over the votes of each row of the key of the vote, given for all m x k."""
        if not self.dense:
            return kernels.row_keys(self.encoded.indptr, self.encoded.codes, of_codes.ravel())
        return kernels.row_keys_dense(self.L, np.ascontiguousarray(np.pad(of_codes, ((0, 0), (1, 0)))))

    def take(self, rows: NDArray[np.int64]) -> EncodedVotes:
        """The votes of some rows."""
        if not self.dense:
            return self.encoded.rows(rows)
        return encode(np.ascontiguousarray(self.L[rows]), self.cardinality)


def open_blocks(L: Any, cardinality: int, lf_names: Sequence[str] | None = None) -> Callable[[], Iterator[Block]]:
    """Return what gives the checked votes block by block, at each call anew; at least one block, maybe of no rows.

    Votes in memory are checked here, a stream whenever it is read.

    Parameters
    ----------
    L
        Integer array n x m with -1 for abstain, a scipy sparse matrix of vote + 1, a data frame with
        one column per labeling function (a column `id` is left out), a `Votes` with soft votes, the
        parquet file or folder of shards that stage `label` writes (soft votes beside it included), or a
        `VoteStream`.
    cardinality
        Number of classes.
    lf_names
        Names of the columns.

    Raises
    ------
    LabelModelError
        The votes are no such thing; the message names the first row, labeling function and value at fault.
    """
    if isinstance(L, str | Path):
        return lambda: _stream(read_votes(Path(L)), cardinality, lf_names)
    if isinstance(L, VoteStream):
        return lambda: _stream(L.open(), cardinality, lf_names)
    return _checked(L, cardinality, lf_names)


def shape_of(L: Any) -> tuple[int, ...]:
    """The shape of votes in memory; empty for those that are yet to be read."""
    hard = L.L if isinstance(L, Votes) else L
    if isinstance(hard, str | Path | VoteStream):
        return ()
    shape: tuple[int, ...] | None = getattr(hard, "shape", None)
    return np.shape(hard) if shape is None else shape


def _checked(L: Any, cardinality: int, lf_names: Sequence[str] | None) -> Callable[[], Iterator[Block]]:
    hard, soft = (L.L, L.soft) if isinstance(L, Votes) else (L, None)
    array, names = checks.as_votes(hard, cardinality, lf_names)
    table = checks.as_soft(soft, array, cardinality, names)
    kind = np.int8 if cardinality <= np.iinfo(np.int8).max else np.int32

    def cut() -> Iterator[Block]:
        for start in range(0, max(array.shape[0], 1), BLOCK_ROWS):
            part, mine = array[start : start + BLOCK_ROWS], None
            if not sp.issparse(part):
                part = np.ascontiguousarray(part, dtype=kind)
            if table is not None:
                mine = table[(table["row"] >= start) & (table["row"] < start + BLOCK_ROWS)]
                mine = mine.assign(row=mine["row"] - start)
            yield Block(part, cardinality, names, mine)

    return cut


def _stream(parts: Iterable[Any], cardinality: int, lf_names: Sequence[str] | None) -> Iterator[Block]:
    names = list(lf_names) if lf_names is not None else None
    row, empty = 0, True
    for part in parts:
        try:
            votes = part.drop(columns="id", errors="ignore") if isinstance(part, pd.DataFrame) else part
            for block in _checked(votes, cardinality, names)():
                names = names or block.lf_names
                yield block
                row, empty = row + block.n_rows, False
        except LabelModelError as error:
            raise LabelModelError(f"In the block of votes that begins at row {row:,}: {error}") from error
    if empty:
        raise LabelModelError("There are no votes: the stream has no block.")
