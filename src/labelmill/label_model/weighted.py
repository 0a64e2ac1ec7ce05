"""Majority vote with one weight per labeling function, from how often it agrees with the others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labelmill.errors import LabelModelError
from labelmill.label_model import anchors
from labelmill.label_model.moment_model import MomentModel, overlaps
from labelmill.label_model.moments import Moments

_LOWEST = 0.01
"""An accuracy is kept this far above chance, and below 1."""
_ROUNDS, _LEAST_SKILL = 50, 0.05
"""Rounds of the substitution, and the least mean skill of others that is divided by."""


class WeightedVote(MomentModel):
    """Each vote counts with the log-odds of its labeling function's accuracy.

    The best way to pool independent votes whose accuracies are known [1]_, and a safe one where they must be
    estimated: here from the share of the others' votes on the same rows that each agrees with. Copies count
    once, abstaining says nothing, and no weight is below 0, so that with uniform classes votes that all agree are
    never overturned. One step up from `MajorityVote`.

    The accuracies assume that all sources are independent and equally careful about each class. Of rules that vote for
    one class only, those that often meet contradiction count less; that is all there is to see. It fails where most
    sources are wrong together, and where near-copies of a bad source are not near enough to be seen as such.

    Parameters
    ----------
    cardinality
        Number of classes, k.
    class_balance
        k shares that sum to 1; uniform if absent.
    anchor, anchor_votes
        Accuracy of a labeling function that nothing is known about, and how many votes that is worth.

    Attributes
    ----------
    accuracy_
        m: estimated share of right votes.
    evidence_, weights_, moments_
        As in `MomentModel`.

    Notes
    -----
    With g_j the share of the others' votes on j's rows that agree with j's, s_j = (g_j - 1/k) / (1 - 1/k)
    is in expectation the product of j's skill and the mean skill of the others. So skill_j = s_j / (mean skill of the
    others on j's rows), which is solved by substitution from skill = sqrt(mean of s) for all, and the accuracy is
    a_j = 1/k + (1 - 1/k) skill_j. A vote of j for l adds log(a_j (k - 1) / (1 - a_j)) to class l. Gold counts as votes
    that are known to be right or wrong.

    References
    ----------
    .. [1] S. Nitzan and J. Paroush, "Optimal decision rules in uncertain dichotomous choice situations",
       International Economic Review 23(2), 1982; compare N. Littlestone and M. K. Warmuth, "The weighted majority
       algorithm", Information and Computation 108(2), 1994.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 5000)
    >>> accuracies = (0.95, 0.6, 0.6, 0.6, 0.6)
    >>> L = np.stack([np.where(rng.random(5000) < a, truth, 1 - truth) for a in accuracies], axis=1)
    >>> model = WeightedVote(cardinality=2).fit(L)
    >>> model.accuracy_.round(1)
    array([0.9, 0.6, 0.6, 0.6, 0.6])
    >>> model.predict([[1, 0, 0, 0, 1], [-1, 0, 0, 1, -1]])
    array([1, 0])
    """

    def __init__(
        self,
        *,
        cardinality: int,
        class_balance: Sequence[float] | None = None,
        anchor: float = 0.8,
        anchor_votes: float = 100.0,
    ) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance
        self.anchor = anchor
        self.anchor_votes = anchor_votes

    def _fit_moments(self, moments: Moments, groups: NDArray[np.int64]) -> None:
        k = self.cardinality
        if not 1 / k < self.anchor < 1 or not self.anchor_votes > 0:
            raise LabelModelError(
                f"WeightedVote needs anchor above 1/{k} and below 1, and anchor_votes above 0; "
                f"it has {self.hyperparameters()}."
            )
        skill, told = self._skill(moments, groups)
        anchor = anchors.to_skill(self.anchor, k)
        seen = self.gold_votes_.sum(axis=(1, 2))
        right = np.einsum("jvv->j", self.gold_votes_)
        gold = seen - (seen - right) / (1 - 1 / k)  # their skill, times their number
        skill = (told * skill + self.anchor_votes * anchor + gold) / (told + self.anchor_votes + seen)
        self.accuracy_ = np.clip(1 / k + (1 - 1 / k) * skill, _LOWEST, 1 - _LOWEST)
        trusted = np.maximum(self.accuracy_, 1 / k + _LOWEST)
        weight = np.log(trusted * (k - 1) / (1 - trusted)) * self.weights_
        self.evidence_ = weight[:, None, None] * np.eye(k)
        self.silence_ = np.zeros(k)

    def _skill(self, moments: Moments, groups: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Skill of each labeling function by its agreement with others, and how many votes that is worth."""
        found = overlaps(moments)
        others = np.where(groups[:, None] != groups[None, :], self.weights_[None, :], 0)
        shared = (found.shared * others).sum(axis=1)
        alike = (found.alike * others).sum(axis=1)
        product = shared - (shared - alike) / (1 - 1 / self.cardinality)
        total = (shared * self.weights_).sum()
        mean = (product * self.weights_).sum() / max(total, 1e-12)
        if mean <= 0:  # the sources contradict each other: nobody is known to be better than another
            self._warn("the labeling functions agree no more than by chance: all count alike")
            return np.zeros_like(shared), np.zeros_like(shared)
        skill = np.full_like(shared, np.sqrt(mean))
        for _ in range(_ROUNDS):
            of_others = np.maximum((found.shared * others) @ skill, _LEAST_SKILL * shared)
            solved = np.divide(product, of_others, out=np.zeros_like(shared), where=of_others > 0)
            skill = (skill + np.clip(solved, -1, 1)) / 2  # full steps swing to and fro
        return skill, np.minimum(shared, moments.per_lf.sum(axis=1))
