"""Keep the classes from eating each other: tie their masses, but never against unanimous votes.

Expectation maximisation on redundant one-class rules drifts to a single class. A bias per class that
holds the mass of the covered rows half way between the majority vote's and the class balance stops
that. The bias must not decide a row on which all votes agree: there it is held back.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from labelmill.arrays import Probs

_KEPT = 0.5
"""Share of its own evidence that a unanimous row keeps against the bias."""


def tie(scores: Probs, target: NDArray[np.float64], bias: NDArray[np.float64], *, rounds: int) -> NDArray[np.float64]:
    """Bias per class with which the rows' mean probabilities come to `target`, a few fixed-point rounds from `bias`.

    Parameters
    ----------
    scores
        n x k log-odds of the covered rows.
    target
        k: the wished share of each class.
    bias
        k: where to start; the last round's bias, so that it settles together with the model.
    rounds
        How many steps to take.
    """
    for _ in range(rounds):
        mass = softmax(scores + bias, axis=1).mean(axis=0)
        bias = bias + np.log(target / np.maximum(mass, 1e-12))
        bias = bias - bias.mean()
    return bias


def held_back(scores: Probs, bias: NDArray[np.float64], unanimous: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the bias, 0 to 1, that each row takes.

    1 where votes conflict. Where all agree, at most so much that the class they agree on keeps half of
    its lead, and the row is never overturned by the bias.
    """
    share = np.ones(len(scores))
    rows = np.flatnonzero(unanimous >= 0)
    agreed = unanimous[rows]
    lead = np.maximum(scores[rows, agreed][:, None] - scores[rows], 0)
    pull = bias[None, :] - bias[agreed][:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(pull > 0, (1 - _KEPT) * lead / pull, 1.0)
    share[rows] = np.minimum(most.min(axis=1, initial=1.0), 1.0)
    return share
