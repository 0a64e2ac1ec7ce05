"""With a few gold rows: make probabilities mean what they say, and leave the decisions as they are.

One temperature for all rows, since a few dozen gold rows can carry no more: a bias per class, however
shrunken, won some calibration on one set by the macro-F1 that it lost on another. The rows that it is
learned on are predicted from what was learned of all rows, not from their own gold, which is a tiny part of that.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from labelmill.arrays import Probs

_PRIOR_SD = 0.3
"""Of the log of the temperature, around 0: ten gold rows that happen to be all right must not make a model sure."""
_FARTHEST, _STEP = 3.0, 0.1
"""The logs of temperature that are looked at, and how finely before the best of them is refined."""
_DIGITS = 6
"""Rounded to this, so that sums taken in another order give the same temperature."""


def temperature(log_probs: Probs, truth: NDArray[np.int64]) -> float:
    """Return what the log-probabilities are to be divided by, the most likely one [1]_ under a prior around 1.

    Above 1 the model was too sure of itself, below 1 not sure enough; 1 where there are no rows.

    Parameters
    ----------
    log_probs
        n x k: log-probabilities of the rows with gold, up to a constant per row.
    truth
        n: their true classes.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017.

    Examples
    --------
    Certain to 98 %, and right in four of five rows; then the other way round.

    >>> import numpy as np
    >>> sure = np.log([[0.98, 0.02]] * 50)
    >>> round(temperature(sure, np.repeat([0, 1], [40, 10])), 1)
    1.9
    >>> unsure = np.log([[0.6, 0.4]] * 50)
    >>> temperature(unsure, np.repeat([0, 1], [49, 1])) < 1
    True
    """
    if not len(truth):
        return 1.0
    behind = log_probs - np.take_along_axis(log_probs, truth[:, None], axis=1)

    def loss(log_t: float) -> float:
        scaled = behind * np.exp(-log_t)
        top = scaled.max(axis=1)
        misfit = (top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))).sum()
        return float(misfit + 0.5 * (log_t / _PRIOR_SD) ** 2)

    # A grid first: the loss may have two dips where sure votes are wrong.
    grid = np.arange(-_FARTHEST, _FARTHEST + _STEP / 2, _STEP)
    best = float(grid[np.argmin([loss(log_t) for log_t in grid])])
    found = minimize_scalar(loss, bounds=(best - _STEP, best + _STEP), method="bounded", options={"xatol": 1e-10})
    return round(float(np.exp(found.x)), _DIGITS)
