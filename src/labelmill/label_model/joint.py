"""Joint tables P(votes of a clique | truth): as counted, but rare cells do not overfit, and sums are kept."""

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.cliques import Cliques

_CELL_ROWS = 20.0
"""How many rows of a cell the independent labeling functions' opinion about its truth is worth."""
_SWEEPS, _SETTLED = 20, 1e-6
"""Most sweeps towards the tables of the members, and the relative gap that ends them."""
_LEAST = 1e-3
"""Least P(cell | y), as a share of what it were if the members were independent."""


def independent(cliques: Cliques, singles: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(cell | y) if the members were independent, cells x k; `singles` is m x (k + 1) x k, abstaining first."""
    out = np.empty((cliques.n_cells, singles.shape[2]))
    for members, cells, digits in cliques.by_size:
        out[cells] = np.prod([singles[member][:, digit] for member, digit in zip(members.T, digits, strict=True)], 0)
    return out


def joint_tables(
    cliques: Cliques,
    counts: NDArray[np.float64],
    rows: NDArray[np.float64],
    singles: NDArray[np.float64],
    balance: NDArray[np.float64],
) -> NDArray[np.float64]:
    """P(cell | y), cells x k, above 0; summed over the other members it is the table of each member.

    What a cell tells about the truth is how its rows fall on the classes. This is smoothed: `_CELL_ROWS` rows
    fall as they would if the members were independent. How frequent the cell is is not, beyond one row for
    all cells. Smoothing and anchors move the sums; iterative scaling [1]_, which leaves the dependence as it is
    and needs no order of the members, brings them back, and what gap is left is closed exactly by

        P(cell | y) / independent  +=  sum over members of  1 - sum of the joint table / table of the member.

    Where a cell then lies below `_LEAST`, its clique is mixed with independent members until none does.

    Parameters
    ----------
    cliques
        c cliques.
    counts
        Cells x k: expected rows by cell and truth; the cell in which all abstain is not looked at.
    rows
        k: expected rows by truth.
    singles
        m x (k + 1) x k: P(vote | y), abstaining first.
    balance
        k: the share of each class.

    References
    ----------
    .. [1] J. N. Darroch and D. Ratcliff, "Generalized iterative scaling for log-linear models", Annals of
       Mathematical Statistics 43(5), 1972.
    """
    out = independent(cliques, singles)
    for members, cells, digits in cliques.by_size:
        seen, apart = counts[cells], out[cells]
        seen[:, 0] = np.maximum(rows - seen[:, 1:].sum(axis=1), 0)
        total = seen.sum(axis=2, keepdims=True)
        prior = apart * balance
        chance = prior.sum(axis=2, keepdims=True)
        joint = (total + chance) * (seen + _CELL_ROWS * prior / chance) / (total + _CELL_ROWS)
        joint /= joint.sum(axis=1, keepdims=True)
        for _ in range(_SWEEPS):
            short = _short_of(joint, singles[members], digits)
            if np.abs(short - 1).max() <= _SETTLED:
                break
            joint *= np.prod(short, axis=0) ** (1 / len(digits))
            joint /= joint.sum(axis=1, keepdims=True)
        lift = joint / apart + (1 - 1 / _short_of(joint, singles[members], digits)).sum(axis=0)
        lowest = lift.min(axis=1, keepdims=True)
        mixed = np.where(lowest < _LEAST, (_LEAST - lowest) / (1 - lowest), 0)
        out[cells] = apart * ((1 - mixed) * lift + mixed)
    return out


def _short_of(
    joint: NDArray[np.float64], singles: NDArray[np.float64], digits: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The table of each member over the sum of the joint table, at each cell: size x c x cells x k."""
    size, base, k = singles.shape[1:]
    shaped, out = joint.reshape(-1, *[base] * size, k), np.empty((size, *joint.shape))
    for member, digit in enumerate(digits):
        sums = shaped.sum(axis=tuple(axis + 1 for axis in range(size) if axis != member))
        out[member] = (singles[:, member] / sums)[:, digit]
    return out
