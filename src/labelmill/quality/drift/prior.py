"""The share of each class in a window, without a label: black-box shift estimation (Lipton et al. 2018).

The mean prediction over a window is the confusion matrix of the model times the shares of the classes, as long as
what rows of one class look like has not changed. The matrix comes from the reference, of gold where there is
enough; its own error is part of the interval.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Probs
from labelmill.quality.drift.findings import Estimate
from labelmill.quality.drift.outputs import is_scored
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.drift.shares import Floats

LEAST_SCORED = 200
"""With fewer scored rows of the reference the label model's own probabilities are the predictions."""

LEAST_GOLD_PER_CLASS = 30

LEAST_ROWS = 30
"""A mean over fewer rows of a window is far from normal, and one row has no error at all."""

WORST_CONDITION = 25.0
"""A model that hardly tells the classes apart says nothing about their shares."""

DRAWS = 200

SURE = 3.0
"""Standard errors by which a class's share must have changed."""


@dataclass(frozen=True)
class Shift:
    """Shares of the classes in the reference and in the window, by the same model.

    Attributes
    ----------
    reference, window
        By class.
    change
        By class, the difference and its 95 % interval.
    covariance
        k x k, of the errors of the differences: as the shares add up to 1, one is too high where another is too low.
    by_champion
        Whether the champion's scores were read; otherwise those of the label model, which a stale labeling function
        misleads.
    """

    reference: Floats
    window: tuple[Estimate, ...]
    change: tuple[Estimate, ...]
    covariance: Floats
    by_champion: bool

    @property
    def error(self) -> Floats:
        """By class, the standard error of the difference."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def ratios(self) -> Floats:
        """By class, how much more frequent it is in the window."""
        shares = np.array([estimate.value for estimate in self.window])
        return np.clip(shares / np.maximum(self.reference, 1e-6), 0.01, 100)

    def is_sure(self, number: int, *, least: float) -> bool:
        """Whether the share of a class changed by so much at least, far beyond the error."""
        change = abs(self.change[number].value)
        return bool(change >= least and change > SURE * self.error[number])


@dataclass(frozen=True)
class Box:
    """A model whose mean predictions are read, as it does on the reference: by draw, the first being all rows once."""

    confusions: Floats
    means: Floats

    @classmethod
    def of(cls, predictions: Probs, truth: Probs, judged: NDArray[np.bool_], seed: int) -> "Box":
        """Measure it on the rows that can be judged; the mean is over all."""
        times = _times(np.random.default_rng([seed, 7]), len(truth))
        known = truth * judged[:, None]
        # Draw by draw: a row has k^2 products, which of a hundred classes are more than memory holds.
        together = np.stack([(predictions * drawn[:, None]).T @ known for drawn in times])
        class_mass = times @ known
        return cls(together / np.maximum(class_mass, 1e-9)[:, None, :], (times @ predictions) / times.sum(1)[:, None])

    @property
    def is_sharp(self) -> bool:
        """Whether it tells the classes apart."""
        return bool(np.linalg.cond(self.confusions[0]) <= WORST_CONDITION)


def estimate_shift(reference: Reference, window: Rows) -> Shift | None:
    """Estimate the shares of the classes; None where no model tells the classes apart, or of too few rows."""
    scored = is_scored(window.scores)
    champion = _kept(reference, "champion", _champion) if scored.mean() >= 0.5 else None
    if champion is not None and champion.is_sharp and scored.sum() >= LEAST_ROWS:
        return _shift(reference, champion, window.scores[scored], by_champion=True)
    return shift_by_label_model(reference, window)


def shift_by_label_model(reference: Reference, window: Rows) -> Shift | None:
    """The same by the label model alone; None where it does not tell the classes apart."""
    box = _kept(reference, "label model", _label_model)
    if box is None or not box.is_sharp or len(window) < LEAST_ROWS:
        return None
    return _shift(reference, box, window.probs, by_champion=False)


def _shift(reference: Reference, box: Box, predictions: Probs, *, by_champion: bool) -> Shift:
    before = _solved(box.confusions, box.means)
    now = _solved(box.confusions, _means(np.random.default_rng([reference.seed, 11]), predictions))
    changes = now - before
    estimates = _estimates(now, low=0.0), _estimates(changes, low=-1.0)
    covariance = np.cov(changes[1:], rowvar=False, bias=True)
    return Shift(before[0], *estimates, covariance=covariance, by_champion=by_champion)


def class_probs(rows: Rows) -> Probs:
    """What is known of the class of each row: gold, else what votes and champion say together.

    The label model alone would not do to judge the champion, which knows more of a row than the votes tell.
    """
    scored = is_scored(rows.scores)
    truth = rows.probs.copy()
    if scored.any():
        balance = np.maximum(rows.scores[scored].mean(axis=0), 1e-6)
        truth[scored] = truth[scored] * rows.scores[scored] / balance
        truth /= np.maximum(truth.sum(axis=1, keepdims=True), 1e-12)
    if rows.gold is not None:
        known = rows.gold >= 0
        truth[known] = np.eye(truth.shape[1])[rows.gold[known]]
    return truth


def _kept(reference: Reference, name: str, make: Callable[[Rows, int], Box | None]) -> Box | None:
    """A box, measured once per reference."""
    if ("box", name) not in reference.drawn:
        reference.drawn["box", name] = make(reference.rows, reference.seed)
    return reference.drawn["box", name]


def _champion(rows: Rows, seed: int) -> Box | None:
    """The champion, judged on gold where each class has enough of it."""
    scored = is_scored(rows.scores)
    if scored.sum() < LEAST_SCORED:
        return None
    scores, truth = rows.scores[scored], class_probs(rows)[scored]
    judged = np.ones(len(scores), bool)
    if rows.gold is not None:
        gold = rows.gold[scored]
        if (np.bincount(gold[gold >= 0], minlength=scores.shape[1]) >= LEAST_GOLD_PER_CLASS).all():
            judged = gold >= 0
    return Box.of(scores, truth, judged, seed)


def _label_model(rows: Rows, seed: int) -> Box | None:
    """The label model, taken at its word: its probabilities are predictions and truth."""
    return Box.of(rows.probs, rows.probs, np.ones(len(rows), bool), seed)


def _solved(confusions: Floats, means: Floats) -> Floats:
    """Per draw, the shares of the classes."""
    shares = np.einsum("bij,bj->bi", np.linalg.pinv(confusions), means)
    shares = np.maximum(shares, 0)
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-9)


def _means(rng: np.random.Generator, predictions: Probs) -> Floats:
    """The mean prediction, then as it varies over samples of so many rows: with hundreds of rows, normally."""
    mean, error = predictions.mean(axis=0), np.cov(predictions, rowvar=False) / len(predictions)
    return np.concatenate(
        [mean[None], rng.multivariate_normal(mean, error, DRAWS, check_valid="ignore", method="eigh")]
    )


def _times(rng: np.random.Generator, n: int) -> Floats:
    """First every row once; then how often each row is drawn, a Poisson number, as in resamples of many rows."""
    return np.concatenate([np.ones((1, n)), rng.poisson(1.0, (DRAWS, n))])


def _estimates(draws: Floats, *, low: float) -> tuple[Estimate, ...]:
    """The first draw, with intervals of two standard errors of the others, within what is possible."""
    wide = 1.96 * draws[1:].std(axis=0)
    return tuple(
        Estimate(float(value), float(max(value - by, low)), float(min(value + by, 1.0)))
        for value, by in zip(draws[0], wide, strict=True)
    )
