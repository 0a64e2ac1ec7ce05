"""Learn only where something can be learned: the frame of the models that are fitted in rounds.

Copies are found first; where nothing tells whose errors a conflict shows, everybody is trusted equally
and the reason is named; who looks worse than chance is named afterwards.
"""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.errors import LabelModelError
from labelmill.label_model import accuracies, anchors, class_mass, dependencies
from labelmill.label_model.base import LabelModel
from labelmill.label_model.encoding import EncodedVotes, name_list
from labelmill.label_model.posteriors import leaders, posterior

DIGITS = 10
"""What is learned is rounded to this in each round, so that sums taken in another order (permuted
rows, another number of threads) give the same model, not one that differs by amplified rounding."""
_GOLD_ANCHOR_VOTES = 10.0
"""How many votes the anchor is worth beside gold, when the rounds begin."""
_MASS_GOLD = 50.0
"""Gold rows from which on the class masses follow the first guess by gold more than the majority vote."""
_FEWEST_SOURCES = 3
"""With fewer sources that are not copies nothing tells whose errors a conflict shows."""


class GuardedModel(LabelModel):
    """Learns in rounds, from the majority vote with copies counted once; a model supplies the rounds."""

    anchor: float
    anchor_votes: float
    majority_share: float = 0.5
    max_iter: int
    tol: float

    evidence_: NDArray[np.float64]
    weights_: NDArray[np.float64]

    @abstractmethod
    def _learn(
        self, votes: EncodedVotes, found: dependencies.Overlaps, groups: NDArray[np.int64], gold: Gold | None
    ) -> None:
        """The rounds; `groups` are the copies."""

    @abstractmethod
    def _trust_equally(self, votes: EncodedVotes, evidence: NDArray[np.float64]) -> None:
        """Take the evidence of votes that are all worth the same; `weights_` are set."""

    def _rules(self) -> dict[str, bool]:
        """What the hyper-parameters must be, in words, and whether they are."""
        return {
            f"anchor above 1/{self.cardinality} and below 1": 1 / self.cardinality < self.anchor < 1,
            "anchor_votes above 0": self.anchor_votes > 0,
            "max_iter from 1 up": self.max_iter >= 1,
            "tol above 0": self.tol > 0,
        }

    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        self._fit_on(votes, gold, self._overlaps(votes))

    def _fit_on(self, votes: EncodedVotes, gold: Gold | None, found: dependencies.Overlaps) -> None:
        """Learn, where it is known already how the labeling functions meet."""
        if broken := [rule for rule, holds in self._rules().items() if not holds]:
            raise LabelModelError(f"{type(self).__name__} needs {', '.join(broken)}; it has {self.hyperparameters()}.")
        groups = dependencies.copies(found)
        self._name_copies(groups)
        if reason := self._why_not(votes, groups):
            self._fall_back(votes, groups, reason)
            return
        self._learn(votes, found, groups, gold)
        if not self._finite():
            self._fall_back(votes, groups, "the rounds led to numbers that are not finite")

    def _finite(self) -> bool:
        return bool(np.isfinite(self.evidence_).all())

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

        wished = target(leaders(votes.tally(once)))
        if gold is not None:
            n_gold = float((gold != UNKNOWN).sum())
            wished = (_MASS_GOLD * wished + n_gold * target(leaders(probs))) / (_MASS_GOLD + n_gold)
        return np.where(votes.per_lf.sum(axis=0) > 0, wished, 0)

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
        self.weights_ = dependencies.shares(groups)
        evidence = anchors.precision_evidence(self._equal_precision(votes.n_lfs), self.class_balance_)
        self._trust_equally(votes, evidence * self.weights_[:, None, None])
        self.diagnostics_.update(fallback="majority vote")
        self._warn(f"no accuracies learned, weighted majority vote instead: {reason}")

    def _equal_precision(self, n_lfs: int) -> NDArray[np.float64]:
        """P(truth is l | a vote for l), m x k, of labeling functions that nothing is known about."""
        skill = anchors.to_skill(self.anchor, self.cardinality)
        return np.tile(anchors.from_skill(skill, self.class_balance_), (n_lfs, 1))

    def _name_copies(self, groups: NDArray[np.int64]) -> None:
        sets = [np.flatnonzero(groups == g) for g in np.flatnonzero(np.bincount(groups) > 1)]
        self.diagnostics_["copies"] = [[self.lf_names_[j] for j in members] for members in sets]
        if sets:
            self._warn("copies of each other, counted once: " + "; ".join(map(name_list, self.diagnostics_["copies"])))

    def _look_back(self, votes: EncodedVotes, probs: Probs) -> None:
        super()._look_back(votes, probs)
        if self.diagnostics_["fallback"]:
            return
        count = votes.per_lf.sum(axis=1)
        _, high = accuracies.interval(accuracies.agreement(votes, probs), count)
        suspects = [self.lf_names_[j] for j in np.flatnonzero((high < 1 / votes.cardinality) & (count > 0))]
        self.diagnostics_["worse_than_chance"] = suspects
        if suspects:
            self._warn(f"right less often than chance, as far as the votes tell: {name_list(suspects)}")

    def _weights(self) -> NDArray[np.float64]:
        return self.weights_


def clamped(probs: Probs, gold: Gold | None) -> Probs:
    """Put certainty where the truth is known, so that gold enters the counts like any other row."""
    if gold is not None:
        rows = np.flatnonzero(gold != UNKNOWN)
        probs[rows] = 0.0
        probs[rows, gold[rows]] = 1.0
    return probs
