"""Whether new rows can be told from old ones by their words: a classifier that is trained to do it.

Naive Bayes weights (Wang & Manning 2012) cost one sparse product. Rows of one fold are scored by the weights
of the other; how well that works is the area under the curve, with the error of DeLong et al. (1988).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.quality.drift.sample import Keys
from labelmill.quality.drift.words import BUCKETS

Floats = NDArray[np.float64]

MOST_WINDOW, MOST_REFERENCE = 2000, 4000
"""Distinct texts that are looked at: enough to see what matters, whatever the size of the window."""

_FOLD = np.uint64(1 << 21)
_SMOOTHING = 0.5


@dataclass(frozen=True)
class Domain:
    """How well rows of the window are told from rows of the reference.

    Attributes
    ----------
    auc
        Probability that a row of the window looks newer than one of the reference.
    z
        Its distance from 0.5 in standard errors. The two folds measure nearly the same, so it is their mean.
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
    fold_new, fold_old = (window[1][new] & _FOLD) > 0, (reference[1][old] & _FOLD) > 0
    weights = np.ones(len(old)) if row_weights is None else row_weights[old]
    newness, both = np.zeros(len(new)), np.zeros(BUCKETS)
    aucs, roots = list[float](), list[float]()
    for fold in (False, True):
        train_new, train_old = fold_new == fold, fold_old == fold
        if min(train_new.sum(), train_old.sum(), (~train_new).sum(), (~train_old).sum()) < 20:
            return None
        speaks = _weights(rows_new[train_new], rows_old[train_old], weights[train_old])
        judged_new, judged_old = _scores(rows_new[~train_new], speaks), _scores(rows_old[~train_old], speaks)
        auc, error = area(judged_new, judged_old, weights[~train_old])
        aucs.append(auc)
        roots.append((auc - 0.5) / error)
        newness[~train_new] = judged_new
        both += speaks / 2
    return Domain(float(np.mean(aucs)), float(np.mean(roots)), new, old, newness, both)


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
