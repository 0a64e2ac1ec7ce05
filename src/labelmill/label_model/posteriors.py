"""From scores to probabilities, and from those to decisions, ties included."""

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Preds, Probs
from labelmill.label_model.encoding import EncodedVotes

TIE = 1e-9
"""Classes whose probabilities or tallies are this near to each other, relative to the larger one, are tied."""


def posterior(scores: Probs) -> Probs:
    """Probabilities that are proportional to exp(scores), n x k.

    As `scipy.special.softmax`, ten times as fast where classes are few: numpy is slow along a short last axis.
    """
    probs = np.array(scores.T, order="C")
    probs -= probs.max(axis=0)
    np.exp(probs, out=probs)
    probs /= probs.sum(axis=0)
    return probs.T


def leaders(tally: Probs) -> Probs:
    """One for the class with the highest tally, equal parts where several are tied, n x k."""
    top = tally.max(axis=1, keepdims=True)
    first = tally >= top * (1 - TIE)
    return first / first.sum(axis=1, keepdims=True)


def decide(probs: Probs, covered: NDArray[np.bool_]) -> Preds:
    """Most likely class of each row; -1 where nobody voted or the first two are tied."""
    tied = (leaders(probs) > 0).sum(axis=1) > 1
    return np.where(covered & ~tied, probs.argmax(axis=1), UNKNOWN).astype(np.int64)


def spread(votes: EncodedVotes, of_codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each labeling function adds to each class of its row, n x m x k, from what each vote adds."""
    out = np.zeros((votes.n_rows, votes.n_lfs, votes.cardinality))
    if votes.soft:
        of_codes = of_codes * votes.weights[:, None]
    np.add.at(out, (votes.rows_of_codes, votes.codes // votes.cardinality), of_codes)
    return out
