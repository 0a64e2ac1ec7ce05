"""Labeling functions that repeat each other: copies are counted once, agreement beyond chance is damped.

Both only need to know how often two labeling functions vote on the same row, and how often alike.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.moments import Moments

_SAME_ROWS, _SAME_VOTES = 0.9, 0.98
"""Jaccard overlap of the rows, and agreement on them, beyond which two labeling functions are copies."""
FEWEST_SHARED = 20
"""Rows below which a pair proves nothing: shared by two, or fired on by a rule."""
_CLEAR = 4.0
"""Standard errors of excess agreement that are clear."""
_MOSTLY, _GAP = 0.5, 2.0
"""Jaccard overlap and excess from which two are nearly copies, if they are as many times nearer to each other than to
outsiders."""
_REFITS, _FIT_ROUNDS = 3, 50
"""Fits of what accuracies explain, each without the pairs that stood out in the last; rounds of each."""
_MOST_CODES = 6_000
"""Codes up to which all pairs are counted in one table (288 MB)."""


@dataclass(frozen=True)
class Overlaps:
    """How m labeling functions meet, m x m each."""

    shared: NDArray[np.float64]
    """Rows on which both vote."""
    alike: NDArray[np.float64]
    """Rows on which both vote for the same class."""
    forbidden: NDArray[np.bool_] | None = None
    """Pairs that count as independent however they look."""
    excess: NDArray[np.float64] | None = None
    """How far each pair depends on each other, if edges were looked for; see `edges`."""
    declared: bool = False
    """Whether the edges are not found but declared."""
    near: NDArray[np.bool_] | None = None
    """Pairs that are one source though not exact copies; from `near_copies`."""


def overlaps(counted: EncodedVotes | Moments) -> Overlaps:
    """How labeling functions meet, from `meetings` where there is room for them."""
    if isinstance(counted, EncodedVotes) and counted.n_lfs * counted.cardinality > _MOST_CODES:
        return _sparse_overlaps(counted)
    return met(counted.meetings[0], counted.cardinality)


def met(pairs: NDArray[np.float64], cardinality: int, forbidden: NDArray[np.bool_] | None = None) -> Overlaps:
    """How labeling functions meet, from how often their votes do, m * k x m * k."""
    by_class = pairs.reshape(-1, cardinality, len(pairs) // cardinality, cardinality)
    return Overlaps(by_class.sum(axis=(1, 3)), np.einsum("ivjv->ij", by_class), forbidden)


def _sparse_overlaps(votes: EncodedVotes) -> Overlaps:
    """As `overlaps`, without the table of all pairs of codes: for thousands of workers."""
    codes = votes.one_hot()
    weights = votes.row_weights * (votes.n_rows / max(float(votes.row_weights.sum()), 1.0))  # as in `meetings`
    by_class = [codes[:, np.arange(v, codes.shape[1], votes.cardinality)] for v in range(votes.cardinality)]
    fires = sum(by_class[1:], start=by_class[0])
    alike = sum((_gram(part, weights) for part in by_class[1:]), start=_gram(by_class[0], weights))
    return Overlaps(_gram(fires, weights), alike)


def copies(found: Overlaps) -> NDArray[np.int64]:
    """Number of the group of copies that each labeling function belongs to, most of them alone."""
    count = found.shared.diagonal()
    either = count[:, None] + count[None, :] - found.shared
    same = (found.shared >= FEWEST_SHARED) & (found.shared > _SAME_ROWS * either)
    same &= found.alike > _SAME_VOTES * found.shared
    if found.near is not None:
        same |= found.near
    groups = _connected(same)
    if found.forbidden is not None:
        # Whoever is led to a forbidden partner, by others if not at once, is nobody's copy.
        alone = (found.forbidden & (groups[:, None] == groups[None, :])).any(axis=1)
        groups = _connected(same & ~alone[:, None] & ~alone[None, :])
    return groups


def shares(groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weight at which the members of a group together count once."""
    return 1 / np.bincount(groups)[groups]


