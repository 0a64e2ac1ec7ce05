"""Keep the classes from eating each other: tie their masses, but never against unanimous votes.

Expectation maximisation on redundant one-class rules drifts to a single class. A bias per class that
holds the mass of the covered rows half way between the majority vote's and the class balance stops
that. The bias must not decide a row on which all votes agree: there it is held back.
"""

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Probs
from labelmill.label_model.posteriors import posterior

_STEPS, _SETTLED = 50, 1e-7
"""Most steps towards the bias, and the step that ends them."""
_FARTHEST = 0.5
"""Most that the log of a class's mass is moved, times log k: of two classes, one of 5 % is not made one of 20 %."""
KEPT = 0.5
"""Share of its own evidence that a unanimous row keeps against the bias."""


def target(
    led: NDArray[np.float64],
    row_weights: NDArray[np.float64],
    balance: NDArray[np.float64],
    *,
    majority_share: float,
) -> NDArray[np.float64]:
    """Share of each class to hold the covered rows to: between the majority vote's and the class balance.

    Between in log-odds, so that a rare class stays rare. It need not sum to 1 where classes are left out.

    Parameters
    ----------
    led
        n x k: 1 for the class that leads a row, parts where several are tied.
    row_weights
        n: how many rows each row stands for.
    balance
        k: the share of each class.
    majority_share
        1: the majority vote's share; 0: the class balance.
    """
    # One row in addition, so that a class that is voted for but never leads does not get 0.
    mass = (row_weights @ led + balance) / (row_weights.sum() + 1)
    farthest = _FARTHEST * np.log(len(balance))
    shift = (1 - majority_share) * (np.log(balance) - np.log(mass))
    pooled = mass * np.exp(np.clip(shift, -farthest, farthest))
    return pooled / pooled.sum()


def tie(
    scores: Probs, row_weights: NDArray[np.float64], wished: NDArray[np.float64], bias: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bias per class with which the rows' mean probabilities come to `wished`, by fixed-point steps.

    It is found anew, and not only approached, whenever the scores change: a bias that lags behind
    them sends the model round in circles.

    Parameters
    ----------
    scores
        n x k log-odds of the covered rows.
    row_weights
        n: how many rows each row stands for.
    wished
        k: from `target`; where it is 0 the class is left alone, its bias is 0.
    bias
        k: where to start.
    """
    held = wished > 0
    for _ in range(_STEPS):
        mass = (row_weights @ posterior(scores + bias))[held] / row_weights.sum()
        step = np.log(wished[held] * mass.sum() / np.maximum(mass, 1e-12))
        bias = bias.copy()
        bias[held] += step
        bias[held] -= bias[held].mean()
        if np.ptp(step) <= _SETTLED:
            break
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
        most = np.where(pull > 0, (1 - KEPT) * lead / pull, 1.0)
    share[rows] = np.minimum(most.min(axis=1, initial=1.0), 1.0)
    return share
