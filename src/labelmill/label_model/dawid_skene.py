"""A confusion matrix per labeling function, where its votes can carry one."""

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Gold
from labelmill.label_model import checks
from labelmill.label_model.anchors import confusion_evidence, precision_evidence
from labelmill.label_model.em import AnchoredEM
from labelmill.label_model.encoding import EncodedVotes

_SETTLED = 0.95
"""Share of the votes that must be of labeling functions with a confusion matrix for the class mass to be left free."""
_VOTES, _ANCHOR = 50.0, 10.0
"""Defaults of `confusion_votes` and `confusion_anchor`."""


class DawidSkene(AnchoredEM):
    """Learns P(labeling function j votes l | truth is y), for crowd workers and models as labeling functions.

    The model of Dawid and Skene [1]_ with Dirichlet anchors (compare [2]_). A labeling function gets a
    confusion matrix only if it votes for at least two classes and casts `confusion_votes` votes per
    class; the others are modelled as in `AnchoredPrecision`, since a confusion matrix of a one-class rule
    says nothing and lets the model collapse. The class balance is fixed, abstaining says nothing, and
    copies and damping are those of `AnchoredPrecision`, and so is the tie of the class mass, unless
    nearly all votes have a confusion matrix, which settles it.

    Parameters
    ----------
    cardinality, class_balance, anchor, anchor_votes, majority_share, calibrate, temper, max_iter, tol, edges, no_edges
        As in `AnchoredPrecision`.
    confusion_votes
        Votes per class below which a labeling function gets no confusion matrix.
    confusion_anchor
        How many votes per true class the prior of a confusion matrix is worth.

    Attributes
    ----------
    has_confusion_
        m: which labeling functions got a confusion matrix.
    precision_, evidence_, weights_, class_bias_
        As in `AnchoredPrecision`.

    References
    ----------
    .. [1] A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using the
       EM algorithm", Applied Statistics 28(1), 1979.
    .. [2] H.-C. Kim and Z. Ghahramani, "Bayesian classifier combination", AISTATS 2012.

    Examples
    --------
    Four workers who are right seven times of ten, and two who overlook every second 1 but never make one up.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = np.repeat([0, 1], 200)
    >>> careless = [np.where(rng.random(400) < 0.7, truth, 1 - truth) for _ in range(4)]
    >>> timid = [np.where(rng.random(400) < 0.5, truth, 0) for _ in range(2)]
    >>> L = np.stack([*careless, *timid], axis=1)
    >>> model = DawidSkene(cardinality=2).fit(L)
    >>> model.predict([[0, 0, 0, 0, 1, 1], [1, 1, 1, 0, 0, 0]])
    array([1, 0])
    >>> float((model.predict(L) == truth).mean())
    0.9
    """

    has_confusion_: NDArray[np.bool_]

    def __init__(
        self,
        *,
        cardinality: int,
        class_balance: checks.GivenBalance = None,
        anchor: float = 0.8,
        anchor_votes: float = 100.0,
        majority_share: float = 0.5,
        calibrate: bool = True,
        temper: float = 0.0,
        confusion_votes: float = _VOTES,
        confusion_anchor: float = _ANCHOR,
        max_iter: int = 100,
        tol: float = 1e-6,
        edges: checks.Pairs | None = None,
        no_edges: checks.Pairs = (),
    ) -> None:
        super().__init__(
            cardinality=cardinality,
            class_balance=class_balance,
            anchor=anchor,
            anchor_votes=anchor_votes,
            majority_share=majority_share,
            calibrate=calibrate,
            temper=temper,
            max_iter=max_iter,
            tol=tol,
            edges=edges,
            no_edges=no_edges,
        )
        self.confusion_votes = confusion_votes
        self.confusion_anchor = confusion_anchor

    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        self.has_confusion_ = np.zeros(votes.n_lfs, dtype=bool)  # stays so where nothing can be learned
        super()._fit(votes, gold)

    def _needs_tie(self, counts: NDArray[np.float64]) -> bool:
        return not settles_mass(counts, confusion_votes=self.confusion_votes)

    def _evidence(
        self, expected: NDArray[np.float64], counts: NDArray[np.float64], precision: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        self.has_confusion_ = can_confuse(counts, confusion_votes=self.confusion_votes)
        return vote_evidence(
            expected,
            counts,
            precision,
            self.class_balance_,
            confusion_votes=self.confusion_votes,
            confusion_anchor=self.confusion_anchor,
        )


def can_confuse(counts: NDArray[np.float64], *, confusion_votes: float = _VOTES) -> NDArray[np.bool_]:
    """Which labeling functions cast enough votes for a confusion matrix, m, from their votes by class, m x k."""
    return ((counts > 0).sum(axis=1) > 1) & (counts.sum(axis=1) / counts.shape[1] >= confusion_votes)


def settles_mass(counts: NDArray[np.float64], *, confusion_votes: float = _VOTES) -> bool:
    """Whether confusion matrices settle the class mass by themselves: where nearly all votes have one."""
    with_confusion = counts[can_confuse(counts, confusion_votes=confusion_votes)].sum()
    return bool(with_confusion >= _SETTLED * counts.sum())


def vote_evidence(
    expected: NDArray[np.float64],
    counts: NDArray[np.float64],
    precision: NDArray[np.float64],
    balance: NDArray[np.float64],
    *,
    confusion_votes: float = _VOTES,
    confusion_anchor: float = _ANCHOR,
) -> NDArray[np.float64]:
    """Log-odds that a vote adds to each class, m x k x k: by confusion matrix where the votes can carry one.

    `expected`, `counts` and `balance` are as in `anchors.anchored_precision`, `precision` is its result.
    """
    anchored = precision_evidence(precision, balance)
    confusion = confusion_evidence(expected, counts, precision, balance, strength=confusion_anchor)
    chosen = can_confuse(counts, confusion_votes=confusion_votes)
    return np.where(chosen[:, None, None], confusion, anchored)
