"""How frequent each class is, as far as votes and a little gold tell: only on request, never without an interval.

Votes tell little of it. One-class rules that fire more often may be of a frequent class, or of a rare one
with generous authors; on synthetic sets whose truth is known every estimate from votes alone was off by about
half a unit of log-odds. So models take classes as equally frequent unless they are told otherwise.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv, expit, logit

from labelmill.arrays import UNKNOWN, Gold
from labelmill.label_model import checks, free_balance
from labelmill.label_model.auto import Auto
from labelmill.label_model.blocks import Block, open_blocks
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.gathering import gather
from labelmill.label_model.matrix import MatrixCompletion
from labelmill.label_model.posteriors import decide, leaders, posterior

SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
"""Shares of each class in turn in the table of sensitivity."""
_COLUMNS = ("class", "share", "changed", "mass")
_ANYWAY, _WIDER = 0.6, 1.8
"""Half of an interval from votes, in log-odds: the second times the root of the first and of half the models'
range, both squared. On synthetic sets .4 and 1.25 would do for 95 %; on real ones three of ten classes lay outside."""
_MOST_CODES = 4000
"""With more different votes the table of their pairs is too large to be looked at in passing."""
_DIGITS = 10
_OWN_ROWS = 1.0
"""What the model's posterior is worth beside gold, in rows, among the rows it decides alike; and an even mixture."""
_MORE_VARIANCE = 1.2
"""By how much the variance is larger than were those priors right: found on synthetic sets, checked on others."""


@dataclass(frozen=True, eq=False)
class ClassBalance:
    """The share of each class among all rows, covered or not."""

    balance: NDArray[np.float64]
    """k shares that sum to 1; uniform where `source` is `uniform`."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """k: the 95 % interval of each share, whether or not the balance was kept uniform."""
    source: str
    """`votes`, `gold` (and votes), or `uniform` because the votes do not tell."""
    sensitivity: pd.DataFrame
    """`class`, its `share`, the share of covered rows whose decision `changed`, and the mean `mass` of the class."""
    warnings: tuple[str, ...] = ()


def estimate_class_balance(
    L: Any,
    *,
    cardinality: int,
    lf_names: Sequence[str] | None = None,
    gold: Any = None,
    widest: float = 0.5,
    shares: Sequence[float] = SHARES,
) -> ClassBalance:
    """Estimate the share of each class, with an interval, and say how much depends on it.

    Without gold: the mean, in log-odds, of the majority vote's share, that of `MatrixCompletion`, and that of
    expectation maximisation with a free balance in which abstaining counts as one more vote. The interval is as
    wide as the three lie apart, and wider, since they are wrong together. With gold: the rows are sorted
    by what `Auto` decides, and gold says how the classes are mixed among those decided alike [1]_.

    Parameters
    ----------
    L
        The votes, in any form that a label model takes.
    cardinality
        Number of classes, k.
    lf_names
        Names of the labeling functions.
    gold
        n true classes, -1 where unknown. Of rows drawn *at random* from all of them, rows without votes too:
        if the same number was drawn of each class, the estimate is drawn to that.
    widest
        If the interval of a class is wider, the votes do not tell: the balance is left uniform, with a warning.
        So it is without gold if the intervals of all classes contain 1/k.
    shares
        Shares of each class in turn to try in the table of sensitivity; none leaves it empty. Each fits `Auto` anew.

    Raises
    ------
    LabelModelError
        L is no label matrix, or gold does not fit it.

    References
    ----------
    .. [1] A. Tenenbein, "A double sampling scheme for estimating from binomial data with misclassifications",
       JASA 65, 1970; compare Z. Lipton, Y.-X. Wang and A. Smola, "Detecting and correcting for label shift with
       black box predictors", ICML 2018.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = (rng.random(4000) < 0.2).astype(int)
    >>> votes = [np.where(rng.random(4000) < 0.8, truth, 1 - truth) for _ in range(6)]
    >>> gold = np.where(np.arange(4000) < 100, truth, -1)
    >>> found = estimate_class_balance(np.stack(votes, axis=1), cardinality=2, gold=gold)
    >>> found.source, found.balance.round(2), bool(found.low[1] < 0.2 < found.high[1])
    ('gold', array([0.82, 0.18]), True)
    """
    read = open_blocks(L, cardinality, lf_names)
    found = _estimate(L, read, cardinality, gold, widest)
    return replace(found, sensitivity=_sensitivity(L, found.balance, shares)) if len(shares) else found


def _estimate(L: Any, read: Callable[[], Iterator[Block]], cardinality: int, gold: Any, widest: float) -> ClassBalance:
    uniform = checks.as_balance(None, cardinality)
    data = gather(read, gold=lambda n: checks.as_gold(gold, n, cardinality), most_rows=Auto.max_rows)
    model = Auto(cardinality=cardinality).fit(L)
    balance, low, high = _by_votes(L, data.votes, model)
    source, warnings = "votes", []
    truth = checks.as_gold(gold, data.n_rows, cardinality)
    if truth is not None:
        source = "gold"
        balance, low, high = _by_gold(read, truth, model, balance)
    if reason := _why_not(low, high, widest, alone=source == "votes"):
        warnings.append(f"{reason}: the class balance is left uniform. Give it, or gold of some rows drawn at random.")
        balance, source = uniform, "uniform"
    return ClassBalance(balance, low, high, source, pd.DataFrame(columns=_COLUMNS), tuple(warnings))


def _why_not(low: NDArray[np.float64], high: NDArray[np.float64], widest: float, *, alone: bool) -> str | None:
    """Why these intervals say nothing, if so; votes alone must also speak against equally frequent classes."""
    width = high - low
    y = int(width.round(_DIGITS).argmax())
    if width[y] > widest:
        told = "the votes alone do" if alone else "votes and gold do"
        return f"{told} not tell how frequent the classes are (class {y}: {low[y]:.2f} to {high[y]:.2f})"
    if alone and ((low <= 1 / len(low)) & (1 / len(low) <= high)).all():
        return "the votes alone do not tell how frequent the classes are (each may be as frequent as the others)"
    return None


def _by_votes(L: Any, votes: EncodedVotes, model: Auto) -> tuple[NDArray[np.float64], ...]:
    """Balance and interval from votes alone."""
    k, silent = votes.cardinality, votes.n_silent
    start = model.probs_of(votes)
    masses = [
        votes.row_weights @ leaders(votes.tally(np.ones(votes.n_lfs))),
        free_balance.masses(votes, start, model.weights_),
    ]
    if votes.n_lfs * k <= _MOST_CODES:
        so_far = _geometric_mean(masses)
        other = MatrixCompletion(cardinality=k, class_balance=so_far.tolist()).fit(L)
        masses.append(votes.row_weights @ other.probs_of(votes) + silent * so_far)
    balance = _geometric_mean(masses)
    if model.diagnostics_["fallback"]:  # they are alike, but not because they know anything
        return balance, np.zeros(k), np.ones(k)
    at = logit(np.stack([_shares(mass) for mass in masses]))
    by_models = _WIDER * np.hypot(_ANYWAY, (at.max(axis=0) - at.min(axis=0)) / 2)
    by_chance = 1.96 / np.sqrt(votes.row_weights.sum() * balance * (1 - balance))
    half = np.hypot(by_models, by_chance)
    return balance, expit(logit(balance) - half), expit(logit(balance) + half)


def _shares(mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """One row more than the mass says, so that a class that nobody votes for has a share."""
    shares: NDArray[np.float64] = (mass + 1 / len(mass)) / (mass.sum() + 1)
    return shares


def _geometric_mean(masses: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of the shares in log-odds."""
    return posterior(np.log([_shares(mass) for mass in masses]).mean(axis=0, keepdims=True))[0]


