"""What all label models share: checks, posteriors, ties, uncovered rows, storing.

A model supplies `_fit` and `_log_likelihood`; the rest is written once, here.
"""

import inspect
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, Preds, Probs, Votes
from labelmill.errors import LabelModelError
from labelmill.label_model import accuracies, calibration, checks, persistence
from labelmill.label_model.blocks import Block, open_blocks, shape_of
from labelmill.label_model.edge_search import EdgeSearch
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.gathering import gather
from labelmill.label_model.posteriors import decide, overturned, posterior, spread

if TYPE_CHECKING:
    from labelmill.label_model.class_balance import ClassBalance


class LabelModel(EdgeSearch):
    """Learns from votes alone how far to trust each labeling function.

    `L` is everywhere an integer array n x m (-1: abstain), a scipy sparse matrix of vote + 1, a data
    frame with one column per labeling function (and maybe a column `id`, which is left out), a `Votes` with soft
    votes, the path of the table that stage `label` writes, or a `VoteStream`.

    Attributes
    ----------
    lf_names_
        Names of the labeling functions, in the order of the columns.
    class_balance_
        k: the share of each class before any vote is seen; with `class_balance="estimate"` that of
        `estimate_class_balance`, its interval in `diagnostics_["class_balance"]`.
    temperature_
        What log-probabilities are divided by, as gold rows say; 1 where there were none.
    lf_summary_
        One row per labeling function: its votes, coverage, estimated accuracy with a 95 % interval, weight.
    diagnostics_
        What there is to know about the fit: `converged`, `rounds`, `fallback`, `warnings`, `edges` ...
    edges_
        Pairs of labeling functions that depend on each other, with the evidence; see `edges.find_edges`.
    """

    max_rows: int = 100_000
    """Covered rows from which a model learns from a sample; see `gathering`. Predictions are of all rows."""

    class_balance: checks.GivenBalance
    class_balance_: NDArray[np.float64]
    lf_summary_: pd.DataFrame
    temperature_: NDArray[np.float64] = np.ones(())  # models that were stored without it have this one

    # What a model supplies.

    @abstractmethod
    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        """Learn; every array to keep is set as an attribute whose name ends in `_`."""

    @abstractmethod
    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        """Log P(votes of the row | class), n x k, up to a constant per row; uncovered rows are ignored."""

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        """Share of each vote in `_log_likelihood`, n x m x k; equal ones unless the model knows better."""
        return spread(votes, (self._log_likelihood(votes) / np.maximum(votes.per_row, 1)[:, None])[votes.rows_of_codes])

    def _weights(self) -> NDArray[np.float64] | None:
        """How much a vote of each labeling function counts beside an independent one."""
        return None

    # What users call.

    def fit(self, L: Any, lf_names: Sequence[str] | None = None, gold: Any = None) -> Self:
        """Learn from votes.

        Parameters
        ----------
        L
            The votes.
        lf_names
            Names of the labeling functions; the columns of a data frame, else `lf_0`, `lf_1` ..., if absent.
        gold
            n true classes, -1 where unknown, for the few rows that may have one; not needed.

        Raises
        ------
        LabelModelError
            L is no label matrix; the message names the row, the labeling function and the value.
        """
        estimate = checks.to_estimate(self.class_balance)
        self.class_balance_ = checks.as_balance(None if estimate else self.class_balance, self.cardinality)
        read = open_blocks(L, self.cardinality, lf_names)
        first = next(read())
        if first.n_lfs == 0:
            raise LabelModelError("L has no column: a label model needs at least one labeling function.")
        self.lf_names_ = checks.as_names(first.lf_names, first.n_lfs)
        self.diagnostics_ = {"converged": True, "rounds": 0, "fallback": None, "warnings": []}
        found = self._estimated_balance(L, gold) if estimate else None
        self._fit_blocks(read, lambda n: checks.as_gold(gold, n, self.cardinality))
        if found is not None:
            shares = {name: getattr(found, name).tolist() for name in ("balance", "low", "high")}
            self.diagnostics_["class_balance"] = {**shares, "source": found.source}
            for warning in found.warnings:
                self._warn(warning)
        return self

    def predict_proba(self, L: Any) -> Probs:
        """Probability of each class, n x k; rows sum to 1. Uncovered rows get the class balance."""
        parts = (self.probs_of_block(block) for block in self._blocks(L))
        n_rows = shape_of(L)[:1]
        if not n_rows:
            return np.concatenate(list(parts))
        probs, start = np.empty((n_rows[0], self.cardinality)), 0  # in its place at once: half of the memory
        for part in parts:
            probs[start : start + len(part)] = part
            start += len(part)
        return probs

    def predict(self, L: Any) -> Preds:
        """Most likely class of each row; -1 where nobody voted or the first two classes are equally likely."""
        return np.concatenate([decide(self.probs_of_block(b), b.encoded.covered) for b in self._blocks(L)])

    def covered(self, L: Any) -> NDArray[np.bool_]:
        """Whether any labeling function voted on each row."""
        return np.concatenate([block.encoded.covered for block in self._blocks(L)])

    def explain(self, L: Any) -> NDArray[np.float64]:
        """What each labeling function adds to the log-odds of each class of a row, n x m x k.

        The sum over the labeling functions plus `log(class_balance_)` is the log of the posterior, up
        to a constant per row. Takes m * k numbers a row: give it the rows that are looked at.
        """
        return np.concatenate([self._explained(block.encoded) for block in self._blocks(L)])

    def hyperparameters(self) -> dict[str, Any]:
        """What the model was made with, by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def save(self, folder: Path | str) -> None:
        """Store the fitted model as a folder of JSON and npz, checksums in its manifest."""
        self._check_fitted()
        persistence.save(self, Path(folder))

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a model of this class back; `label_model.load` finds the class by itself."""
        return persistence.load(Path(folder), {cls.__name__: cls})  # type: ignore[return-value]

    # What the models use.

    def _fit_blocks(self, read: Callable[[], Iterator[Block]], gold: Callable[[int], Gold | None]) -> None:
        """Learn from checked votes; `gold` gives the true classes once the number of rows is known."""
        data = gather(read, gold=gold, most_rows=self.max_rows)
        self.diagnostics_["fitted_on"] = data.votes.n_rows
        self._find_edges(data.votes)
        self._fit(data.votes, data.gold)
        truth = data.gold if data.gold is not None else np.full(data.votes.n_rows, UNKNOWN)
        known = np.flatnonzero(truth != UNKNOWN)
        self._calibrate(data.votes.rows(known), truth[known])
        if not data.n_covered:
            self._warn("no labeling function voted on any row: every row is uncovered")
        probs = self.probs_of(data.votes)
        self._look_back(data.votes, probs)
        accuracy = self._accuracies(data.votes, probs)
        count = data.votes.per_lf.sum(axis=1)
        told = accuracies.told(count, accuracy, accuracies.doubt(data.votes, probs))
        told *= data.votes.n_rows / max(float(data.votes.row_weights.sum()), 1.0)  # of a sample, no more than it has
        self.lf_summary_ = accuracies.summarise(
            data.per_lf, data.n_rows, self.lf_names_, accuracy, self._weights(), told
        )

    def _estimated_balance(self, L: Any, gold: Any) -> "ClassBalance":
        # Imported here, since what estimates it fits models that are made of this class.
        from labelmill.label_model.class_balance import estimate_class_balance  # noqa: PLC0415

        found = estimate_class_balance(L, cardinality=self.cardinality, lf_names=self.lf_names_, gold=gold, shares=())
        self.class_balance_ = found.balance
        return found

    def _calibrate(self, votes: EncodedVotes, truth: NDArray[np.int64]) -> None:
        """Learn the temperature from rows with votes whose true class is known."""
        log_probs = np.log(self.class_balance_) + self._log_likelihood(votes)
        self.temperature_ = np.array(calibration.temperature(log_probs, truth))

    def _warn(self, message: str) -> None:
        self.diagnostics_["warnings"].append(message)

    def _accuracies(self, votes: EncodedVotes, probs: Probs) -> NDArray[np.float64]:
        """Estimated share of right votes of each labeling function, here by the model's own posterior."""
        return accuracies.agreement(votes, probs)

    def probs_of(self, votes: EncodedVotes) -> Probs:
        """Posterior of encoded votes; here by way of `_log_likelihood`."""
        score = np.log(self.class_balance_) + np.where(votes.covered[:, None], self._log_likelihood(votes), 0.0)
        probs = np.ascontiguousarray(posterior(score / self.temperature_))
        probs[~votes.covered] = self.class_balance_
        return probs

    def _explained(self, votes: EncodedVotes) -> NDArray[np.float64]:
        """The contributions at the temperature; what that takes from the class balance is spread over the votes."""
        prior = np.log(self.class_balance_) - np.log(self.class_balance_).mean()
        taken = (1 / self.temperature_ - 1) * prior / np.maximum(votes.per_row, 1)[:, None]
        return self._contributions(votes) / self.temperature_ + spread(votes, taken[votes.rows_of_codes])

    def probs_of_block(self, block: Block) -> Probs:
        """Posterior of one block of rows, which a model may have without encoding them."""
        return self.probs_of(block.encoded)

    def _look_back(self, votes: EncodedVotes, probs: Probs) -> None:
        """Say what the fit came to: here, how many rows are decided against votes that all agree."""
        self.diagnostics_["overturned"] = round(float(votes.row_weights[overturned(probs, votes)].sum()))

    def _check_fitted(self) -> None:
        if not hasattr(self, "lf_summary_"):
            raise LabelModelError(f"This {type(self).__name__} is not fitted yet: call fit(L) first.")

    def _blocks(self, L: Any) -> Iterator[Block]:
        self._check_fitted()
        shape = shape_of(L)
        framed = hasattr(L.L if isinstance(L, Votes) else L, "columns")  # of which the names are compared
        if len(shape) == 2 and not framed and shape[1] != len(self.lf_names_):
            raise LabelModelError(
                f"L has {shape[1]} columns: this model was fitted on {len(self.lf_names_)} labeling functions."
            )
        yield from open_blocks(L, self.cardinality, self.lf_names_)()
