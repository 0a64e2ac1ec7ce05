"""Learn only where something can be learned, and say what looks wrong: the frame of all models that learn.

Copies are one source; where too few sources are left, or nothing contradicts them, everybody is trusted equally and
the reason is named; who looks worse than chance is named afterwards.
"""

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model import accuracies, anchors
from labelmill.label_model.base import LabelModel
from labelmill.label_model.encoding import name_list

DIGITS = 10
"""What is learned is rounded to this, so that sums taken in another order (permuted rows, another number of
threads) give the same model, not one that differs by amplified rounding."""
FEWEST_SOURCES = 3
"""With fewer sources that are not copies nothing tells whose errors a conflict shows."""


class CautiousModel(LabelModel):
    """A label model that learns what a vote of each labeling function is worth."""

    anchor: float

    evidence_: NDArray[np.float64]
    weights_: NDArray[np.float64]

    def _why_not(self, per_lf: NDArray[np.float64], groups: NDArray[np.int64]) -> str | None:
        """Why nothing can be learned from these votes, m x k, if so; `groups` are the copies."""
        sources = len(np.unique(groups[per_lf.sum(axis=1) > 0]))
        if sources < FEWEST_SOURCES:
            return f"{sources} labeling functions voted (copies counted once), {FEWEST_SOURCES} are needed"
        voted = np.flatnonzero(per_lf.sum(axis=0))
        if len(voted) < 2:
            return f"all votes are for class {voted[0]}: nothing ever contradicts them"
        return None

    def _equal_precision(self) -> NDArray[np.float64]:
        """P(truth is l | a vote for l), k, of labeling functions that nothing is known about."""
        return anchors.from_skill(anchors.to_skill(self.anchor, self.cardinality), self.class_balance_)

    def _equal_evidence(self) -> NDArray[np.float64]:
        """The evidence of votes that are all worth the same, but for copies, which count once, m x k x k."""
        precision = np.tile(self._equal_precision(), (len(self.weights_), 1))
        return anchors.precision_evidence(precision, self.class_balance_) * self.weights_[:, None, None]

    def _say_fallback(self, reason: str) -> None:
        self.diagnostics_.update(fallback="majority vote")
        self._warn(f"no accuracies learned, weighted majority vote instead: {reason}")

    def _name_copies(self, groups: NDArray[np.int64]) -> None:
        sets = [np.flatnonzero(groups == g) for g in np.flatnonzero(np.bincount(groups) > 1)]
        self.diagnostics_["copies"] = [[self.lf_names_[j] for j in members] for members in sets]
        if sets:
            self._warn("copies of each other, counted once: " + "; ".join(map(name_list, self.diagnostics_["copies"])))

    def _name_suspects(self, accuracy: NDArray[np.float64], count: NDArray[np.float64]) -> None:
        """Name who looks worse than chance: without gold they count next to nothing, and their owner should know."""
        _, high = accuracies.interval(accuracy, count)
        suspects = [self.lf_names_[j] for j in np.flatnonzero((high < 1 / self.cardinality) & (count > 0))]
        self.diagnostics_["worse_than_chance"] = suspects
        if suspects:
            self._warn(f"right less often than chance, as far as the votes tell: {name_list(suspects)}")

    def _weights(self) -> NDArray[np.float64]:
        return self.weights_
