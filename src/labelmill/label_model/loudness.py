"""Rows that set off all labeling functions at once, or none: long texts against short ones.

Where labeling functions are independent given the truth, their number of votes a row varies only so much. If
it varies more, whoever abstains is not heard once for each labeling function: silence follows the length of
the text, and adding up what all of them mean by it would drown the votes.
"""

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.cliques import Cliques
from labelmill.label_model.encoding import EncodedVotes

_CLEAR = 4.0
"""Standard errors of a variance that may be chance."""


def seen(votes: EncodedVotes, weights: NDArray[np.float64]) -> float:
    """Variance of the weighted number of votes a row, less what may be chance; `weights` is m."""
    n = votes.n_all
    counts = votes.tally(weights).sum(axis=1)
    mean, square = (float(votes.row_weights @ counts**power) / n for power in (1, 2))
    return (square - mean**2) / (1 + _CLEAR * float(np.sqrt(2 / n)))


def explained(
    abstains: NDArray[np.float64],
    weights: NDArray[np.float64],
    balance: NDArray[np.float64],
    groups: Cliques,
    joints: NDArray[np.float64],
) -> float:
    """The same variance if the tables are true.

    Parameters
    ----------
    abstains
        m x k: P(j abstains | y).
    weights
        m: 1, or less for copies, which vary together as one.
    balance
        k: the share of each class.
    groups, joints
        Who depends on whom, and the joint tables, cells x k.
    """
    votes = 1 - abstains
    alone = votes * (1 - votes)
    within = weights @ alone
    for members, cells, digits in groups.by_size:
        count = (digits > 0).sum(axis=0)
        mean, square = (np.einsum("g,cgy->cy", count**power, joints[cells]) for power in (1, 2))
        within = within + (square - mean**2).sum(axis=0) - alone[members].sum(axis=(0, 1))
    each = weights @ votes
    return float(balance @ (within + (each - balance @ each) ** 2))
