"""Accuracies in closed form, from triples of labeling functions."""

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.covariances import Covariances, even_tables
from labelmill.label_model.table_model import TableModel

_PARTNERS = 60
"""Codes with which each code forms triples: those that tell most about it."""
_CLEAR = 3.0
"""Standard errors that the covariance in the denominator of a triple is expected to have."""
_EFFICIENCY = 2 / np.pi
"""Information of a median, as a share of that of a mean."""
_PASSES = 2
_SIGN_ROUNDS = 50


class Triplets(TableModel):
    """Learns P(vote | truth), abstaining included, from covariances of three votes at a time.

    The method of FlyingSquid [1]_. Of three labeling functions that err independently, the three
    covariances give the strength of each in closed form; the answer is the weighted median over all triples that
    overlap enough, so that a few dependent pairs do no harm. Above two classes, each class stands against the rest.
    Unlike the original, abstaining counts as a vote that was not cast. So rules that vote for one class only, which
    never contradict each other, can be told apart as well.

    Needs three sources that are better than random on the whole, the share of each class, and errors that are
    independent and, above two classes, fall evenly on the wrong classes. It fails where most sources are wrong
    together, where coverage follows something else than the class (long mails set off all rules; then give
    `abstains_inform=False`), and where the class balance is far from the one given.

    Parameters
    ----------
    cardinality
        Number of classes, k.
    class_balance
        k shares that sum to 1; uniform if absent. Shares of all rows, those without votes among them.
    anchor, anchor_votes
        Accuracy of a labeling function that nothing is known about, and how many votes that is worth.
    abstains_inform
        Whether a row's posterior counts who abstained on it.
    edges
        Pairs of labeling functions, by name or position, that depend on each other: no triple has both. Found from
        the votes if absent; `edges_` tells which, and why.
    no_edges
        Pairs that are independent however alike they look.

    Attributes
    ----------
    tables_, abstains_
        m x k x k and m x k: P(j votes v | y) and P(j abstains | y).
    evidence_, silence_, weights_, accuracy_, moments_
        As in `MomentModel`.

    Notes
    -----
    For votes a = (j, v), b = (l, u) and pi the class balance, Cov(a, b) = G_vu d_a d_b with d_a = P(a | v) -
    P(a | not v), G_vv = pi_v (1 - pi_v) and G_vu = -pi_v pi_u. With R_ab = Cov(a, b) / G_vu, each triple says

        d_a^2 = R_ab R_ac / R_bc.

    Signs follow the assumption that most votes are better than random. P(a | y) = P(a) + d_a ([y = v] - pi_v).

    References
    ----------
    .. [1] D. Y. Fu et al., "Fast and three-rious: speeding up weak supervision with triplet methods", ICML 2020.

    Examples
    --------
    Rules that vote for one class only, two of them weak, and one source that votes for both.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 20_000)
    >>> def rule(label, hit, slip):
    ...     return np.where(rng.random(20_000) < np.where(truth == label, hit, slip), label, -1)
    >>> columns = [rule(1, 0.5, 0.05), rule(1, 0.4, 0.3), rule(0, 0.6, 0.1), rule(0, 0.3, 0.2), rule(1, 0.3, 0.02)]
    >>> L = np.stack([*columns, np.where(rng.random(20_000) < 0.8, truth, 1 - truth)], axis=1)
    >>> model = Triplets(cardinality=2).fit(L)
    >>> model.accuracy_.round(1)
    array([0.9, 0.6, 0.9, 0.6, 0.9, 0.8])
    """

    def _deviations(
        self, found: Covariances, anchor: NDArray[np.float64], held: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        strength = anchor
        for _ in range(_PASSES):
            squares, told = _squares(found, np.abs(strength))
            size = np.sqrt(np.maximum(squares, 0))
            signs = _signs(found, np.where(told > 0, size, np.abs(strength)), np.sign(anchor))
            strength = np.clip((told * signs * size + held * anchor) / (told + held), -found.most, found.most)
        return even_tables(found, strength)


def _squares(found: Covariances, strength: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Square of the strength of each code by its triples, and the information of that strength.

    Which triples, and how much each counts, follows from the strengths that are believed so far.
    """
    pattern2 = found.pattern**2
    told = found.n * pattern2 @ strength**2 * _EFFICIENCY
    safe = np.where(found.pattern == 0, 1, found.pattern)
    ratio = found.corr / safe
    squares = np.zeros_like(strength)
    for a in np.flatnonzero(told > 0):
        value = pattern2[a] * strength**2
        most = np.sort(value)[-_PARTNERS:][0]
        partners = np.flatnonzero((value >= most) & (value > 0))
        b, c = (partners[index] for index in np.triu_indices(len(partners), 1))
        meet = pattern2[b, c] > 0
        b, c = b[meet], c[meet]
        size = found.n * pattern2[b, c] * (strength[b] * strength[c]) ** 2
        clear = (size > _CLEAR**2) & (found.corr[b, c] != 0)
        if not clear.any():
            told[a] = 0
            continue
        b, c, size = b[clear], c[clear], size[clear]
        values = ratio[a, b] * ratio[a, c] / ratio[b, c]
        own = found.n * max(strength[a], 1e-6) ** 2
        spread = 1 / (own * value[b]) + 1 / (own * value[c]) + 1 / size
        squares[a] = _weighted_median(values, 1 / spread)
    return squares, told


def _weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Where half of the weight lies below; half way between two values if it falls on the gap between them."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    half = below[-1] / 2
    first, second = np.searchsorted(below, [half * (1 - 1e-9), half * (1 + 1e-9)])
    return float((values[order[first]] + values[order[min(second, len(order) - 1)]]) / 2)


def _signs(found: Covariances, size: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which codes vote with the majority, 1, and which against it, -1: by power iteration from the anchors' signs."""
    pull = found.pattern * found.corr * np.outer(size, size)
    norm = np.maximum(np.abs(pull).sum(axis=1), 1e-300)
    signs = start.copy()
    for _ in range(_SIGN_ROUNDS):
        signs = (signs + pull @ signs / norm) / 2
    return np.where(signs < 0, -1.0, 1.0)
