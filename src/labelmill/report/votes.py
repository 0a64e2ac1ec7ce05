"""What the votes look like all together: counted shard by shard, so that memory stays bounded."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN


@dataclass(frozen=True)
class VotePicture:
    """Counts over a label matrix.

    Attributes
    ----------
    lf_names
        Names of the labeling functions, in matrix order.
    n_rows, n_covered
        Rows, and rows with at least one vote.
    patterns
        The most frequent combinations of votes (a class or -1 for each labeling function) and how
        many rows have each, most frequent first; the empty one is left out.
    n_patterns
        Number of different combinations, the empty one left out.
    both, conflicts
        m x m: rows on which both vote, and on which they vote for different classes.
    """

    lf_names: tuple[str, ...]
    n_rows: int
    n_covered: int
    patterns: tuple[tuple[tuple[int, ...], int], ...]
    n_patterns: int
    both: NDArray[np.int64]
    conflicts: NDArray[np.int64]


def picture(shards: Iterable[pd.DataFrame], *, top: int) -> VotePicture | None:
    """Count votes over the shards of a label matrix; None where there are no rows or no labeling functions."""
    counts: Counter[bytes] = Counter()
    names: tuple[str, ...] = ()
    both = agree = np.zeros((0, 0), dtype=np.int64)
    for shard in shards:
        names = tuple(str(c) for c in shard.columns if c != "id")
        votes = np.ascontiguousarray(shard[list(names)].to_numpy(dtype=np.int8))
        if votes.size == 0:
            continue
        if both.size == 0:
            both, agree = np.zeros((2, len(names), len(names)), dtype=np.int64)
        both += _together(votes != ABSTAIN)
        for label in np.unique(votes[votes != ABSTAIN]):
            agree += _together(votes == label)
        values, times = np.unique(votes.view(np.dtype((np.void, votes.shape[1]))).ravel(), return_counts=True)
        counts.update({value.tobytes(): int(n) for value, n in zip(values, times, strict=True)})
    if not counts:
        return None
    n_rows = counts.total()
    n_uncovered = counts.pop(np.full(len(names), ABSTAIN, dtype=np.int8).tobytes(), 0)
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top]
    patterns = tuple((tuple(np.frombuffer(key, dtype=np.int8).tolist()), n) for key, n in frequent)
    return VotePicture(names, n_rows, n_rows - n_uncovered, patterns, len(counts), both, both - agree)


def _together(fires: NDArray[np.bool_]) -> NDArray[np.int64]:
    as_float = fires.astype(np.float32)  # the product of float matrices is many times faster; exact to 16M rows a shard
    return np.rint(as_float.T @ as_float).astype(np.int64)
