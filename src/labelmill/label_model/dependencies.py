"""Labeling functions that repeat each other: copies are counted once, agreement beyond chance is damped.

Both only need to know how often two labeling functions vote on the same row, and how often alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from labelmill.label_model import kernels
from labelmill.label_model.encoding import EncodedVotes

_SAME_ROWS, _SAME_VOTES = 0.9, 0.98
"""Jaccard overlap of the rows, and agreement on them, beyond which two labeling functions are copies."""
_FEWEST_SHARED, _CLEAR = 20, 4.0
"""Shared rows below which a pair proves nothing; standard errors of excess agreement that are clear."""
_REFITS, _FIT_ROUNDS = 3, 50
"""Fits of what accuracies explain, each without the pairs that stood out in the last; rounds of each."""
_MOST_CODES, _UNITS = 6_000, 256
"""Codes up to which all pairs are counted in one table (288 MB); parts of a vote that soft votes are counted in."""


@dataclass(frozen=True)
class Overlaps:
    """How m labeling functions meet, m x m each."""

    shared: NDArray[np.float64]
    """Rows on which both vote."""
    alike: NDArray[np.float64]
    """Rows on which both vote for the same class."""


def overlaps(votes: EncodedVotes) -> Overlaps:
    """Count the meetings of all pairs; soft votes count with the product of their weights, to 1/256."""
    m, k = votes.n_lfs, votes.cardinality
    if m * k > _MOST_CODES:
        return _sparse_overlaps(votes)
    units = np.round(votes.weights * _UNITS).astype(np.int64)
    pairs = np.zeros((m * k, m * k), np.int64)
    kernels.count_pairs(votes.indptr, votes.codes, units, pairs)
    pairs += np.triu(pairs, 1).T
    by_class = pairs.reshape(m, k, m, k)
    scale = float(_UNITS**2) if votes.soft else 1.0
    return Overlaps(by_class.sum(axis=(1, 3)) / scale, np.einsum("ivjv->ij", by_class) / scale)


def _sparse_overlaps(votes: EncodedVotes) -> Overlaps:
    """As `overlaps`, without the table of all pairs of codes: for thousands of workers."""
    k = votes.cardinality
    data = votes.weights if votes.soft else np.ones(len(votes.codes))
    codes = sp.csr_array((data, votes.codes, votes.indptr), shape=(votes.n_rows, votes.n_lfs * k))
    by_class = [codes[:, np.arange(v, codes.shape[1], k)] for v in range(k)]
    fires = sum(by_class[1:], start=by_class[0])
    return Overlaps(_gram(fires), sum((_gram(part) for part in by_class[1:]), start=_gram(by_class[0])))


def copies(found: Overlaps) -> NDArray[np.int64]:
    """Number of the group of copies that each labeling function belongs to, most of them alone."""
    count = found.shared.diagonal()
    either = count[:, None] + count[None, :] - found.shared
    same = (found.shared >= _FEWEST_SHARED) & (found.shared > _SAME_ROWS * either)
    same &= found.alike > _SAME_VOTES * found.shared
    groups: NDArray[np.int64] = connected_components(sp.csr_array(same), directed=False)[1].astype(np.int64)
    return groups


def shares(groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight at which the members of a group together count once."""
    return 1 / np.bincount(groups)[groups]


def damping(
    found: Overlaps, groups: NDArray[np.int64], several: NDArray[np.bool_], cardinality: int
) -> NDArray[np.float64]:
    """Weigh down who agrees with some others more than their accuracies explain, m weights up to 1.

    If labeling functions err independently, the agreement of a pair above chance is a product of two
    numbers, one each. Those are fitted to all pairs, and what a pair agrees beyond them is its excess. It
    is measured on the agreements alone, before any model is fitted: with accuracies that are still
    too low, everybody would seem to agree too much, be damped, and the accuracies would fall further.

    Only labeling functions that vote for several classes are compared: two that vote for one and the
    same class agree wherever they meet, which says nothing about dependence.

    Parameters
    ----------
    found
        From `overlaps`.
    groups
        From `copies`; pairs inside a group are left to `shares`.
    several
        Whether a labeling function votes for more than one class, m.
    cardinality
        Number of classes.
    """
    pairs = (found.shared >= _FEWEST_SHARED) & np.outer(several, several) & (groups[:, None] != groups[None, :])
    shared = np.maximum(found.shared, 1)
    alike = found.alike / shared
    chance = 1 / cardinality
    above_chance = (alike - chance) / (1 - chance)
    clear = np.zeros_like(pairs)
    for _ in range(_REFITS):
        strength = _product_fit(above_chance, np.where(pairs & ~clear, found.shared, 0))
        explained = chance + (1 - chance) * np.outer(strength, strength)
        excess = alike - explained
        clear = pairs & (excess > _CLEAR * np.sqrt(explained * (1 - explained) / shared))
    rho = np.where(clear, np.clip(excess / (1 - explained), 0, 1), 0)
    return 1 / (1 + rho @ shares(groups))


def _product_fit(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers from 0 to 1, one per labeling function, whose products are nearest to the values, by weighted squares."""
    strength = np.full(len(values), 0.6)
    for _ in range(_FIT_ROUNDS):
        below = weights @ strength**2
        nearest = np.divide((weights * values) @ strength, below, out=strength.copy(), where=below > 0)
        strength = (strength + np.clip(nearest, 0.01, 0.99)) / 2  # half a step: full ones swing to and fro
    return strength


def _gram(matrix: Any) -> NDArray[np.float64]:
    return (matrix.T @ matrix).toarray()
