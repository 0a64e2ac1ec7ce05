"""What one hidden class explains of how votes meet: a weighted low-rank fit that can leave pairs out.

If labeling functions err independently given the truth, the covariances of their votes have rank k - 1 off the
blocks of a labeling function with itself. No class balance is needed for that, and no anchor but for the start.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_ROUNDS, _SETTLED = 60, 1e-5
_START, _HELD = 0.4, 1.0
"""Correlation of a vote with its class at which the rounds begin, and how many rows that belief is worth."""
_DIGITS = 10
"""Rounded in each round, so that sums taken in another order do not lead elsewhere."""


@dataclass(frozen=True)
class Explained:
    """What a hidden class explains of the pairs of m labeling functions with k classes."""

    loads: NDArray[np.float64]
    """m x k x k: how each vote leans to each class; products of two explain their correlation."""
    scale_cov: NDArray[np.float64]
    """m x m: covariance of the errors of the logarithms of the labeling functions' strengths."""

    def pairs(self) -> NDArray[np.float64]:
        """The explained correlation of all pairs of votes, m * k x m * k."""
        flat = self.loads.reshape(-1, self.loads.shape[2])
        return flat @ flat.T

    def relative_variance(self) -> NDArray[np.float64]:
        """Variance of what is explained of a pair, as a share of its square, m x m: what estimating costs."""
        own = self.scale_cov.diagonal()
        return np.maximum(own[:, None] + own[None, :] + 2 * self.scale_cov, 0)


def explain(corr: NDArray[np.float64], weights: NDArray[np.float64], fresh: NDArray[np.float64]) -> Explained:
    """Fit the correlations of votes by products of loads, by alternating weighted least squares.

    Parameters
    ----------
    corr
        m * k x m * k: correlations of the votes of different labeling functions.
    weights
        m x m: rows that each pair of labeling functions was compared on; 0 leaves the pair out.
    fresh
        m: share of the codes of each labeling function that do not follow from the others.
    """
    m = len(weights)
    k = len(corr) // m
    corr = np.where(np.repeat(np.repeat(weights > 0, k, axis=0), k, axis=1), corr, 0)
    weighted = corr * np.repeat(np.repeat(weights, k, axis=0), k, axis=1)
    first = np.tile(_START * (np.eye(k) - 1 / k), (m, 1, 1))
    first[~corr.any(axis=1).reshape(m, k)] = 0
    loads = first
    held = _HELD * np.eye(k)
    for _ in range(_MOST_ROUNDS):
        grams = loads.transpose(0, 2, 1) @ loads
        others = np.tensordot(weights, grams, axes=1) + held
        target = (weighted @ loads.reshape(m * k, k)).reshape(m, k, k) + _HELD * first
        nearest = np.linalg.solve(others, target.transpose(0, 2, 1)).transpose(0, 2, 1)  # one per source, not per vote
        nearest -= nearest.mean(axis=2, keepdims=True)  # there are k - 1 directions, a k-th would run away
        nearest /= np.maximum(np.linalg.norm(nearest, axis=2, keepdims=True), 1)  # nothing is more than explained
        last, loads = loads, np.round((loads + nearest) / 2, _DIGITS)  # full steps swing to and fro
        if np.abs(loads - last).max(initial=0.0) <= _SETTLED:
            break
    return Explained(loads, _scale_cov(loads, weights * np.outer(fresh, fresh)))


def _scale_cov(loads: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Errors of the strengths, from the curvature of the fit: who is compared with few is known badly."""
    grams = np.einsum("jvy,jvz->jyz", loads, loads)
    size = weights * np.einsum("iyz,jyz->ij", grams, grams)
    own = size.sum(axis=1) + _HELD * np.einsum("jyy->j", grams)
    curvature = size + np.diag(np.where(own > 0, own, 1.0))
    return np.linalg.inv(curvature)
