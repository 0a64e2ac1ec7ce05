"""What `Auto` adds up over the votes of each row, classes in rows: numpy is fast along the long axis only."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model import kernels
from labelmill.label_model.encoding import EncodedVotes

UNIT = 2.0**-20
"""What evidence is a multiple of: sums of it are then exact, and the same in whichever order."""
_ROUNDING = 1e-9
"""What soft votes for one class may fall short of all votes, when both are added up."""


@dataclass(frozen=True)
class Sums:
    """Of n rows and k classes."""

    evidence: NDArray[np.float64]
    """k x n: sum of the evidence of the votes."""
    heard: NDArray[np.float64] | None
    """k x n: sum of the evidence where the covariances fit, if that is asked for."""
    tally: NDArray[np.float64]
    """k x n: votes for each class."""
    size: NDArray[np.float64]
    """n: votes of the row."""

    def tempered(self, power: float) -> NDArray[np.float64]:
        """The evidence divided by a power of the number of votes."""
        size = np.maximum(self.size, 1)
        whole = size.astype(np.intp)
        if (whole == size).all():  # as always, but for soft votes: a power is the slowest of all operations here
            return self.evidence * (np.arange(1, size.max(initial=1) + 1) ** -power)[whole - 1]
        return self.evidence * size**-power

    def agreed(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows whose votes are all for one class, and that class."""
        rows = np.flatnonzero((self.tally.max(axis=0) >= (1 - _ROUNDING) * self.size) & (self.size > 0))
        return rows, self.tally[:, rows].argmax(axis=0)


def rounded(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evidence as multiples of `UNIT`."""
    return np.rint(evidence / UNIT) * UNIT


def of_votes(
    votes: EncodedVotes,
    evidence: NDArray[np.float64],
    heard: NDArray[np.float64] | None,
    *,
    counted: EncodedVotes | None = None,
) -> Sums:
    """Add up encoded votes; `evidence` and `heard`, m x k x k, are those of the votes `counted`, if others."""
    if counted is not None and counted is not votes:
        tally = np.ascontiguousarray(votes.tally(np.ones(votes.n_lfs)).T)
        return replace(of_votes(counted, evidence, heard), tally=tally, size=votes.per_row)
    k = votes.cardinality
    ones = np.broadcast_to(np.eye(k), evidence.shape)
    table = np.concatenate([ones, evidence, *([heard] if heard is not None else [])], axis=2)
    added = kernels.add_up(votes.indptr, votes.codes, votes.weights, table.reshape(-1, table.shape[2]))
    tally, *parts = np.split(np.ascontiguousarray(added.T), table.shape[2] // k)
    return Sums(parts[0], parts[1] if heard is not None else None, tally, votes.per_row)