def near_copies(found: Overlaps, excess: NDArray[np.float64], cardinality: int) -> NDArray[np.bool_]:
    """Pairs that are one source though not exact copies, m x m.

    Agreement alone does not tell: good labeling functions agree, too. A block is one source if each two of it vote
    on mostly the same rows and go more than half of the way from what the class explains to agreeing always, and
    if nobody else agrees with any of them half as much above chance: where an outsider does, they may share a truth
    rather than an origin.

    Parameters
    ----------
    found
        From `overlaps`.
    excess
        m x m: how far two vote alike beyond what the class explains, 0 where no edge was found; see `edges`.
    cardinality
        Number of classes.
    """
    chance = 1 / cardinality
    above = found.alike / np.maximum(found.shared, 1) - chance
    near = np.where(found.shared >= FEWEST_SHARED, above / (1 - chance), 0)
    count = found.shared.diagonal()
    excess = np.where(found.shared > _MOSTLY * (count[:, None] + count - found.shared), excess, 0)
    out = np.zeros(near.shape, dtype=bool)
    blocks = _connected(excess > _MOSTLY)
    for block in np.flatnonzero(np.bincount(blocks) > 1):
        inside = blocks == block
        pairs = np.outer(inside, inside) & ~np.eye(len(near), dtype=bool)
        to_outsiders = np.abs(near[inside][:, ~inside]).max(initial=0.0)
        if inside.all() or excess[pairs].min() <= _MOSTLY or near[pairs].min() <= _GAP * to_outsiders:
            continue
        out |= pairs
    return out


def damping(
    found: Overlaps, groups: NDArray[np.int64], several: NDArray[np.bool_], cardinality: int
) -> NDArray[np.float64]:
    """Weigh down who agrees with some others more than their accuracies explain, m weights up to 1.

    If labeling functions err independently, the agreement of a pair above chance is a product of two
    numbers, one each. Those are fitted to all pairs, and what a pair agrees beyond them is its excess. It
    is measured on the agreements alone, before any model is fitted: with accuracies that are still
    too low, everybody would seem to agree too much, be damped, and the accuracies would fall further.

    Only labeling functions that vote for several classes are compared: two that vote for one and the same class agree
    wherever they meet, which says nothing about dependence, and to damp those that fire together lost on some real
    sets what it gained on others. Where edges were looked for, nobody else is damped; where they were declared, the
    pairs are damped by their own excess, of whichever kind they are.

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
    apart = groups[:, None] != groups[None, :]
    if found.declared and found.excess is not None:
        rho = np.clip(np.where(apart, found.excess, 0), 0, 1)
    else:
        compared = np.outer(several, several) & apart
        if found.forbidden is not None:
            compared &= ~found.forbidden
        rho = _excess_agreement(found, compared, cardinality)
        if found.excess is not None:
            rho = np.where(found.excess > 0, rho, 0)
    return 1 / (1 + rho @ shares(groups))


def _excess_agreement(found: Overlaps, compared: NDArray[np.bool_], cardinality: int) -> NDArray[np.float64]:
    """How far two agree beyond what their accuracies explain, 0 to 1, m x m; 0 where that is not clear."""
    out = np.zeros_like(found.shared)
    pairs = (found.shared >= FEWEST_SHARED) & compared
    met = np.flatnonzero(pairs.any(axis=1))
    if not len(met):
        return out
    # Of thousands of workers few met anybody often enough: only their part of the tables is worked on.
    inside = np.ix_(met, met)
    pairs, shared = pairs[inside], np.maximum(found.shared[inside], 1)
    alike = found.alike[inside] / shared
    chance = 1 / cardinality
    above_chance = (alike - chance) / (1 - chance)
    clear = np.zeros_like(pairs)
    for _ in range(_REFITS):
        strength = _product_fit(above_chance, np.where(pairs & ~clear, shared, 0))
        explained = chance + (1 - chance) * np.outer(strength, strength)
        excess = alike - explained
        clear = pairs & (excess > _CLEAR * np.sqrt(explained * (1 - explained) / shared))
    out[inside] = np.where(clear, np.clip(excess / (1 - explained), 0, 1), 0)
    return out


def _product_fit(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers from 0 to 1, one per labeling function, whose products are nearest to the values, by weighted squares."""
    strength = np.full(len(values), 0.6)
    weighted = weights * values
    for _ in range(_FIT_ROUNDS):
        below = weights @ strength**2
        nearest = np.divide(weighted @ strength, below, out=strength.copy(), where=below > 0)
        strength = (strength + np.clip(nearest, 0.01, 0.99)) / 2  # half a step: full ones swing to and fro
    return strength


def _connected(linked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the connected part that each belongs to."""
    groups: NDArray[np.int64] = connected_components(sp.csr_array(linked), directed=False)[1].astype(np.int64)
    return groups


def _gram(matrix: Any, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return (matrix.T @ (sp.diags_array(weights) @ matrix)).toarray()
