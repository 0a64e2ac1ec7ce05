"""Models that learn from counts of pairs alone: exact, mergeable, and as fast for ten million rows as for ten.

The frame of `WeightedVote`, `Triplets` and `MatrixCompletion`, which differ in how they solve for the tables.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.errors import LabelModelError
from labelmill.label_model import accuracies, checks, dependencies
from labelmill.label_model.base import LabelModel
from labelmill.label_model.blocks import Block, open_blocks
from labelmill.label_model.cautious import DIGITS, CautiousModel
from labelmill.label_model.encoding import EncodedVotes, name_list
from labelmill.label_model.gold_rows import GoldRows
from labelmill.label_model.moments import Moments
from labelmill.label_model.posteriors import contributions, overturned


class MomentModel(CautiousModel):
    """Log-odds of a class = sum of the evidence of the votes + what the labeling functions say by abstaining.

    Attributes
    ----------
    moments_
        The counts that the model was fitted on.
    evidence_
        m x k x k: the log-odds that vote v of j adds to class y, beyond those of abstaining.
    silence_
        k: the log-odds of each class if everybody abstains; 0 where abstaining tells nothing.
    weights_
        m: 1, or less for each of several copies, which count once together.
    accuracy_
        m: estimated share of right votes.
    gold_votes_, gold_rows_
        m x k x k and k: how often j voted v where gold is y, and how many rows have gold y.
    gold_indptr_, gold_codes_, gold_weights_, gold_truth_
        The votes of the covered rows with gold, on which the temperature is learned anew with each change.
    """

    anchor: float = 0.8

    pairs_: NDArray[np.int64]
    counted_: NDArray[np.int64]
    gold_votes_: NDArray[np.float64]
    gold_rows_: NDArray[np.float64]
    gold_indptr_: NDArray[np.int64] = np.zeros(1, np.int64)  # models that were stored without them have these
    gold_codes_: NDArray[np.int32] = np.empty(0, np.int32)
    gold_weights_: NDArray[np.float64] = np.empty(0)
    gold_truth_: NDArray[np.int64] = np.empty(0, np.int64)
    silence_: NDArray[np.float64]
    accuracy_: NDArray[np.float64]

    # What a model supplies.

    @abstractmethod
    def _fit_moments(self, moments: Moments, groups: NDArray[np.int64]) -> None:
        """Set `evidence_`, `silence_`, `weights_` and `accuracy_`, or `_fall_back`; `groups` are the copies."""

    # What users call.

    @property
    def moments_(self) -> Moments:
        """The counts that the model was fitted on."""
        n_rows, unit = (int(x) for x in self.counted_)
        return Moments(self.pairs_, n_rows, self.cardinality, tuple(self.lf_names_), unit)

    def fit(self, L: Any, lf_names: Sequence[str] | None = None, gold: Any = None) -> Self:
        """Learn from votes, or from `Moments` that were counted before; see `LabelModel.fit`.

        From moments the fit takes the same time however many rows there are. Overturned rows can then not
        be counted, and gold, which needs the rows, is refused.
        """
        if not isinstance(L, Moments):
            return super().fit(L, lf_names, gold)
        if gold is not None:
            raise LabelModelError("gold needs the votes of its rows: give fit the votes, not their moments.")
        if L.cardinality != self.cardinality:
            raise LabelModelError(f"These moments are of {L.cardinality} classes, this model of {self.cardinality}.")
        if lf_names is not None and tuple(lf_names) != L.lf_names:
            raise LabelModelError("lf_names are not those of the moments, which bring their own: leave lf_names out.")
        if checks.to_estimate(self.class_balance):
            raise LabelModelError("class_balance 'estimate' needs the votes: give fit the votes, not their moments.")
        self.class_balance_ = checks.as_balance(self.class_balance, self.cardinality)
        self._set_gold(len(L.lf_names))
        self._refit(L)
        return self

    def partial_fit(self, L: Any, gold: Any = None) -> Self:
        """Learn from more rows: as if they had been among the rows from the beginning, bit by bit."""
        if not hasattr(self, "pairs_"):
            return self.fit(L, gold=gold)
        return self._change(L, gold, 1)

    def forget(self, L: Any, gold: Any = None) -> Self:
        """Learn from fewer rows: as if these had never been seen. Their gold must be given as it was before."""
        self._check_fitted()
        return self._change(L, gold, -1)

    # What a model calls that this one is a part of.

    def fit_part(self, whole: LabelModel, moments: Moments, gold: GoldRows | None = None) -> Self:
        """Learn from counts, with the class balance and the edges that are known already to the whole."""
        self.class_balance_ = whole.class_balance_
        self._set_gold(moments.n_lfs)
        if gold is not None:
            self._count_gold(gold.votes, gold.truth, 1)
        self._begin(moments)
        self.take_edges(whole)
        self._solve(moments)
        return self

    # How it is done.

    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        raise NotImplementedError("a moment model reads blocks, see _fit_blocks")

    def _fit_blocks(self, read: Callable[[], Iterator[Block]], gold: Callable[[int], Gold | None]) -> None:
        moments = Moments.read(read)
        self._set_gold(len(self.lf_names_))
        self._add_gold(read, gold(moments.n_rows), 1)
        self._refit(moments)
        # One more pass over the votes, none of them kept.
        self.diagnostics_["overturned"] = sum(
            int(overturned(self.probs_of(block.encoded), block.encoded).sum()) for block in read()
        )

    def _change(self, L: Any, gold: Any, sign: int) -> Self:
        moments = L if isinstance(L, Moments) else None
        if moments is None:
            read = open_blocks(L, self.cardinality, self.lf_names_)
            moments = Moments.read(read)
            truth = checks.as_gold(gold, moments.n_rows, self.cardinality)
        elif gold is not None:
            raise LabelModelError("gold needs the votes of its rows: give the votes, not their moments.")
        total = self.moments_ + moments if sign > 0 else self.moments_ - moments
        if L is not moments:
            self._add_gold(read, truth, sign)
        estimated = {name: self.diagnostics_[name] for name in ("class_balance",) if name in self.diagnostics_}
        self._refit(total)
        self.diagnostics_.update(estimated)  # it stays what it was on the first rows
        return self

    def _refit(self, moments: Moments) -> None:
        self._begin(moments)
        self._find_edges(moments)
        self._solve(moments)

    def _begin(self, moments: Moments) -> None:
        self.lf_names_ = list(moments.lf_names)
        self.pairs_ = moments.pairs
        self.counted_ = np.array([moments.n_rows, moments.unit])
        self.diagnostics_ = {"converged": True, "rounds": 0, "fallback": None, "warnings": [], "overturned": None}
        self.diagnostics_["fitted_on"] = moments.n_rows

    def _solve(self, moments: Moments) -> None:
        """Learn, where edges have been looked for."""
        found, counts = self._overlaps(moments), moments.per_lf
        groups = dependencies.copies(found)
        self.weights_ = dependencies.shares(groups)
        self._name_copies(groups)
        voted = counts.sum(axis=1) > 0
        if reason := self._why_not(counts, groups) or self._why_apart(found.shared > 0, groups, voted):
            self._fall_back(moments, reason)
        else:
            self._fit_moments(moments, groups)
            self._name_suspects(self.accuracy_, counts.sum(axis=1))
        for name in ("evidence_", "silence_", "accuracy_"):
            setattr(self, name, np.round(getattr(self, name), DIGITS))
        remembered = self._remembered()
        self._calibrate(remembered.votes, remembered.truth)
        if not counts.any():
            self._warn("no labeling function voted on any row: every row is uncovered")
        worth = np.minimum(self._worth(moments, groups), counts.sum(axis=1))
        self.lf_summary_ = accuracies.summarise(
            counts, moments.n_rows, self.lf_names_, self.accuracy_, self.weights_, worth
        )

    def _worth(self, moments: Moments, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        """How many votes whose truth is known would tell as much of each accuracy as the counts do, m."""
        return moments.per_lf.sum(axis=1)

    def _set_gold(self, n_lfs: int) -> None:
        self.gold_votes_ = np.zeros((n_lfs, self.cardinality, self.cardinality))
        self.gold_rows_ = np.zeros(self.cardinality)
        self._remember(GoldRows.none(n_lfs, self.cardinality))

    def _remembered(self) -> GoldRows:
        shape = self.cardinality, len(self.lf_names_)
        votes = EncodedVotes(self.gold_indptr_, self.gold_codes_, *shape, self.gold_weights_)
        return GoldRows(votes, self.gold_truth_)

    def _remember(self, rows: GoldRows) -> None:
        votes = rows.votes
        self.gold_indptr_, self.gold_codes_, self.gold_weights_ = votes.indptr, votes.codes, votes.weights
        self.gold_truth_ = rows.truth

    def _add_gold(self, read: Callable[[], Iterator[Block]], gold: Gold | None, sign: int) -> None:
        """Count the votes on the rows whose truth is known."""
        if gold is None:
            return
        start, rows = 0, self._remembered()
        for block in read():
            truth = gold[start : start + block.n_rows]
            start += block.n_rows
            known = truth != UNKNOWN
            if known.any():
                seen = block.encoded.rows(known)
                self._count_gold(seen, truth[known], sign)
                new = GoldRows(seen.rows(seen.covered), truth[known][seen.covered])
                rows = rows.plus(new) if sign > 0 else rows.minus(new)
        self._remember(rows)

    def _count_gold(self, votes: EncodedVotes, truth: NDArray[np.int64], sign: int) -> None:
        self.gold_votes_ += sign * votes.expected(np.eye(self.cardinality)[truth])
        self.gold_rows_ += sign * np.bincount(truth, minlength=self.cardinality)

    def _why_apart(self, meet: NDArray[np.bool_], groups: NDArray[np.int64], voted: NDArray[np.bool_]) -> str | None:
        """The same, if not all sources are joined by who meets whom; parts of a single source are no matter."""
        part = connected_components(sp.csr_array(meet), directed=False)[1]
        members = [np.flatnonzero((part == p) & voted) for p in range(part.max() + 1)]
        parts = [m for m in members if len(np.unique(groups[m])) > 1]
        if len(parts) < 2:
            return None
        return "the labeling functions fall apart into groups that never vote on the same row: " + "; ".join(
            name_list([self.lf_names_[j] for j in part]) for part in parts
        )

    def _fall_back(self, moments: Moments, reason: str) -> None:
        """Trust everybody equally: a majority vote in which copies count once."""
        self.evidence_, self.silence_ = self._equal_evidence(), np.zeros(self.cardinality)
        count = moments.per_lf.sum(axis=1)
        mean = (moments.per_lf * self._equal_precision()).sum(axis=1) / np.maximum(count, 1)
        self.accuracy_ = np.where(count > 0, mean, self.anchor)
        self._say_fallback(reason)

    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        return self.silence_ + votes.add_up(self.evidence_)

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        return contributions(votes, self.evidence_, self.silence_)
