"""Whether new rows can be told from old ones by their words: a classifier that is trained to do it.

Naive Bayes weights (Wang & Manning 2012) cost one sparse product. Rows of one fold are scored by the weights
of the others; how well that works is the area under the curve, with the error of DeLong et al. (1988).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.quality.drift.sample import Keys
from labelmill.quality.drift.words import BUCKETS

Floats = NDArray[np.float64]

MOST_WINDOW, MOST_REFERENCE = 2000, 8000
"""Distinct texts that are looked at: enough to see what matters, whatever the size of the window."""

FOLDS = 2

_SMOOTHING = 3.0
"""Counts that every word is given: with fewer, words that occur once drown the others."""


@dataclass(frozen=True)
class Domain:
    """How well rows of the window are told from rows of the reference.

    Attributes
    ----------
    auc
        Probability that a row of the window looks newer than one of the reference.
    z
        Its distance from 0.5 in standard errors, the mean of both folds: they measure nearly the same, so that two
        are not counted as more than one.
    window, reference
        Positions of the rows that were looked at.
    newness
        Of each of those rows of the window, how new it looks.
    weights
        Per bucket, how much a word speaks for the window.
    """

    auc: float
    z: float
    window: NDArray[np.intp]
    reference: NDArray[np.intp]
    newness: Floats
    weights: Floats


def distinguish(
    window: tuple[sp.csr_matrix, Keys], reference: tuple[sp.csr_matrix, Keys], *, row_weights: Floats | None = None
) -> Domain | None:
    """Train and judge the classifier; None where there is too little text.

    Parameters
    ----------
    window, reference
        Words and cluster keys of the rows; each distinct text is looked at once.
    row_weights
        Weights of the rows of the reference, where something known is to be explained away.
    """
    new, old = _distinct(*window, MOST_WINDOW), _distinct(*reference, MOST_REFERENCE)
    rows_new, rows_old = window[0][new], reference[0][old]
    fold_new, fold_old = fold_of(window[1][new]), fold_of(reference[1][old])
    weights = np.ones(len(old)) if row_weights is None else row_weights[old]
    newness, total = np.zeros(len(new)), np.zeros(BUCKETS)
    areas = list[tuple[float, float]]()
    for fold in range(FOLDS):
        train_new, train_old = fold_new != fold, fold_old != fold
        if min(train_new.sum(), train_old.sum(), (~train_new).sum(), (~train_old).sum()) < 20:
            return None
        speaks = _weights(rows_new[train_new], rows_old[train_old], weights[train_old])
        judged_new, judged_old = _scores(rows_new[~train_new], speaks), _scores(rows_old[~train_old], speaks)
        areas.append(area(judged_new, judged_old, weights[~train_old]))
        newness[~train_new] = judged_new
        total += speaks / FOLDS
    aucs, errors = np.array(areas).T
    z = float(np.mean((aucs - 0.5) / errors))
    return Domain(float(aucs.mean()), z, new, old, newness, total)


def fold_of(keys: Keys) -> NDArray[np.int64]:
    """The fold of each row: copies, and the same text on both sides, are in the same."""
    return ((keys >> np.uint64(20)) % np.uint64(FOLDS)).astype(np.int64)


def area(new: Floats, old: Floats, weights: Floats) -> tuple[float, float]:
    """Area under the curve and its standard error; rows of `old` are weighted."""
    weights = weights / weights.sum()
    order = np.argsort(old, kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    below = total[np.searchsorted(old[order], new, "left")]
    upto = total[np.searchsorted(old[order], new, "right")]
    of_new = (below + upto) / 2
    ranked = np.sort(new)
    above = np.searchsorted(ranked, old, "left") + np.searchsorted(ranked, old, "right")
    of_old = 1 - above / (2 * len(new))
    auc = float(of_new.mean())
    variance = of_new.var() / len(new) + float((weights**2 * (of_old - auc) ** 2).sum())
    return auc, max(float(np.sqrt(variance)), 1e-9)


def _distinct(matrix: sp.csr_matrix, keys: Keys, most: int) -> NDArray[np.intp]:
    """One row of each text that has words, at most so many, chosen by key."""
    _, first = np.unique(keys, return_index=True)
    return first[np.diff(matrix.indptr)[first] > 0][:most]


def _weights(new: sp.csr_matrix, old: sp.csr_matrix, row_weights: Floats) -> Floats:
    """Log of how much more often a word occurs in the window; words that occur in neither weigh nothing."""
    of_new = np.bincount(new.indices, minlength=BUCKETS).astype(float)
    of_old = np.bincount(old.indices, weights=np.repeat(row_weights, np.diff(old.indptr)), minlength=BUCKETS)
    seen = (of_new + of_old) > 0
    spread = _SMOOTHING * seen.sum()
    log_ratio = np.log((of_new + _SMOOTHING) / (of_new.sum() + spread)) - np.log(
        (of_old + _SMOOTHING) / (of_old.sum() + spread)
    )
    return np.where(seen, log_ratio, 0.0)


def _scores(matrix: sp.csr_matrix, weights: Floats) -> Floats:
    """Mean weight of the words of each row."""
    return np.asarray(matrix @ weights).ravel() / np.maximum(np.diff(matrix.indptr), 1)
