"""How many rows each class has, by expectation maximisation in which nothing is assumed of the class balance.

For voters who vote for every class this is as good as known; for rules of one class it is not, see `class_balance`.
"""

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Probs
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.posteriors import posterior

_ROUNDS, _SETTLED, _DIGITS = 50, 1e-4, 10
_PRIOR_ROWS = 2.0
"""Rows of each class that a labeling function votes on as on all rows, in a table of expectation maximisation."""


def masses(votes: EncodedVotes, probs: Probs, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mass of each class by expectation maximisation, from `probs` on, with abstaining as one more vote."""
    rates = votes.per_lf / max(votes.n_all, 1)
    share = (votes.row_weights @ probs + 1 / votes.cardinality) / (votes.row_weights.sum() + 1)
    silent = share
    mass = share
    for _ in range(_ROUNDS):
        mass = votes.row_weights @ probs + votes.n_silent * silent
        expected = votes.expected(probs)
        tables = np.maximum((expected + _PRIOR_ROWS * rates[:, :, None]) / (mass + _PRIOR_ROWS), 1e-6)
        abstains = np.log(np.maximum(1 - tables.sum(axis=1), 1e-6))
        evidence = (np.log(tables) - abstains[:, None, :]) * weights[:, None, None]
        prior = np.log(mass + 1) + weights @ abstains
        scores = np.round(np.vstack([prior, prior + votes.add_up(evidence)]), _DIGITS)
        updated = posterior(scores)
        change = np.abs(updated[1:] - probs).max(initial=0.0)
        silent, probs = updated[0], np.ascontiguousarray(updated[1:])
        if change < _SETTLED:
            break
    total: NDArray[np.float64] = votes.row_weights @ probs + votes.n_silent * silent
    return total
