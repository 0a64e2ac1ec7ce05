"""Tables P(vote | truth) and P(abstain | truth) that can be taken at their word."""

import numpy as np
from numpy.typing import NDArray

_FEW_ABSTENTIONS = 20.0
"""With fewer abstentions than this, abstaining tells nothing."""


def proper(
    table: NDArray[np.float64], abstains: NDArray[np.float64], silent: NDArray[np.float64], n: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make P(j votes v | y), m x k x k, and P(j abstains | y), m x k, positive, and together 1 for each y.

    Parameters
    ----------
    table, abstains
        As estimated.
    silent
        m x 1: share of the rows on which j abstains, which is all that is said where that is on few.
    n
        How many rows there are.
    """
    abstains = np.where(silent * n < _FEW_ABSTENTIONS, silent, abstains)
    # A vote, or an abstention, that never occurred may occur in a new row: it tells nothing.
    table, abstains = (np.maximum(part, 1 / (n + 2)) for part in (table, abstains))
    total = table.sum(axis=1) + abstains
    return table / total[:, None], abstains / total
