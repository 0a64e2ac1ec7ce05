"""Edges by robust PCA of the inverse covariance: the published method, to compare `edges` with."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.label_model import checks

COLUMNS = ("lf_a", "lf_b", "kind", "overlap", "score")
THRESHOLD = 0.08
"""Sparse part of a partial correlation from which a pair is an edge."""
_RIDGE = 1e-3
"""Added to the diagonal of the correlations, so that exact copies can be told from each other."""
_MOST_ROUNDS, _SETTLED = 500, 1e-6
_DIGITS = 6


def robust_pca_edges(
    pairs: NDArray[np.float64],
    n_rows: float,
    *,
    cardinality: int,
    lf_names: Sequence[str] | None = None,
    threshold: float = THRESHOLD,
) -> pd.DataFrame:
    """Find dependent labeling functions by the structure of the inverse covariance of their votes [1]_.

    If labeling functions depend on each other only along a few edges, given the class, the inverse covariance of their
    votes is sparse plus low rank: an entry per edge, and what the class, which is not observed, leaves behind. The two
    are taken apart by principal component pursuit [2]_,

        minimise  |low rank|_* + lambda |sparse|_1   such that   sparse + low rank = inverse covariance,

    by alternating directions (ADMM), with lambda = 1 / sqrt(size). There is no seed.

    Parameters
    ----------
    pairs, n_rows, cardinality, lf_names
        As in `edges.find_edges`.
    threshold
        Score from which a pair is an edge. The method does not say which: it is a share of variance, not a test.

    Returns
    -------
    One row per edge, strongest first: `score` is the largest entry of the sparse part between votes of the two, over
    the root of both diagonals. `kind` is `agree`, or `against` where that entry says that they avoid each other.

    References
    ----------
    .. [1] P. Varma, F. Sala, A. He, A. Ratner, C. Ré, "Learning dependency structures for weak supervision
       models", ICML 2019.
    .. [2] E. J. Candès, X. Li, Y. Ma, J. Wright, "Robust principal component analysis?", Journal of the ACM 58(3),
       2011.

    Examples
    --------
    >>> import numpy as np
    >>> from labelmill.label_model import Moments
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 20_000)
    >>> L = np.stack([np.where(rng.random(20_000) < 0.7, truth, 1 - truth) for _ in range(10)], axis=1)
    >>> L[:, 9] = np.where(rng.random(20_000) < 0.5, L[:, 0], L[:, 9])
    >>> moments = Moments.of(L, 2)
    >>> robust_pca_edges(*moments.meetings, cardinality=2)[["lf_a", "lf_b"]].values.tolist()
    [['lf_0', 'lf_9']]
    """
    k, m = cardinality, len(pairs) // cardinality
    names = checks.as_names(lf_names, m)
    pairs = np.asarray(pairs, dtype=np.float64)
    inverse = _inverse_correlations(pairs, n_rows, k)
    sparse = principal_component_pursuit(inverse).reshape(m, k, m, k)
    own = np.einsum("jvjv->j", inverse.reshape(m, k, m, k)) / np.maximum(_outcomes(pairs, n_rows, k), 1)
    size = np.sqrt(np.where(own > 0, own, 1.0))
    score = np.sqrt((sparse**2).sum(axis=(1, 3))) / np.outer(size, size)
    toward = -np.einsum("ivjv->ij", sparse)
    i, j = np.nonzero(np.triu(score > threshold, 1))
    order = np.argsort(-score[i, j], kind="stable")
    i, j = i[order], j[order]
    overlap = pairs.reshape(m, k, m, k).sum(axis=(1, 3))[i, j]
    return pd.DataFrame(
        {
            "lf_a": [names[p] for p in i],
            "lf_b": [names[p] for p in j],
            "kind": np.where(toward[i, j] < 0, "against", "agree"),
            "overlap": overlap.round().astype(np.int64),
            "score": score[i, j].round(_DIGITS),
        },
        columns=list(COLUMNS),
    )


def principal_component_pursuit(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sparse part of a symmetric matrix that is sparse plus low rank.

    >>> spike = np.zeros((30, 30))
    >>> spike[3, 8] = spike[8, 3] = 1.0
    >>> found = principal_component_pursuit(spike + np.full((30, 30), 0.1))
    >>> bool(np.abs(found - spike).max() < 1e-3)
    True
    """
    weight = 1 / np.sqrt(max(len(matrix), 1))
    total = float(np.abs(matrix).sum())
    if not total:
        return np.zeros_like(matrix)
    step = matrix.size / (4 * total)
    dual, sparse = np.zeros_like(matrix), np.zeros_like(matrix)
    for _ in range(_MOST_ROUNDS):
        values, vectors = np.linalg.eigh(matrix - sparse + dual / step)
        low_rank = (vectors * _shrunk(values, 1 / step)) @ vectors.T
        last, sparse = sparse, _shrunk(matrix - low_rank + dual / step, weight / step)
        rest = matrix - low_rank - sparse
        dual += step * rest
        if max(np.linalg.norm(rest), np.linalg.norm(sparse - last)) <= _SETTLED * np.linalg.norm(matrix):
            break
    return sparse


def _shrunk(values: NDArray[np.float64], by: float) -> NDArray[np.float64]:
    """Values nearer to 0 by so much, and 0 where they are nearer than that."""
    return np.sign(values) * np.maximum(np.abs(values) - by, 0)


def _covariances(pairs: NDArray[np.float64], n_rows: float) -> NDArray[np.float64]:
    rates = pairs / max(n_rows, 1.0)
    mean = rates.diagonal()
    return rates - np.outer(mean, mean)


def _outcomes(pairs: NDArray[np.float64], n_rows: float, k: int) -> NDArray[np.int64]:
    """How many numbers say what a labeling function did on a row, m: one less than it has outcomes."""
    count = pairs.diagonal().reshape(-1, k)
    abstains = count.sum(axis=1) < n_rows
    return (count > 0).sum(axis=1) - 1 + abstains


def _inverse_correlations(pairs: NDArray[np.float64], n_rows: float, k: int) -> NDArray[np.float64]:
    """The inverse covariance of all votes, those of each labeling function made uncorrelated first.

    By the symmetric root of its own covariance, so that no order of the classes is preferred.
    """
    covariance = _covariances(pairs, n_rows)
    size = len(covariance)
    whiten, real = np.zeros((size, size)), np.zeros((size, size))
    for start in range(0, size, k):
        own = slice(start, start + k)
        values, vectors = np.linalg.eigh(covariance[own, own])
        there = values > 1e-9
        root = np.where(there, 1 / np.sqrt(np.where(there, values, 1.0)), 0.0)
        whiten[own, own] = (vectors * root) @ vectors.T
        real[own, own] = (vectors * there) @ vectors.T
    correlations = whiten @ covariance @ whiten
    return real @ np.linalg.inv(correlations + _RIDGE * np.eye(size)) @ real
