"""The frame of the models that are fitted to the rows: from the majority vote on, gold counted in."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.errors import LabelModelError
from labelmill.label_model import accuracies, anchors, class_mass, dependencies
from labelmill.label_model.cautious import CautiousModel
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.posteriors import leaders, posterior

_GOLD_ANCHOR_VOTES = 10.0
"""How many votes the anchor is worth beside gold, when the rounds begin."""
_MASS_GOLD = 50.0
"""Gold rows from which on the class masses follow the first guess by gold more than the majority vote."""


class GuardedModel(CautiousModel):
    """Learns in one or more rounds, from the majority vote with copies counted once; a model supplies the rounds."""

    anchor_votes: float
    max_iter: int
    tol: float

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
        found = self._overlaps(votes)
        if broken := [rule for rule, holds in self._rules().items() if not holds]:
            raise LabelModelError(f"{type(self).__name__} needs {', '.join(broken)}; it has {self.hyperparameters()}.")
        groups = dependencies.copies(found)
        self._name_copies(groups)
        if reason := self._why_not(votes.per_lf, groups):
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
        self,
        votes: EncodedVotes,
        once: NDArray[np.float64],
        probs: Probs,
        gold: Gold | None,
        *,
        majority_share: float,
    ) -> NDArray[np.float64]:
        """Class masses to hold the rows to: those of the majority vote and, the more gold, of the first guess from it.

        From ten gold rows alone the first guess only breaks ties, all the same way: it must not move the masses.
        """

        def target(leads: Probs) -> NDArray[np.float64]:
            return class_mass.target(leads, votes.row_weights, self.class_balance_, majority_share=majority_share)

        wished = target(leaders(votes.tally(once)))
        if gold is not None:
            n_gold = float((gold != UNKNOWN).sum())
            wished = (_MASS_GOLD * wished + n_gold * target(leaders(probs))) / (_MASS_GOLD + n_gold)
        return np.where(votes.per_lf.sum(axis=0) > 0, wished, 0)

    def _fall_back(self, votes: EncodedVotes, groups: NDArray[np.int64], reason: str) -> None:
        """Trust everybody equally: a majority vote in which copies count once."""
        self.weights_ = dependencies.shares(groups)
        self._trust_equally(votes, self._equal_evidence())
        self._say_fallback(reason)

    def _look_back(self, votes: EncodedVotes, probs: Probs) -> None:
        super()._look_back(votes, probs)
        if not self.diagnostics_["fallback"]:
            self._name_suspects(accuracies.agreement(votes, probs), votes.per_lf.sum(axis=1))


def clamped(probs: Probs, gold: Gold | None) -> Probs:
    """Put certainty where the truth is known, so that gold enters the counts like any other row."""
    if gold is not None:
        rows = np.flatnonzero(gold != UNKNOWN)
        probs[rows] = 0.0
        probs[rows, gold[rows]] = 1.0
    return probs
