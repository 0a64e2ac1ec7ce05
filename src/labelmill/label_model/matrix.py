"""Tables P(vote | truth) by completing the matrix of second moments."""

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.covariances import FLOOR, Covariances, even_tables
from labelmill.label_model.table_model import TableModel

_MOST_ROUNDS, _SETTLED = 500, 1e-6
"""Rounds of each fit, and the change that ends it."""
_EVEN_VOTES = 10.0
"""How many times more than the anchor the rule that errors fall evenly is worth."""
_DIGITS = 12
"""Rounded in each round, so that sums taken in another order do not lead elsewhere."""


class MatrixCompletion(TableModel):
    """Learns P(vote | truth), abstaining included, such that it explains how often each two votes meet.

    The method of MeTaL [1]_: the counts of a labeling function with itself, and of pairs that depend on each other, are
    missing from the matrix of second moments; the tables are those that explain the rest best, by weighted
    least squares. First one strength per vote, as if errors fell evenly on the wrong classes, then, above two
    classes, full tables near it. Each round is a few products of small matrices: no gradient descent, no seed.

    Needs three sources that are better than random on the whole, the share of each class, and errors that are
    independent, except along `edges`. Above two classes, second moments leave the tables open up to a
    rotation [1]_; of all that explain them alike, those with the most even errors are taken. It fails where
    most sources are wrong together, where coverage follows something else than the class (then give
    `abstains_inform=False`), and where the class balance is far from the one given.

    Parameters
    ----------
    cardinality, class_balance, anchor, anchor_votes, abstains_inform
        As in `Triplets`.
    edges, no_edges
        As in `Triplets`; of pairs in `edges` the moments are left out.

    Attributes
    ----------
    tables_, abstains_
        m x k x k and m x k: P(j votes v | y) and P(j abstains | y).
    evidence_, silence_, weights_, accuracy_, moments_
        As in `MomentModel`.

    Notes
    -----
    With mu the m * k x k matrix of P(vote | y), O = L'L / n of the one-hot votes and pi the class balance,

        minimise  sum over pairs (a, b) of different labeling functions, edges left out, of
                  (O_ab - [mu diag(pi) mu']_ab)^2 / (Var(a) Var(b))     with mu pi = the observed shares,

    plus the anchor. Rows of mu are kept above 0; given y, the votes of a labeling function and its abstaining sum to 1.

    References
    ----------
    .. [1] A. Ratner et al., "Training complex models with multi-task weak supervision", AAAI 2019.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 3, 20_000)
    >>> def source(accuracy):
    ...     other = (truth + rng.integers(1, 3, 20_000)) % 3
    ...     vote = np.where(rng.random(20_000) < accuracy, truth, other)
    ...     return np.where(rng.random(20_000) < 0.5, vote, -1)
    >>> L = np.stack([source(accuracy) for accuracy in (0.9, 0.8, 0.7, 0.6, 0.5)], axis=1)
    >>> MatrixCompletion(cardinality=3).fit(L).accuracy_.round(1)
    array([0.9, 0.8, 0.7, 0.6, 0.5])
    """

    def _deviations(
        self, found: Covariances, anchor: NDArray[np.float64], held: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        order = found.order()
        codes, back = found.codes(order), np.argsort(order)
        ordered, held = found.reordered(order), held[codes]
        even = even_tables(ordered, self._one_strength_each(ordered, anchor[codes], held))
        if found.cardinality == 2:
            return even[back]
        return self._full_tables(ordered, even, held, self.gold_votes_[order])[back]

    def _one_strength_each(
        self, found: Covariances, anchor: NDArray[np.float64], held: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The strengths whose products explain the covariances best."""
        pattern2, product = found.n * found.pattern**2, found.n * found.pattern * found.corr
        strength = anchor
        for rounds in range(1, _MOST_ROUNDS + 1):
            nearest = (product @ strength + held * anchor) / (pattern2 @ strength**2 + held)
            nearest = np.clip(nearest, -found.most, found.most)
            last, strength = strength, np.round((strength + nearest) / 2, _DIGITS)  # full steps swing to and fro
            if self._settled(strength - last, rounds):
                break
        return strength

    def _full_tables(
        self,
        found: Covariances,
        even: NDArray[np.float64],
        held: NDArray[np.float64],
        gold_votes: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """The tables that explain the covariances best, near `even`; from there a rotation would not be corrected."""
        m, k = found.n_lfs, found.cardinality
        root = np.sqrt(found.balance)
        sd = found.sd.reshape(m, k, 1)
        start = even * root / sd
        pull = (held / (found.share * (1 - found.share))).reshape(m, k, 1) * _EVEN_VOTES
        rows = self.gold_rows_
        seen = gold_votes / np.maximum(rows, 1) - found.mean.reshape(m, k, 1)
        near = pull * start + rows / found.balance * (seen * root / sd)
        known = np.diag(rows / found.balance)
        least = (FLOOR - 1) * found.mean.reshape(m, k, 1) * root / sd
        apart = found.apart.astype(np.float64)
        loads = start
        for rounds in range(1, _MOST_ROUNDS + 1):
            flat = loads.reshape(m * k, k)
            grams = loads.transpose(0, 2, 1) @ loads
            target = found.n * (found.corr @ flat).reshape(m, k, k) + near
            nearest = np.maximum(_solved(found.n * np.tensordot(apart, grams, axes=1) + known, pull, target), least)
            nearest -= (nearest @ root)[..., None] * root  # so that the shares of the votes stay as observed
            last, loads = loads, np.round((loads + nearest) / 2, _DIGITS)
            if self._settled(loads - last, rounds):
                break
        return loads * sd / root

    def _settled(self, change: NDArray[np.float64], rounds: int) -> bool:
        largest = float(np.abs(change).max(initial=0.0))
        self.diagnostics_["rounds"] += 1
        self.diagnostics_["converged"] = largest <= _SETTLED
        if rounds == _MOST_ROUNDS and largest > _SETTLED:
            self._warn(f"not settled after {rounds} rounds: the last one moved a strength by {largest:.2g}")
        return largest <= _SETTLED


def _solved(system: NDArray[np.float64], held: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The x with (system of j + held of j and v) x = target of j and v, m x k x k.

    The systems of the votes of one source differ by a multiple of the identity: the same axes solve them all.
    """
    size, axes = np.linalg.eigh(system)
    out: NDArray[np.float64] = (target @ axes / (size[:, None] + held)) @ axes.transpose(0, 2, 1)
    return out
