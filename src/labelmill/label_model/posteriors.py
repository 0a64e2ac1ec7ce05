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
    return normalised(np.array(scores.T, order="C")).T


def normalised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same with classes in rows, k x n; `scores` are overwritten."""
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    return scores


def leaders(tally: Probs) -> Probs:
    """One for the class with the highest tally, equal parts where several are tied, n x k."""
    first = _first(tally)
    return np.ascontiguousarray((first / first.sum(axis=0)).T)


def decide(probs: Probs, covered: NDArray[np.bool_]) -> Preds:
    """Most likely class of each row; -1 where nobody voted or the first two are tied."""
    first = _first(probs)
    preds = first_class(first)
    preds[~covered | (first.sum(axis=0, dtype=np.int32) > 1)] = UNKNOWN
    return preds


def first_class(of_class: NDArray[np.bool_]) -> Preds:
    """The first class, n, for which `of_class`, k x n, holds; 0 where it holds for none."""
    found = np.zeros(of_class.shape[1], np.int64)
    for y in range(len(of_class) - 1, 0, -1):  # a pass a class: numpy's argmax is slow along a short axis
        found[of_class[y]] = y
    found[of_class[0]] = 0
    return found


def _first(tally: Probs) -> NDArray[np.bool_]:
    """Whether each class has the highest tally, or is tied with who has, k x n."""
    by_class = np.ascontiguousarray(tally.T)
    ahead: NDArray[np.bool_] = by_class >= by_class.max(axis=0) * (1 - TIE)
    return ahead


def overturned(probs: Probs, votes: EncodedVotes) -> NDArray[np.bool_]:
    """Which rows are decided against votes that all agree, n; also where two other classes are tied."""
    agreed = votes.unanimous
    stands = _first(probs)[agreed, np.arange(len(agreed))]
    against: NDArray[np.bool_] = (agreed != UNKNOWN) & ~stands
    return against


def contributions(
    votes: EncodedVotes, evidence: NDArray[np.float64], silence: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The evidence of each vote, and an equal part of what those who abstain say, n x m x k."""
    size = np.maximum(votes.per_row, 1)[:, None]
    flat = evidence.reshape(-1, votes.cardinality)[votes.codes]
    return spread(votes, flat + (silence / size)[votes.rows_of_codes])


def spread(votes: EncodedVotes, of_codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each labeling function adds to each class of its row, n x m x k, from what each vote adds."""
    out = np.zeros((votes.n_rows, votes.n_lfs, votes.cardinality))
    if votes.soft:
        of_codes = of_codes * votes.weights[:, None]
    np.add.at(out, (votes.rows_of_codes, votes.codes // votes.cardinality), of_codes)
    return out
