"""What each labeling function does on rows, and whether the majority of the others says the same, row by row."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN, LabelMatrix
from labelmill.quality.drift.shares import Flags, Floats


@dataclass(frozen=True)
class Beside:
    """One labeling function beside the others, by row.

    Attributes
    ----------
    voted
        Whether it votes.
    decided
        Whether it votes and the others have a most frequent class.
    agrees
        Whether it votes for that class.
    """

    voted: Flags
    decided: Flags
    agrees: Flags


def tallies(L: LabelMatrix, cardinality: int, *, silenced: Flags) -> Floats:
    """Votes for each class, n x k, without the labeling functions that are to be left out."""
    heard = L[:, ~silenced]
    return np.stack([(heard == label).sum(axis=1) for label in range(cardinality)], axis=1).astype(float)


def beside(votes: NDArray[np.int8], tally: Floats) -> Beside:
    """One column of L beside the rest of the tally, of which it is a part."""
    voted = votes != ABSTAIN
    said = majority(votes[voted], tally[voted])  # where it abstains, nothing depends on the others
    decided, agrees = np.zeros(len(votes), bool), np.zeros(len(votes), bool)
    decided[voted], agrees[voted] = said != ABSTAIN, said == votes[voted]
    return Beside(voted, decided, agrees)


def majority(votes: NDArray[np.int8], tally: Floats) -> NDArray[np.int64]:
    """The most frequent class of the others, whether the one votes or not; -1 where there is none."""
    voted = votes != ABSTAIN
    others = tally.copy()
    others[voted, votes[voted]] -= 1
    top = others.max(axis=1)
    clear = (top > 0) & ((others == top[:, None]).sum(axis=1) == 1)
    return np.where(clear, others.argmax(axis=1), ABSTAIN)
