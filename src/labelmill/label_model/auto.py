"""The label model to take when nothing is known about the votes: a pool of three that guard each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.errors import LabelModelError
from labelmill.label_model import checks, dependencies
from labelmill.label_model.base import LabelModel
from labelmill.label_model.dawid_skene import DawidSkene
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.posteriors import posterior, spread

_NAMES = ("bold", "cautious")
_ANCHOR_VOTES = (100.0, 1000.0)
_TEMPERS = (0.0, 0.5)
"""The bold member moves fast from its anchors; the cautious one slowly, and trusts many votes less than their sum."""
_CALIBRATION = 0.3
"""Power of the number of votes that the pooled log-odds are divided by: votes are never quite independent."""
_LEAST = 1e-12


class Auto(LabelModel):
    """A log-opinion pool [1]_ of two anchored models, mixed with the share of the votes.

    No label model is best on all votes, and which is best cannot be told from the votes: those that
    explain them best are not those that find the truth. So none is chosen. The *bold* member is
    `DawidSkene` with weak anchors, which follows the votes far; the *cautious* one has anchors ten times as
    strong and divides the evidence of a row by the root of its number of votes in each round. Their
    log-probabilities are averaged, and the result mixed with the share of each class among the votes,
    so that the probability never runs away from what people voted.

    Without gold, and with a uniform class balance, rows whose votes all agree are never overturned: where
    the pool would, half of the probability goes to the class that was voted for, and
    `diagnostics_["held"]` counts it.

    Parameters
    ----------
    cardinality, class_balance, max_iter, tol
        As in `AnchoredPrecision`.
    majority_weight
        Weight of the votes' shares in the mixture, from 0 up to, not including, 1.

    Attributes
    ----------
    evidence_
        2 x m x k x k: the log-odds that vote l of j adds to class y, by the bold and the cautious member.
    class_bias_
        2 x k: what ties the class mass of each.
    precision_, weights_
        As in `AnchoredPrecision`, of the bold member.
    guarded_
        Whether unanimous rows stand.

    Notes
    -----
    With q_b and q_c the members' posteriors, c the number of votes of the row and s_y the share of them for
    y: p is proportional to (q_b q_c)^(1 / (2 c^0.3)), and the answer is (1 - w) p + w s.

    It fails where its members do: when a majority of the sources is wrong together and there is no
    gold, and when near-copies of a bad source outnumber the good ones.

    References
    ----------
    .. [1] C. Genest and J. V. Zidek, "Combining probability distributions: a critique and an annotated
       bibliography", Statistical Science 1(1), 1986.

    Examples
    --------
    Three good sources and six copies of a bad one.

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.integers(0, 2, 2000)
    >>> def source(accuracy):
    ...     return np.where(rng.random(2000) < accuracy, truth, 1 - truth)
    >>> L = np.stack([source(0.9), source(0.85), source(0.8), *[source(0.6)] * 6], axis=1)
    >>> model = Auto(cardinality=2).fit(L)
    >>> bool((model.predict(L) == truth).mean() > 0.9)
    True
    >>> model.diagnostics_["decided_by"]
    'pool of bold, cautious and the votes'
    """

    evidence_: NDArray[np.float64]
    class_bias_: NDArray[np.float64]
    precision_: NDArray[np.float64]
    weights_: NDArray[np.float64]
    guarded_: NDArray[np.bool_]

    def __init__(
        self,
        *,
        cardinality: int,
        class_balance: checks.GivenBalance = None,
        majority_weight: float = 0.2,
        max_iter: int = 100,
        tol: float = 1e-4,
    ) -> None:
        self.cardinality = cardinality
        self.class_balance = class_balance
        self.majority_weight = majority_weight
        self.max_iter = max_iter
        self.tol = tol

    def _fit(self, votes: EncodedVotes, gold: Gold | None) -> None:
        if not 0 <= self.majority_weight < 1:
            raise LabelModelError(f"Auto needs majority_weight from 0 to below 1; it is {self.majority_weight!r}.")
        members = [self._member(i) for i in range(len(_NAMES))]
        found = dependencies.overlaps(votes)
        for member in members:
            member.diagnostics_ = {"converged": True, "rounds": 0, "fallback": None, "warnings": []}
            member._fit_on(votes, gold, found)
        self.evidence_ = np.stack([member.evidence_ for member in members])
        self.class_bias_ = np.stack([member.class_bias_ for member in members])
        self.precision_, self.weights_ = members[0].precision_, members[0].weights_
        uniform = bool(np.allclose(self.class_balance_, 1 / self.cardinality))
        self.guarded_ = np.array(gold is None and uniform)
        self._record(members)
        if self.guarded_:
            wrong = self._overturned(self._pool(votes, members), votes.unanimous)
            self.diagnostics_["held"] = round(float(votes.row_weights[wrong].sum()))

    def _record(self, members: list[DawidSkene]) -> None:
        """Say what the members found, each thing once."""
        found = [member.diagnostics_ for member in members]
        fallback = next((f["fallback"] for f in found if f["fallback"]), None)
        self.diagnostics_.update(
            {name: found[0][name] for name in ("copies", "worse_than_chance") if name in found[0]},
            converged=all(f["converged"] for f in found),
            rounds=sum(f["rounds"] for f in found),
            fallback=fallback,
            decided_by=fallback or f"pool of {', '.join(_NAMES)} and the votes",
        )
        for warning in dict.fromkeys(warning for f in found for warning in f["warnings"]):
            self._warn(warning)

    def _member(self, i: int) -> DawidSkene:
        """The i-th member, not fitted."""
        member = DawidSkene(
            cardinality=self.cardinality,
            class_balance=self.class_balance,
            anchor_votes=_ANCHOR_VOTES[i],
            temper=_TEMPERS[i],
            calibrate=False,
            max_iter=self.max_iter,
            tol=self.tol,
        )
        member.lf_names_, member.class_balance_ = self.lf_names_, self.class_balance_
        return member

    def _pool(self, votes: EncodedVotes, members: list[DawidSkene]) -> Probs:
        """The mixture, before unanimous rows are looked at."""
        logs = [np.log(np.maximum(member._probs(votes), _LEAST)) for member in members]
        size = np.maximum(votes.per_row, 1)[:, None]
        pooled = posterior(np.mean(logs, axis=0) / size**_CALIBRATION)
        share = votes.tally(np.ones(votes.n_lfs)) / size
        return (1 - self.majority_weight) * pooled + self.majority_weight * share

    def _overturned(self, probs: Probs, unanimous: NDArray[Any]) -> NDArray[np.bool_]:
        """Rows that all votes agree on, and the probabilities do not."""
        agreed = np.maximum(unanimous, 0)[:, None]
        mine = np.take_along_axis(probs, agreed, axis=1)[:, 0]
        return (unanimous != UNKNOWN) & (mine < probs.max(axis=1))

    def _log_likelihood(self, votes: EncodedVotes) -> Probs:
        probs = self._pool(votes, [self._fitted_member(i) for i in range(len(_NAMES))])
        if self.guarded_:
            unanimous = votes.unanimous
            wrong = np.flatnonzero(self._overturned(probs, unanimous))
            probs[wrong] /= 2
            probs[wrong, unanimous[wrong]] += 0.5
        return np.log(np.maximum(probs, _LEAST)) - np.log(self.class_balance_)

    def _fitted_member(self, i: int) -> DawidSkene:
        member = self._member(i)
        member.evidence_, member.class_bias_ = self.evidence_[i], self.class_bias_[i]
        return member

    def _contributions(self, votes: EncodedVotes) -> NDArray[np.float64]:
        """The mean of the members' contributions, and an equal part of what pooling and mixing changed."""
        size = np.maximum(votes.per_row, 1)
        parts = [self._fitted_member(i)._contributions(votes) for i in range(len(_NAMES))]
        out: NDArray[np.float64] = np.mean(parts, axis=0) / size[:, None, None] ** _CALIBRATION
        rest = (self._log_likelihood(votes) - out.sum(axis=1)) / size[:, None]
        return out + spread(votes, rest[votes.rows_of_codes])

    def _weights(self) -> NDArray[np.float64]:
        return self.weights_
