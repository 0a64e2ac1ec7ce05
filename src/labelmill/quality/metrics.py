"""Scores of class probabilities against gold, for one weighting of the rows or for many at once.

An undecided row is never given a class. A tie counts 1 / (number of tied classes) towards accuracy
and balanced accuracy, a row without votes 1 / k, as if all its classes were tied; for F1 neither is
predicted positive. ROC-AUC and PR-AUC rank by the probability of the positive class as it is.

Every metric takes `weights`, b x n, and returns b numbers: a bootstrap resample is a row of counts,
so that a thousand of them cost a few passes over one matrix. Where a metric has no meaning (no row, one
class only) it is NaN here, and null in the files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Gold, Probs

Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

TIED = 1e-9
"""Probabilities closer than this are tied: they differ by rounding only."""

BINS = 15


@dataclass(frozen=True)
class Judged:
    """What one system makes of n rows, prepared once for all weightings.

    Attributes
    ----------
    members
        n x k: 1 in the column of the row's gold class.
    positive
        n: whether gold is the positive class.
    credit
        n: how right the decision is, 1 or 0, between them where classes are tied.
    confidence
        n: mean probability of the tied classes, the greatest probability where there is no tie.
    called
        n: whether the positive class alone is predicted.
    order
        n: rows by falling probability of the positive class.
    starts
        Where in `order` each run of equal probabilities starts.
    bins
        n: bin of the confidence, 0 to `n_bins` - 1.
    """

    members: Floats
    positive: Bools
    credit: Floats
    confidence: Floats
    called: Bools
    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    bins: NDArray[np.intp]
    n_bins: int


def judge(gold: Gold, probs: Probs, *, positive: int, undecided: Bools | None = None, n_bins: int = BINS) -> Judged:
    """Compare probabilities with gold.

    Parameters
    ----------
    gold
        n known classes.
    probs
        n x k.
    positive
        The class that F1, ROC-AUC and PR-AUC are about; the others together are the rest.
    undecided
        n: rows that have no decision whatever their probabilities are, such as rows without votes.
    n_bins
        Bins of equal width between 0 and 1, for the expected calibration error.
    """
    n, k = probs.shape
    tied = probs >= probs.max(axis=1, keepdims=True) - TIED
    if undecided is not None:
        tied = tied | undecided[:, None]
    share = tied / np.maximum(tied.sum(axis=1, keepdims=True), 1)
    members = np.zeros((n, k))
    members[np.arange(n), gold] = 1.0
    confidence = (share * probs).sum(axis=1)
    score = probs[:, positive]
    order = np.argsort(-score, kind="stable")
    return Judged(
        members=members,
        positive=gold == positive,
        credit=(share * members).sum(axis=1),
        confidence=confidence,
        called=tied[:, positive] & (tied.sum(axis=1) == 1),
        order=order,
        starts=np.flatnonzero(np.diff(score[order], prepend=np.inf)),
        bins=np.clip(np.ceil(confidence * n_bins).astype(np.intp) - 1, 0, n_bins - 1),
        n_bins=n_bins,
    )


def accuracy(rows: Judged, weights: Floats) -> Floats:
    """Share of rows that are right."""
    return _ratio(weights @ rows.credit, weights.sum(axis=1))


def balanced_accuracy(rows: Judged, weights: Floats) -> Floats:
    """Mean over the classes that occur of the share of their rows that are right; two classes must occur."""
    total = weights @ rows.members
    recall = _ratio(weights @ (rows.members * rows.credit[:, None]), total)
    n_classes = (total > 0).sum(axis=1)
    return np.where(n_classes > 1, _ratio(np.nansum(recall, axis=1), n_classes), np.nan)


def f1(rows: Judged, weights: Floats) -> Floats:
    """Harmonic mean of precision and recall of the positive class; a positive row must occur."""
    found = weights @ (rows.called & rows.positive)
    called, positive = weights @ rows.called, weights @ rows.positive
    return np.where(positive > 0, _ratio(2 * found, called + positive), np.nan)


def pr_auc(rows: Judged, weights: Floats) -> Floats:
    """Average precision: mean over the positive rows of the precision among the rows ranked as high."""
    positive, rest = _by_rank(rows, weights)
    found = positive.cumsum(axis=1)
    precision = _ratio(found, found + rest.cumsum(axis=1))
    # Leading ranks that a resample left out have no precision, and no positive rows to average over.
    return _ratio(np.nansum(positive * precision, axis=1), positive.sum(axis=1))


def roc_auc(rows: Judged, weights: Floats) -> Floats:
    """Chance that a positive row ranks above one of the rest, equal ranks counted half."""
    positive, rest = _by_rank(rows, weights)
    above = positive.cumsum(axis=1) - positive / 2
    return _ratio((above * rest).sum(axis=1), positive.sum(axis=1) * rest.sum(axis=1))


def ece(rows: Judged, weights: Floats) -> Floats:
    """Expected calibration error: mean distance of confidence and share right, over bins of the confidence."""
    gaps = np.zeros((len(rows.bins), rows.n_bins))
    gaps[np.arange(len(rows.bins)), rows.bins] = rows.confidence - rows.credit
    return _ratio(np.abs(weights @ gaps).sum(axis=1), weights.sum(axis=1))


METRICS: dict[str, Callable[[Judged, Floats], Floats]] = {
    "balanced_accuracy": balanced_accuracy,
    "f1": f1,
    "pr_auc": pr_auc,
    "roc_auc": roc_auc,
    "accuracy": accuracy,
    "ece": ece,
}
"""Every metric by its name in the files, in the order of showing."""


def score(rows: Judged) -> dict[str, float]:
    """Every metric with all rows weighing the same."""
    weights = np.ones((1, len(rows.order)))
    return {name: float(metric(rows, weights)[0]) for name, metric in METRICS.items()}


def _by_rank(rows: Judged, weights: Floats) -> tuple[Floats, Floats]:
    """Weight of positive and of other rows at each distinct probability, from the highest down."""
    if not len(rows.order):
        return np.zeros((len(weights), 1)), np.zeros((len(weights), 1))
    ordered = weights[:, rows.order]
    total = np.add.reduceat(ordered, rows.starts, axis=1)
    positive = np.add.reduceat(ordered * rows.positive[rows.order], rows.starts, axis=1)
    return positive, total - positive


def _ratio(numerator: Floats, denominator: NDArray[np.floating | np.integer]) -> Floats:
    """Their ratio, NaN where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
