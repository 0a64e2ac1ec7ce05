"""What `Auto` makes of soft votes: it learns from the votes they come to, and hears their weights as log-odds.

Counted in parts, a vote of .7 and .3 is one that is right in half of the rows, and all tables get flat. So tables are
learned from the heaviest classes, and the weights q of a vote enter where votes are added up: it counts for class v

    c_v = 1/k + r (log q_v - mean of log q)

times, with one r per labeling function. Over all classes that is one vote; the weights decide nothing where they
are equal, count the more the surer they are, and r says how far they are believed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from labelmill.arrays import Probs
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.posteriors import posterior

_LEAST = 0.01
"""Weight of classes that a vote leaves out or gives less: what a vote excludes is not quite impossible."""
_ANCHOR_VOTES = 100.0
"""How many votes it is worth that a typical vote counts as much as a hard one."""
_FARTHEST = 10.0
"""How many times as much as that weights are believed at most."""
_DIGITS = 6
"""The scales are rounded to this, so that sums taken in another order give the same."""


@dataclass(frozen=True)
class _Weighed:
    """The votes of labeling functions that split votes, in the order of their codes."""

    rows: NDArray[np.int64]
    lfs: NDArray[np.int64]
    whole: NDArray[np.bool_]
    """Whether a vote is for a single class."""
    deviations: NDArray[np.float64]
    """votes x k: log q less its mean."""


def scales(
    votes: EncodedVotes, guess: Probs, evidence: NDArray[np.float64], balance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far the weights of each labeling function are believed, m: its r, 0 for those that never split a vote.

    The most likely r if the truth is as guessed, one number as in temperature scaling [1]_. What is known of it
    beforehand, and all that whole votes say of it, is that a typical vote counts as much as a hard one.

    Parameters
    ----------
    votes
        Covered rows.
    guess
        n x k: probabilities of the truth.
    evidence
        m x k x k: the log-odds that a hard vote adds to each class.
    balance
        k: the share of each class.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017.
    """
    found = np.zeros(votes.n_lfs)
    splits = np.zeros(votes.n_lfs, np.bool_)
    if votes.soft:
        splits[votes.codes[votes.weights < 1] // votes.cardinality] = True
    if not splits.any():
        return found
    weighed = _weighed(votes, splits[votes.codes // votes.cardinality])
    for j in np.flatnonzero(splits):
        mine = weighed.lfs == j
        rows, whole, deviations = weighed.rows[mine], weighed.whole[mine], weighed.deviations[mine]
        counts = votes.row_weights[rows]
        ahead = float(counts @ deviations.max(axis=1)) / counts.sum()
        if ahead > 0:  # else all weights are equal
            typical = (1 - 1 / votes.cardinality) / ahead
            alone = np.log(balance) + evidence[j].mean(axis=0)
            slope = _slope(deviations @ evidence[j], alone, guess[rows], np.where(whole, 0, counts), counts, typical)
            found[j] = _root(slope, _FARTHEST * typical)
    return np.round(found, _DIGITS)


def as_heard(votes: EncodedVotes, scale: NDArray[np.float64]) -> EncodedVotes:
    """The votes with how often they count for each class as weights; the same where `scale`, m, is 0."""
    if not scale.any():
        return votes
    k, given = votes.cardinality, _weights(votes)
    chosen = scale[votes.codes // k] > 0
    weighed = _weighed(votes, chosen)
    counted = 1 / k + scale[weighed.lfs, None] * weighed.deviations
    rows = np.concatenate([votes.rows_of_codes[~chosen], np.repeat(weighed.rows, k)])
    codes = np.concatenate([votes.codes[~chosen], (weighed.lfs[:, None] * k + np.arange(k)).ravel()])
    order = np.lexsort((codes, rows))
    return replace(
        votes,
        indptr=np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=votes.n_rows))]),
        codes=codes[order].astype(np.int32),
        weights=np.concatenate([given[~chosen], counted.ravel()])[order],
    )


def _weighed(votes: EncodedVotes, chosen: NDArray[np.bool_]) -> _Weighed:
    """The votes whose codes are chosen, all codes of a vote or none."""
    codes, rows = votes.codes[chosen], votes.rows_of_codes[chosen]
    vote = np.unique(votes.votes_of_codes[chosen], return_inverse=True)[1]
    first = np.diff(vote, prepend=-1) != 0
    weights = np.zeros((int(first.sum()), votes.cardinality))
    weights[vote, codes % votes.cardinality] = _weights(votes)[chosen]
    logs = np.log(np.maximum(weights, _LEAST))
    deviations = logs - logs.mean(axis=1, keepdims=True)
    lfs = (codes[first] // votes.cardinality).astype(np.int64)
    return _Weighed(rows[first], lfs, weights.max(axis=1, initial=0) == 1, deviations)


def _weights(votes: EncodedVotes) -> NDArray[np.float64]:
    return votes.weights if votes.soft else np.ones(len(votes.codes))


def _slope(
    gains: NDArray[np.float64],
    alone: NDArray[np.float64],
    truth: Probs,
    speak: NDArray[np.float64],
    counts: NDArray[np.float64],
    typical: float,
) -> Callable[[float], float]:
    """Slope of the log-likelihood at r; votes score `alone` + r `gains`, and `speak` as often as the guess is asked."""

    def expected(r: float) -> NDArray[np.float64]:
        chance = posterior(alone + r * gains)
        out: NDArray[np.float64] = np.einsum("ny,ny->n", chance, gains)
        return out

    seen, usual = np.einsum("ny,ny->n", truth, gains), expected(typical)
    anchored = counts - speak + _ANCHOR_VOTES * counts / counts.sum()
    wished = float(speak @ seen + anchored @ usual)
    return lambda r: wished - float((speak + anchored) @ expected(r))


def _root(slope: Callable[[float], float], most: float) -> float:
    """Where a falling slope is 0, from 0 to `most`."""
    if slope(most) >= 0:
        return most
    return float(brentq(slope, 0, most, xtol=1e-10)) if slope(0) > 0 else 0.0
