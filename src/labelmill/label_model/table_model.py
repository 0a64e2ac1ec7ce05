"""Moment models that learn tables P(vote | truth), abstentions among them: `Triplets` and `MatrixCompletion`."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from labelmill.errors import LabelModelError
from labelmill.label_model import checks, covariances
from labelmill.label_model.cautious import FEWEST_SOURCES
from labelmill.label_model.covariances import Covariances
from labelmill.label_model.moment_model import MomentModel
from labelmill.label_model.moments import Moments

_LEAST = 0.02
"""Log-odds that a vote adds to its own class at least, without gold: no vote counts for nothing, or against itself."""
_CLEAR = 2.0
"""Standard errors by which gold must contradict the anchors before they are turned round."""


class TableModel(MomentModel):
    """Solves for P(vote | truth) by covariances; see the members.

    Attributes
    ----------
    tables_
        m x k x k: P(j votes v | truth y), at [j, v, y].
    abstains_
        m x k: P(j abstains | truth y).
    """

    anchor_votes: float
    abstains_inform: bool

    tables_: NDArray[np.float64]
    abstains_: NDArray[np.float64]

    def __init__(
        self,
        *,
        cardinality: int,
        class_balance: checks.GivenBalance = None,
        anchor: float = 0.8,
        anchor_votes: float = 20.0,
        abstains_inform: bool = True,
        edges: checks.Pairs | None = None,
        no_edges: checks.Pairs = (),
    ) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance
        self.anchor = anchor
        self.anchor_votes = anchor_votes
        self.abstains_inform = abstains_inform
        self.edges = edges
        self.no_edges = no_edges

    @abstractmethod
    def _deviations(
        self, found: Covariances, anchor: NDArray[np.float64], held: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """P(j votes v | y) - P(j votes v), m x k x k.

        `anchor` is the strength of each code that is believed before any covariance is seen, gold
        included, and `held` the information behind it.
        """

    def _fit_moments(self, moments: Moments, groups: NDArray[np.int64]) -> None:
        if not 1 / self.cardinality < self.anchor < 1 or not self.anchor_votes > 0:
            raise LabelModelError(
                f"{type(self).__name__} needs anchor above 1/{self.cardinality} and below 1, and anchor_votes above 0; "
                f"it has {self.hyperparameters()}."
            )
        found = self._found(moments, groups)
        anchor = found.anchor(self.anchor)
        related = found.related(anchor)
        sources = len(np.unique(groups[related.any(axis=1)]))
        if sources < FEWEST_SOURCES:
            self.tables_, self.abstains_ = covariances.valid_tables(found, covariances.even_tables(found, anchor))
            reason = f"{sources} labeling functions agree with others more than by chance, {FEWEST_SOURCES} are needed"
            self._fall_back(moments, reason)
            return
        believed, held = self._with_gold(found, anchor)
        self.tables_, self.abstains_ = covariances.valid_tables(found, self._deviations(found, believed, held))
        self.diagnostics_["misfit"] = covariances.misfit(found, self.tables_)
        self._set_accuracies(moments)
        self.evidence_, self.silence_ = self.log_odds(abstains_inform=self.abstains_inform)

    def _found(self, moments: Moments, groups: NDArray[np.int64]) -> Covariances:
        apart = groups[:, None] != groups[None, :]
        apart &= ~(self._declared()[0] if self.edges is not None else self._excess() != 0)
        return covariances.covariances(moments, self.class_balance_, apart)

    def _worth(self, moments: Moments, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        if self.diagnostics_["fallback"]:
            return super()._worth(moments, groups)
        found = self._found(moments, groups)
        held = self._with_gold(found, found.anchor(self.anchor))[1]
        variance = covariances.accuracy_variance(found, self.tables_, held).reshape(moments.n_lfs, -1)
        share = moments.per_lf / np.maximum(moments.per_lf.sum(axis=1, keepdims=True), 1)
        spread = (share * np.sqrt(variance)).sum(axis=1) ** 2  # its votes for several classes err together
        return self.accuracy_ * (1 - self.accuracy_) / np.maximum(spread, 1e-12)

    def _fall_back(self, moments: Moments, reason: str) -> None:
        super()._fall_back(moments, reason)
        self.tables_ = np.full_like(self.evidence_, 1 / (self.cardinality + 1))
        self.abstains_ = np.full((moments.n_lfs, self.cardinality), 1 / (self.cardinality + 1))

    def _with_gold(
        self, found: Covariances, anchor: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The anchors and what they are worth, moved by what gold counts."""
        held = found.anchor_information(self.anchor, self.anchor_votes)
        if not self.gold_rows_.any():
            return anchor, held
        rows = self.gold_rows_
        own = np.einsum("jvv->jv", self.gold_votes_)
        hit = own / np.maximum(rows, 1)
        slip = (self.gold_votes_.sum(axis=2) - own) / np.maximum(rows.sum() - rows, 1)
        seen = (hit - slip).ravel() / found.sd
        counted = np.tile(rows * (rows.sum() - rows) / rows.sum(), found.n_lfs)
        # Clearly more votes against the anchors than for them: most labeling functions are adversaries.
        if (counted * seen * anchor).sum() < -_CLEAR * np.sqrt((counted * anchor**2).sum()):
            anchor = -anchor
        return (held * anchor + counted * seen) / (held + counted), held + counted

    def _set_accuracies(self, moments: Moments) -> None:
        right = np.einsum("jvv,v->j", self.tables_, self.class_balance_)
        votes = np.einsum("jvy,y->j", self.tables_, self.class_balance_)
        self.accuracy_ = np.where(moments.per_lf.any(axis=1), right / votes, self.anchor)

    def log_odds(self, *, abstains_inform: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What votes and silence say, by the tables. Without gold, no vote speaks against its own class."""
        logs = np.log(self.tables_)
        own = np.einsum("jvv->jv", logs)  # a view: what is written to it is written to `logs`
        if not self.gold_rows_.any():
            k = self.cardinality
            other = np.where(np.eye(k, dtype=bool), -np.inf, logs).max(axis=2)
            logs[:, np.arange(k), np.arange(k)] = np.maximum(own, other + _LEAST)
        weights = self.weights_[:, None]
        silent = np.log(self.abstains_) if abstains_inform else np.zeros_like(self.abstains_)
        total = (silent * weights).sum(axis=0)
        return (logs - silent[:, None, :]) * weights[:, :, None], total - total.mean()
