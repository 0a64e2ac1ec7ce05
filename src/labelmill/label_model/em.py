"""Expectation maximisation that cannot run away: anchored, copies counted once, class masses tied.

The frame of `AnchoredPrecision` and `DawidSkene`, which differ in what a vote tells about the truth.
"""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Gold, Probs
from labelmill.label_model import anchors, checks, class_mass, dependencies
from labelmill.label_model.cautious import DIGITS
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.guarded import GuardedModel, clamped
from labelmill.label_model.posteriors import posterior, spread


class AnchoredEM(GuardedModel):
    """Posterior = class balance x the evidence of each vote x a bias per class; see the members."""

    majority_share: float
    calibrate: bool
    temper: float

    precision_: NDArray[np.float64]
    class_bias_: NDArray[np.float64]

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
        edges: checks.Pairs | None = None,
        no_edges: checks.Pairs = (),
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
        self.edges = edges
        self.no_edges = no_edges

    @abstractmethod
    def _evidence(
        self, expected: NDArray[np.float64], counts: NDArray[np.float64], precision: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Log-odds that vote v of labeling function j adds to class y, m x k x k."""

    def _rules(self) -> dict[str, bool]:
        return super()._rules() | {
            "majority_share from 0 to 1": 0 <= self.majority_share <= 1,
            "temper from 0 to 1": 0 <= self.temper <= 1,
        }

    def _learn(
        self, votes: EncodedVotes, found: dependencies.Overlaps, groups: NDArray[np.int64], gold: Gold | None
    ) -> None:
        counts = votes.per_lf
        once = dependencies.shares(groups)
        probs = clamped(self._first_guess(votes, once, gold), gold)
        wished = self._wished_mass(votes, once, probs, gold, majority_share=self.majority_share)
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
            self.precision_ = np.round(precision, DIGITS)
            evidence = np.round(self._evidence(expected, counts, self.precision_), DIGITS)
            self.evidence_ = evidence * self.weights_[:, None, None]
            scores = prior + self._evidence_of(votes)
            if tied:
                bias = class_mass.tie(scores, votes.row_weights, wished, self.class_bias_)
                self.class_bias_ = np.round(bias, DIGITS)
            last, probs = probs, clamped(posterior(scores + self.class_bias_), gold)
            change = float(np.abs(probs - last).max())
            self.diagnostics_.update(rounds=rounds, converged=change <= self.tol)
            if change <= self.tol:
                return
        self._warn(f"not settled after {self.max_iter} rounds: the last one moved a probability by {change:.2g}")

    def _needs_tie(self, counts: NDArray[np.float64]) -> bool:
        """Whether the votes leave the class mass open, so that it must be tied."""
        return True

    def _evidence_of(self, votes: EncodedVotes) -> Probs:
        """Sum of the evidence of the votes of each row, n x k, tempered if so wished."""
        total = votes.add_up(self.evidence_)
        return total / np.maximum(votes.per_row, 1)[:, None] ** self.temper if self.temper else total

    def _trust_equally(self, votes: EncodedVotes, evidence: NDArray[np.float64]) -> None:
        self.precision_ = np.tile(self._equal_precision(), (votes.n_lfs, 1))
        self.evidence_ = evidence
        self.class_bias_ = np.zeros(votes.cardinality)

    def _finite(self) -> bool:
        return super()._finite() and bool(np.isfinite(self.class_bias_).all())

    def _accuracies(self, votes: EncodedVotes, probs: Probs) -> NDArray[np.float64]:
        count = votes.per_lf.sum(axis=1)
        mean = (self.precision_ * votes.per_lf).sum(axis=1) / np.maximum(count, 1)
        return np.where(count > 0, mean, self.anchor)

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
