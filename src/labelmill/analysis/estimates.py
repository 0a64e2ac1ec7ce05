"""Balanced accuracies on a few rows of gold, with intervals that stay honest when all of them are right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Gold

_DRAWS = 1000
_PSEUDO = 0.5
"""Weight of one row that is right and one that is wrong, added to each class: Jeffreys' prior."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def class_weights(gold: Gold, seed: int) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Rows of each class that occurs, and a thousand weightings of them and of the two rows added [1]_.

    References
    ----------
    .. [1] D. B. Rubin, "The Bayesian bootstrap", Annals of Statistics 9(1), 1981.
    """
    rng = np.random.default_rng(seed)
    found = []
    for y in np.unique(gold):
        rows = np.flatnonzero(gold == y)
        of_rows, added = rng.gamma(1.0, size=(_DRAWS, len(rows))), rng.gamma(_PSEUDO, size=(_DRAWS, 2))
        weights = np.hstack([of_rows, added])
        found.append((rows, weights / weights.sum(axis=1, keepdims=True)))
    return found


def drawn_accuracy(
    right: NDArray[np.float64], weights: list[tuple[NDArray[np.intp], NDArray[np.float64]]]
) -> NDArray[np.float64]:
    """Balanced accuracy under each weighting; `right` says of each row how right it is, 0 to 1, in its last axis."""
    of_classes = [right[..., rows] @ of_rows[:, :-2].T + of_rows[:, -1] for rows, of_rows in weights]
    return np.mean(of_classes, axis=0)


def balanced_accuracy(right: NDArray[np.float64], gold: Gold, *, seed: int) -> Estimate:
    """Mean over the classes of the share of their rows that are right.

    Examples
    --------
    >>> gold = np.array([0] * 30 + [1] * 10)
    >>> found = balanced_accuracy(np.ones(40), gold, seed=1)
    >>> found.value, 0.85 < found.low < 0.95, found.high > 0.999
    (1.0, True, True)
    """
    value = float(np.mean([right[gold == y].mean() for y in np.unique(gold)]))
    low, high = np.percentile(drawn_accuracy(right, class_weights(gold, seed)), [2.5, 97.5])
    return Estimate(value, float(min(low, value)), float(max(high, value)))
