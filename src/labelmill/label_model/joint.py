"""Joint tables P(votes of a clique | truth): as counted, but rare cells do not overfit, and sums are kept."""

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.cliques import Cliques

_CELL_ROWS = 20.0
"""How many rows of a cell the independent labeling functions' opinion about its truth is worth."""
_SWEEPS, _SETTLED = 100, 1e-8
"""Most sweeps over the members, and the relative change that ends them."""


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
    fall as they would if the members were independent. How frequent the cell is is not, beyond one row
    for all cells. Then iterative proportional fitting [1]_ restores the members' own tables and leaves the
    dependence, the odds ratios, as it is.

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
    .. [1] W. E. Deming and F. F. Stephan, "On a least squares adjustment of a sampled frequency table when the
       expected marginal totals are known", Annals of Mathematical Statistics 11(4), 1940.
    """
    out = independent(cliques, singles)
    for members, cells, digits in cliques.by_size:
        seen = counts[cells]
        seen[:, 0] = np.maximum(rows - seen[:, 1:].sum(axis=1), 0)
        total = seen.sum(axis=2, keepdims=True)
        apart = out[cells] * balance
        chance = apart.sum(axis=2, keepdims=True)
        split = (seen + _CELL_ROWS * apart / chance) / (total + _CELL_ROWS)
        out[cells] = _with_sums((total + chance) * split, singles[members], len(digits))
    return out


def _with_sums(joint: NDArray[np.float64], singles: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Scale joint tables, c x cells x k, so that each sums to the tables of its members, c x size x (k + 1) x k."""
    count, cells, k = joint.shape
    base = singles.shape[2]
    shaped = joint.reshape(count, *[base] * size, k)
    others = [tuple(axis + 1 for axis in range(size) if axis != member) for member in range(size)]
    wanted = [np.expand_dims(singles[:, member], axes) for member, axes in enumerate(others)]
    for _ in range(_SWEEPS):
        farthest = 0.0
        for sums, axes in zip(wanted, others, strict=True):
            ratio = sums / shaped.sum(axis=axes, keepdims=True)
            shaped = shaped * ratio
            farthest = max(farthest, float(np.abs(ratio - 1).max()))
        if farthest <= _SETTLED:
            break
    return shaped.reshape(count, cells, k)
