"""The votes of the rows with gold, kept by models that keep no other rows, and added to or taken from.

Sorted, so that the same rows are the same arrays however they came.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.encoding import WHOLE, EncodedVotes


@dataclass(frozen=True, eq=False)
class GoldRows:
    """Some covered rows of votes, and their true classes."""

    votes: EncodedVotes
    truth: NDArray[np.int64]
    """n: the class of each row."""

    @classmethod
    def none(cls, n_lfs: int, cardinality: int) -> "GoldRows":
        """No rows."""
        votes = EncodedVotes(np.zeros(1, np.int64), np.empty(0, np.int32), cardinality, n_lfs)
        return cls(votes, np.empty(0, np.int64))

    def plus(self, other: "GoldRows") -> "GoldRows":
        """These rows and those of the other."""
        return self._sorted(self._counted + other._counted)

    def minus(self, other: "GoldRows") -> "GoldRows":
        """These rows without those of the other, each as often as it is there."""
        return self._sorted(self._counted - other._counted)

    @cached_property
    def _counted(self) -> Counter[tuple[int, bytes, bytes]]:
        votes, ends = self.votes, self.votes.indptr
        weights = votes.weights if votes.soft else np.ones(len(votes.codes))
        return Counter(
            (int(y), votes.codes[start:end].tobytes(), weights[start:end].tobytes())
            for y, start, end in zip(self.truth, ends[:-1], ends[1:], strict=True)
        )

    def _sorted(self, counted: Counter[tuple[int, bytes, bytes]]) -> "GoldRows":
        rows = sorted(counted.elements())
        codes = [np.frombuffer(row[1], np.int32) for row in rows]
        weights = np.concatenate([WHOLE, *(np.frombuffer(row[2], np.float64) for row in rows)])
        votes = EncodedVotes(
            np.cumsum([0, *map(len, codes)]),
            np.concatenate([np.empty(0, np.int32), *codes]),
            self.votes.cardinality,
            self.votes.n_lfs,
            WHOLE if (weights == 1).all() else weights,
        )
        return GoldRows(votes, np.array([row[0] for row in rows], np.int64))
