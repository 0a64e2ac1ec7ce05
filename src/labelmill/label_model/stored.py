"""The votes that stage `label` writes: the label matrix, and its soft votes in a table beside it."""

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import paths, storage
from labelmill.arrays import Votes
from labelmill.errors import DataError


def stored_votes(matrix: Path, soft: Path) -> Iterator[tuple[pd.Series, Votes]]:
    """Yield ids and votes, shard by shard.

    Parameters
    ----------
    matrix
        The label matrix, a folder of shards.
    soft
        The soft votes by row id, in as many shards.

    Raises
    ------
    DataError
        The two are not of the same rows.
    """
    for number, (hard, weights) in enumerate(zip_longest(storage.iter_shards(matrix), storage.iter_shards(soft))):
        if hard is None or weights is None:
            raise DataError(f"{matrix} and {soft} have not as many shards. Make them again with `dvc repro label`.")
        rows = pd.Index(hard["id"]).get_indexer(weights["id"])
        if (rows < 0).any():
            raise DataError(
                f"{soft}: row {weights['id'][int(np.argmin(rows))]} of shard {number} is not in {matrix}. "
                "Make both again with `dvc repro label`."
            )
        votes = hard.drop(columns="id")
        yield hard["id"], Votes(votes, weights.drop(columns="id").assign(row=rows) if len(rows) else None)


def rows_of(votes: Votes, kept: NDArray[np.bool_]) -> Votes:
    """The votes on some of the rows."""
    if votes.soft is None:
        return Votes(votes.L[kept])
    soft = votes.soft[kept[votes.soft["row"]]]
    return Votes(votes.L[kept], soft.assign(row=(np.cumsum(kept) - 1)[soft["row"]]) if len(soft) else None)


def read_votes(path: Path) -> Iterator[Any]:
    """The votes in a Parquet file or a folder of shards; with the soft ones where it is the one of stage `label`."""
    soft = path.with_name(paths.SOFT_VOTES.name)
    if not path.is_dir():
        yield storage.read_table(path)
    elif path.name == paths.LABEL_MATRIX.name and soft.is_dir():
        yield from (votes for _, votes in stored_votes(path, soft))
    else:
        yield from storage.iter_shards(path)
