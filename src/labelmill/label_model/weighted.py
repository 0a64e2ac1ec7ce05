"""Majority vote with one weight per labeling function, from how often it agrees with the others."""

import numpy as np
from numpy.typing import NDArray

from labelmill.errors import LabelModelError
from labelmill.label_model import anchors, checks
from labelmill.label_model.moment_model import MomentModel
from labelmill.label_model.moments import Moments

_LOWEST = 0.01
"""An accuracy is kept this far above chance, and below 1."""
_ROUNDS, _LEAST_SKILL = 50, 0.05
"""Rounds of the substitution, and the least mean skill of others that is divided by."""


class WeightedVote(MomentModel):
    """Each vote counts with the log-odds of its labeling function's accuracy.

    The best way to pool independent votes whose accuracies are known [1]_, and a safe one where they must be
    estimated: here from how much more often than by chance [2]_ each agrees with the others. Copies count
    once, abstaining says nothing, and no weight is below 0, so that with uniform classes votes that all agree are
    never overturned. One step up from `MajorityVote`.

    Assumes that sources err independently and are equally careful about each class. Two rules that vote for one
    class each agree always or never, so nothing is learned from such a pair, and a set of such rules gets a majority
    vote. It fails where most sources are wrong together, and where near-copies of a bad source are not near
    enough to be seen as such.

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
    With o_jl the share of their common rows on which j and l agree, c_jl the agreement by chance, from how often
    each votes for each class, and skill = (accuracy - 1/k) / (1 - 1/k), in expectation

        (o_jl - c_jl) / (1 - c_jl) = skill_j skill_l.

    The mean of the left side over all others, weighted by their common rows and by c_jl (1 - c_jl), is then skill_j
    times the mean skill of the others, which is solved by substitution. A vote of j for l adds
    log(a_j (k - 1) / (1 - a_j)) to class l. Gold counts as votes that are known to be right or wrong.

    References
    ----------
    .. [1] S. Nitzan and J. Paroush, "Optimal decision rules in uncertain dichotomous choice situations",
       International Economic Review 23(2), 1982; compare N. Littlestone and M. K. Warmuth, "The weighted majority
       algorithm", Information and Computation 108(2), 1994.
    .. [2] J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
       Measurement 20(1), 1960.

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
        class_balance: checks.GivenBalance = None,
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
        if not told.any() and not self.gold_rows_.any():
            reason = (
                "as far as can be seen the labeling functions agree no more than by chance, or vote for one class each"
            )
            self._fall_back(moments, reason)
            return
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
        found, k = self._overlaps(moments), self.cardinality
        counts = moments.per_lf
        of_class = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        chance = np.minimum(of_class @ of_class.T, 1)
        others = np.where(groups[:, None] != groups[None, :], self.weights_[None, :], 0)
        # Two rules of one class agree always or never, whatever their skill: such pairs say nothing.
        others = others * chance * (1 - chance) / (1 / k * (1 - 1 / k))
        beyond = found.alike - found.shared * chance
        shared = found.shared * others
        product = np.divide(others * beyond, 1 - chance, out=np.zeros_like(beyond), where=others > 0).sum(axis=1)
        met = shared.sum(axis=1)
        mean = (product * self.weights_).sum() / max((met * self.weights_).sum(), 1e-12)
        if mean <= 0:
            return np.zeros_like(met), np.zeros_like(met)
        skill = np.full_like(met, np.sqrt(mean))
        for _ in range(_ROUNDS):
            of_others = np.maximum(shared @ skill, _LEAST_SKILL * met)
            solved = np.divide(product, of_others, out=np.zeros_like(met), where=of_others > 0)
            skill = (skill + np.clip(solved, -1, 1)) / 2  # full steps swing to and fro
        return skill, np.minimum(met, counts.sum(axis=1))
