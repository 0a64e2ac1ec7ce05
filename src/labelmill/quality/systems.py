"""The plain systems that the models are measured against, as probabilities."""

import numpy as np

from labelmill.arrays import ABSTAIN, Gold, LabelMatrix, Probs
from labelmill.quality.metrics import balanced_accuracy, judge


def always(n: int, cardinality: int, label: int = 0) -> Probs:
    """The same class for every row."""
    return np.tile(np.eye(cardinality)[label], (n, 1))


def single_lf(votes: LabelMatrix, cardinality: int) -> Probs:
    """The votes of one labeling function; all classes alike where it abstains."""
    # Row -1 of this table, the abstain, is the last one.
    table = np.vstack([np.eye(cardinality), np.full(cardinality, 1 / cardinality)])
    return table[np.where(votes == ABSTAIN, cardinality, votes)]


def best_lf(L: LabelMatrix, gold: Gold, cardinality: int) -> int | None:
    """Column of the labeling function with the best balanced accuracy on rows with gold; the first of equals.

    None where it cannot be told: no labeling function, or gold of fewer than two classes.
    """
    weights = np.ones((1, len(gold)))
    scores = [
        balanced_accuracy(judge(gold, single_lf(votes, cardinality), positive=cardinality - 1), weights)[0]
        for votes in L.T
    ]
    return int(np.argmax(scores)) if len(scores) and np.isfinite(scores).all() else None
