"""Expectation maximisation that cannot run away: anchored, copies counted once, class masses tied.

The frame of `AnchoredPrecision` and `DawidSkene`, which differ in what a vote tells about the truth.
"""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.errors import LabelModelError
from labelmill.label_model import anchors, checks, class_mass, dependencies
from labelmill.label_model.accuracies import interval
from labelmill.label_model.base import LabelModel
from labelmill.label_model.encoding import EncodedVotes, name_list
from labelmill.label_model.posteriors import leaders, posterior, spread

_DIGITS = 10
"""What is learned is rounded to this in each round, so that sums taken in another order (permuted
rows, another number of threads) give the same model, not one that differs by amplified rounding."""
_GOLD_ANCHOR_VOTES = 10.0
"""How many votes the anchor is worth beside gold, when the rounds begin."""
_MASS_GOLD = 50.0
"""Gold rows from which on the class masses follow the first guess by gold more than the majority vote."""
_FEWEST_SOURCES = 3
"""With fewer sources that are not copies nothing tells whose errors a conflict shows."""


class AnchoredEM(LabelModel):
    """Posterior = class balance x the evidence of each vote x a bias per class; see the members."""

    anchor: float
    anchor_votes: float
    majority_share: float
    calibrate: bool
    temper: float
    max_iter: int
    tol: float

    precision_: NDArray[np.float64]
    evidence_: NDArray[np.float64]
    class_bias_: NDArray[np.float64]
    weights_: NDArray[np.float64]

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
        max_iter: int = 100,
        tol: float = 1e-6,
    ) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance
        self.anchor = anchor
        self.anchor_votes = anchor_votes
        self.majority_share = majority_share
        self.calibrate = calibrate
        self.temper = temper
        self.max_iter = max_iter
        self.tol = tol

    @abstractmethod
    def _evidence(
        self, expected: NDArray[np.float64], counts: NDArray[np.float64], precision: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Log-odds that vote v of labeling function j adds to class y, m x k x k."""

    def _check_hyperparameters(self) -> None:
        allowed = {
            f"anchor above 1/{self.cardinality} and below 1": 1 / self.cardinality < self.anchor < 1,
            "anchor_votes above 0": self.anchor_votes > 0,
            "majority_share from 0 to 1": 0 <= self.majority_share <= 1,
            "temper from 0 to 1": 0 <= self.temper <= 1,
            "max_iter from 1 up": self.max_iter >= 1,
            "tol above 0": self.tol > 0,
        }
        if broken := [rule for rule, holds in allowed.items() if not holds]:
            raise LabelModelError(f"{type(self).__name__} needs {', '.join(broken)}; it has {self.hyperparameters()}.")

    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        self._fit_on(votes, gold, dependencies.overlaps(votes))

    def _fit_on(self, votes: EncodedVotes, gold: Gold | None, found: dependencies.Overlaps) -> None:
        """Learn, where it is known already how the labeling functions meet."""
        self._check_hyperparameters()
        groups = dependencies.copies(found)
        self._name_copies(groups)
        if reason := self._why_not(votes, groups):
            self._fall_back(votes, groups, reason)
            return
        self._learn(votes, found, groups, gold)
        if not all(np.isfinite(part).all() for part in (self.evidence_, self.class_bias_)):
            self._fall_back(votes, groups, "the rounds led to numbers that are not finite")
            return
        self._name_suspects(votes)

    def _learn(
        self, votes: EncodedVotes, found: dependencies.Overlaps, groups: NDArray[np.int64], gold: Gold | None
    ) -> None:
        counts = votes.per_lf
        once = dependencies.shares(groups)
        probs = _clamped(self._first_guess(votes, once, gold), gold)
        wished = self._wished_mass(votes, once, probs, gold)
        wished = np.where(counts.sum(axis=0) > 0, wished, 0)
        several = (counts > 0).sum(axis=1) > 1
        self.weights_ = once * dependencies.damping(found, groups, several, votes.cardinality)
        self.class_bias_ = np.zeros(votes.cardinality)
        tied = self._needs_tie(counts)
        prior = np.log(self.class_balance_)
        for rounds in range(1, self.max_iter + 1):
            expected = votes.expected(probs)
            precision = anchors.anchored_precision(
                expected, counts, self.class_balance_, anchor=self.anchor, strength=self.anchor_votes
            )
            self.precision_ = np.round(precision, _DIGITS)
            evidence = np.round(self._evidence(expected, counts, self.precision_), _DIGITS)
            self.evidence_ = evidence * self.weights_[:, None, None]
            scores = prior + self._evidence_of(votes)
            if tied:
                bias = class_mass.tie(scores, votes.row_weights, wished, self.class_bias_)
                self.class_bias_ = np.round(bias, _DIGITS)
            last, probs = probs, _clamped(posterior(scores + self.class_bias_), gold)
            change = float(np.abs(probs - last).max())
            self.diagnostics_.update(rounds=rounds, converged=change <= self.tol)
            if change <= self.tol:
                return
        self._warn(f"not settled after {self.max_iter} rounds: the last one moved a probability by {change:.2g}")

    def _first_guess(self, votes: EncodedVotes, once: NDArray[np.float64], gold: Gold | None) -> Probs:
        """The majority vote, copies counted once; with gold, a vote weighted by what gold says of each voter.

        From the majority vote the rounds would find their way back to the majority, also where gold
        says that it is wrong.
        """
        if gold is None:
            return leaders(votes.tally(once))
        known = gold != UNKNOWN
        seen = votes.rows(known)
        precision = anchors.anchored_precision(
            seen.expected(np.eye(votes.cardinality)[gold[known]]),
            seen.per_lf,
            self.class_balance_,
            anchor=self.anchor,
            strength=_GOLD_ANCHOR_VOTES,
        )
        evidence = anchors.precision_evidence(precision, self.class_balance_) * once[:, None, None]
        return posterior(np.log(self.class_balance_) + votes.add_up(evidence))

    def _wished_mass(
        self, votes: EncodedVotes, once: NDArray[np.float64], probs: Probs, gold: Gold | None
    ) -> NDArray[np.float64]:
        """Class masses to hold the rows to: those of the majority vote and, the more gold, of the first guess from it.

        From ten gold rows alone the first guess only breaks ties, all the same way: it must not move the masses.
        """

        def target(leads: Probs) -> NDArray[np.float64]:
            return class_mass.target(leads, votes.row_weights, self.class_balance_, majority_share=self.majority_share)

        by_votes = target(leaders(votes.tally(once)))
        if gold is None:
            return by_votes
        n_gold = float((gold != UNKNOWN).sum())
        return (_MASS_GOLD * by_votes + n_gold * target(leaders(probs))) / (_MASS_GOLD + n_gold)

    def _needs_tie(self, counts: NDArray[np.float64]) -> bool:
        """Whether the votes leave the class mass open, so that it must be tied."""
        return True

    def _evidence_of(self, votes: EncodedVotes) -> Probs:
        """Sum of the evidence of the votes of each row, n x k, tempered if so wished."""
        total = votes.add_up(self.evidence_)
        return total / np.maximum(votes.per_row, 1)[:, None] ** self.temper if self.temper else total

    def _why_not(self, votes: EncodedVotes, groups: NDArray[np.int64]) -> str | None:
        """Why nothing can be learned from these votes, if so."""
        sources = len(np.unique(groups[votes.per_lf.sum(axis=1) > 0]))
        if sources < _FEWEST_SOURCES:
            return f"{sources} labeling functions voted (copies counted once), {_FEWEST_SOURCES} are needed"
        voted = np.flatnonzero(votes.per_lf.sum(axis=0))
        if len(voted) < 2:
            return f"all votes are for class {voted[0]}: nothing ever contradicts them"
        return None

    def _fall_back(self, votes: EncodedVotes, groups: NDArray[np.int64], reason: str) -> None:
        """Trust everybody equally: a majority vote in which copies count once."""
        skill = anchors.to_skill(self.anchor, votes.cardinality)
        self.precision_ = np.tile(anchors.from_skill(skill, self.class_balance_), (votes.n_lfs, 1))
        self.weights_ = dependencies.shares(groups)
        self.evidence_ = anchors.precision_evidence(self.precision_, self.class_balance_)
        self.evidence_ = self.evidence_ * self.weights_[:, None, None]
        self.class_bias_ = np.zeros(votes.cardinality)
        self.diagnostics_.update(fallback="majority vote")
        self._warn(f"no accuracies learned, weighted majority vote instead: {reason}")

    def _name_copies(self, groups: NDArray[np.int64]) -> None:
        sets = [np.flatnonzero(groups == g) for g in np.flatnonzero(np.bincount(groups) > 1)]
        self.diagnostics_["copies"] = [[self.lf_names_[j] for j in members] for members in sets]
        if sets:
            self._warn("copies of each other, counted once: " + "; ".join(map(name_list, self.diagnostics_["copies"])))

    def _name_suspects(self, votes: EncodedVotes) -> None:
        """Name who looks worse than chance: they count next to nothing, and their owner should know."""
        right = np.einsum("jll->j", votes.expected(posterior(self._scores(votes))))
        count = votes.per_lf.sum(axis=1)
        _, high = interval(right / np.maximum(count, 1), count)
        suspects = [self.lf_names_[j] for j in np.flatnonzero((high < 1 / votes.cardinality) & (count > 0))]
        self.diagnostics_["worse_than_chance"] = suspects
        if suspects:
            self._warn(f"right less often than chance, as far as the votes tell: {name_list(suspects)}")

    def _accuracies(self, votes: EncodedVotes) -> NDArray[np.float64]:
        count = votes.per_lf.sum(axis=1)
        mean = (self.precision_ * votes.per_lf).sum(axis=1) / np.maximum(count, 1)
        return np.where(count > 0, mean, self.anchor)

    def _weights(self) -> NDArray[np.float64]:
        return self.weights_

    def _scores(self, votes: EncodedVotes) -> Probs:
        return np.log(self.class_balance_) + self._evidence_of(votes) + self.class_bias_

    def _shape(self, votes: EncodedVotes, scores: Probs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How much of the bias each row takes, and what its log-odds are multiplied by.

        Votes are never quite independent, so log-odds that are summed over many of them are too sure;
        dividing by the root of their number leaves the order of the classes as it is.
        """
        bias_share = class_mass.held_back(scores, self.class_bias_, votes.unanimous)
        power = max(0.5 - self.temper, 0.0) if self.calibrate else 0.0
        scale = 1 / np.maximum(votes.per_row, 1) ** power
        return bias_share, scale

    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        evidence = self._evidence_of(votes)
        bias_share, scale = self._shape(votes, np.log(self.class_balance_) + evidence)
        return (evidence + bias_share[:, None] * self.class_bias_) * scale[:, None]

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        """Each vote's evidence, and an equal part of the row's class bias."""
        rows = votes.rows_of_codes
        bias_share, scale = self._shape(votes, np.log(self.class_balance_) + self._evidence_of(votes))
        bias = (bias_share / np.maximum(votes.per_row, 1))[rows, None] * self.class_bias_
        of_codes = self.evidence_.reshape(-1, votes.cardinality)[votes.codes]
        of_codes = of_codes / np.maximum(votes.per_row, 1)[rows, None] ** self.temper
        return spread(votes, (of_codes + bias) * scale[rows, None])


def _clamped(probs: Probs, gold: Gold | None) -> Probs:
    """Put certainty where the truth is known, so that gold enters the counts like any other row."""
    if gold is not None:
        rows = np.flatnonzero(gold != UNKNOWN)
        probs[rows] = 0.0
        probs[rows, gold[rows]] = 1.0
    return probs