def _by_gold(
    read: Callable[[], Iterator[Block]], truth: Gold, model: Auto, prior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], ...]:
    """Balance and interval from gold, among the rows that the model decides alike; the last kind is undecided rows."""
    k = len(prior)
    rows, counts, mass, start = np.zeros(k + 1), np.zeros((k + 1, k)), np.zeros((k + 1, k)), 0
    for block in read():
        probs = model.probs_of_block(block)
        kind = decide(probs, block.encoded.covered) % (k + 1)
        gold = truth[start : start + block.n_rows]
        start += block.n_rows
        rows += np.bincount(kind, minlength=k + 1)
        np.add.at(mass, kind, np.where(block.encoded.covered[:, None], probs, prior))
        known = gold != UNKNOWN
        np.add.at(counts, (kind[known], gold[known]), 1)
    share = rows / max(rows.sum(), 1)
    alpha = counts + _OWN_ROWS * ((mass + prior) / (rows + 1)[:, None] + 1 / k)
    total = alpha.sum(axis=1, keepdims=True)
    mixture = alpha / total
    balance = share @ mixture
    of_mixture = share**2 @ (mixture * (1 - mixture) / (total + 1))
    variance = _MORE_VARIANCE * of_mixture + balance * (1 - balance) / max(rows.sum(), 1)
    size = np.maximum(balance * (1 - balance) / np.maximum(variance, 1e-12) - 1, 1e-3)  # a Beta with these moments
    low, high = (betaincinv(balance * size, (1 - balance) * size, q) for q in (0.025, 0.975))
    return balance, low, high


def _sensitivity(L: Any, balance: NDArray[np.float64], shares: Sequence[float]) -> pd.DataFrame:
    """What `Auto` decides if each class in turn has each share, the others in proportion."""
    k = len(balance)

    def decisions(given: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        model = Auto(cardinality=k, class_balance=given.tolist()).fit(L)
        covered = model.covered(L)
        return model.predict(L)[covered], model.predict_proba(L)[covered].sum(axis=0) / max(covered.sum(), 1)

    usual, _ = decisions(balance)
    lines = []
    for y in range(k):
        for share in shares:
            given = balance * (1 - share) / (1 - balance[y])
            given[y] = share
            preds, mass = decisions(given)
            changed = float((preds != usual).mean()) if len(preds) else 0.0
            lines.append({"class": y, "share": share, "changed": changed, "mass": float(mass[y])})
    return pd.DataFrame(lines, columns=_COLUMNS)
