"""What hand labels alone would give: the learning curve of the end model's features on gold, by cross-validation.

How far the curve goes on is told by a power law, as learning curves mostly follow one [1]_; the further beyond the
gold there is, the wider its interval.

References
----------
.. [1] J. Hestness et al., "Deep learning scaling is predictable, empirically", arXiv:1712.00409, 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labelmill.analysis.estimates import Estimate, balanced_accuracy, class_weights, drawn_accuracy
from labelmill.arrays import Gold
from labelmill.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

LEAST_OF_CLASS = 5
"""Rows of a class below which nothing can be cross-validated."""
_FOLDS, _REPEATS, _SIZES = 5, 4, 6
_EXPONENTS = np.array([0.25, 0.35, 0.5, 0.7, 1.0])
"""Exponents of the power laws that are tried."""
FURTHEST = 20
"""How many times the gold there is a curve is carried on; beyond it stays level."""


@dataclass(frozen=True)
class Curve:
    """Balanced accuracy by number of hand-labeled rows.

    Attributes
    ----------
    sizes
        Numbers of rows that were tried.
    measured
        What each gave, cross-validated.
    rows
        Rows with gold behind it.
    laws
        d x 3: a, b and c of accuracy a - b n^-c, one law for each weighting of the rows.
    law
        The one of the rows as they are.
    """

    sizes: tuple[int, ...]
    measured: tuple[Estimate, ...]
    rows: int
    laws: NDArray[np.float64]
    law: tuple[float, float, float]

    def at(self, rows: float) -> Estimate:
        """What so many hand labels would give."""
        n = min(max(rows, 1), FURTHEST * self.rows)
        drawn = np.clip(self.laws[:, 0] - self.laws[:, 1] * n ** -self.laws[:, 2], 0, 1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        a, b, c = self.law
        value = float(np.clip(a - b * n**-c, 0, 1))
        return Estimate(value, float(min(low, value)), float(max(high, value)))

    def rows_for(self, accuracy: float) -> int | None:
        """How many hand labels give that accuracy; None where none that can be foreseen do."""
        most = FURTHEST * self.rows
        sizes = np.unique(np.geomspace(min(self.sizes), most, 400).round().astype(int))
        enough = [int(n) for n in sizes if self.at(int(n)).value >= accuracy]
        return enough[0] if enough else None


def learning_curve(X: "csr_matrix", gold: Gold, *, seed: int) -> Curve | None:
    """Learn from ever more of the rows, and judge on those left out.

    Parameters
    ----------
    X
        Features of n rows.
    gold
        Their classes, all known.
    seed
        Deals the folds.

    Returns
    -------
    Curve or None
        None where a class has fewer than 5 rows, or there is but one.
    """
    from sklearn.model_selection import StratifiedKFold

    classes, counts = np.unique(gold, return_counts=True)
    if len(classes) < 2 or counts.min() < LEAST_OF_CLASS:
        return None
    most = len(gold) * (_FOLDS - 1) // _FOLDS
    sizes = np.unique(np.geomspace(min(max(8, 2 * len(classes)), most), most, _SIZES).round().astype(int)).tolist()
    right = np.zeros((len(sizes), len(gold)))
    rng = np.random.default_rng(seed)
    folds = [
        fold
        for repeat in range(_REPEATS)
        for fold in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed + repeat).split(X, gold)
    ]
    for train, test in progress(folds, "learning from gold"):
        order = _mixed(gold, rng.permutation(train))
        for s, size in enumerate(sizes):
            right[s, test] += _learn(X, gold, order[:size]).predict(X[test]) == gold[test]
    right /= _REPEATS
    measured = tuple(balanced_accuracy(of_size, gold, seed=seed) for of_size in right)
    drawn = drawn_accuracy(right, class_weights(gold, seed))
    laws = np.array([_power_law(sizes, accuracy) for accuracy in drawn.T[:400]])
    law = _power_law(sizes, [estimate.value for estimate in measured])
    return Curve(tuple(sizes), measured, len(gold), laws, law)


def _mixed(gold: Gold, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """The rows in their order, but for one of each class that comes first: a learner needs two classes."""
    first = [rows[np.flatnonzero(gold[rows] == y)[0]] for y in np.unique(gold[rows])]
    return np.concatenate([first, rows[~np.isin(rows, first)]])


def _learn(X: "csr_matrix", gold: Gold, rows: NDArray[np.intp]) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, class_weight="balanced", max_iter=200).fit(X[rows], gold[rows])


def _power_law(sizes: Sequence[int], accuracy: "Sequence[float] | NDArray[np.float64]") -> tuple[float, float, float]:
    """a, b, c of accuracy a - b n^-c, with a at most 1 and b at least 0; larger sizes weigh more."""
    from scipy.optimize import nnls

    n, error = np.asarray(sizes, dtype=np.float64), 1 - np.asarray(accuracy)
    weight = np.sqrt(n / n.max())
    found = []
    for c in _EXPONENTS:
        terms = np.stack([np.ones_like(n), n**-c], axis=1)
        (floor, b), residual = nnls(terms * weight[:, None], error * weight)
        found.append((residual, 1 - floor, b, c))
    _, a, b, c = min(found)
    return float(a), float(b), float(c)
