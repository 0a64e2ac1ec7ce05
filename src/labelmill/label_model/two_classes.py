"""What `Auto` says of plain votes of two classes, ten million rows and more: its formula in one number per row.

With two classes all that counts is how much more is said for class 1 than for class 0. So each step is a short loop
over the rows, and the rows are taken in parts that stay in the fastest memory; exponentials and logarithms are numpy's,
which are several times as fast as a compiled loop's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.class_mass import KEPT
from labelmill.label_model.kernels import compiled
from labelmill.label_model.sums import UNIT

_MOST = 2**31 - 1
_PART_ROWS = 8_192


@dataclass(frozen=True)
class Rule:
    """How the sums over the votes of a row become its probabilities; every difference is class 1 less class 0."""

    tables: NDArray[np.int32]
    """4 x m: see `packed`."""
    temper: NDArray[np.float64]
    """What the evidence of a row is multiplied by, by its number of votes, 0 to m."""
    bias: float
    """What is added, but for what rows whose votes all agree hold back."""
    scale: float
    """What both are multiplied by."""
    prior: float
    """Log-odds of the classes."""
    majority_weight: float
    trust: float
    """Weight of what is heard where the covariances fit, against all that."""
    silence: float
    """What is heard of those who abstain."""
    guarded: bool
    """Whether unanimous rows stand."""
    temperature: float
    balance: NDArray[np.float64]
    """What rows without votes get."""
    least: float
    """A probability below this counts as this where its logarithm is taken."""


def packed(evidence: NDArray[np.float64], heard: NDArray[np.float64]) -> NDArray[np.int32] | None:
    """How much more each vote says for class 1, in units; None if sums of it would not fit.

    Rows 0 and 1 are of the evidence of votes for 0 and for 1, m x 2 x 2, rows 2 and 3 of what is heard.
    """
    if evidence.shape[1] != 2:
        return None
    ahead = np.concatenate([np.rint((table[:, :, 1] - table[:, :, 0]) / UNIT).T for table in (evidence, heard)])
    if max(np.abs(part).max(axis=0).sum() for part in np.split(ahead, 2)) > _MOST:
        return None
    return np.ascontiguousarray(ahead, dtype=np.int32)


def answer(L: NDArray[Any], rule: Rule) -> NDArray[np.float64]:
    """Probabilities of the rows, n x 2."""
    n, m = L.shape
    out, rows = np.empty((n, 2)), min(n, _PART_ROWS)
    share, none = rule.majority_weight / np.maximum(np.arange(m + 1), 1), np.zeros(m + 1)
    whole, floats = np.empty(4 * rows, np.int32), np.empty(4 * rows)
    for start in range(0, n, _PART_ROWS):
        part = slice(start, min(start + _PART_ROWS, n))
        size = part.stop - start  # contiguous also where it is less: the loops are compiled for that
        sums, (x, z, *_) = whole[: 4 * size].reshape(4, size), floats[: 4 * size].reshape(4, size)
        probs = floats[2 * size : 4 * size].reshape(2, size)
        sum_votes(L[part], rule.tables, sums)
        _pool(sums, rule.temper, rule.bias, rule.scale, rule.prior, x, z)
        np.exp(z, out=z)
        _mix(sums, share, 1 - rule.majority_weight, x, z, probs)
        if rule.trust:
            _compare(probs, rule.least, z)
            np.log(z, out=z)
            _hear(sums, rule.trust, rule.silence + rule.prior, x, z)
            np.exp(z, out=z)
            _mix(sums, none, 1.0, x, z, probs)
        if rule.guarded:
            _hold(sums, probs)
        if rule.temperature != 1:
            _compare(probs, rule.least, z)
            np.log(z, out=x)
            x /= rule.temperature
            np.exp(-np.abs(x), out=z)
            _mix(sums, none, 1.0, x, z, probs)
        _write(sums, rule.balance, probs, out[part])
    return out


@compiled
def sum_votes(L: NDArray[Any], tables: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """Sums over the votes of each row, 4 x n, in whole numbers.

    The first and second are of `tables[0]` and `tables[2]` where the vote is 0, `tables[1]` and `tables[3]` where it
    is 1; the others are the numbers of votes for 0 and for 1. There is no branch, and whole numbers may be
    added in any order: so the inner loop runs on vectors, as fast as the votes can be read.
    """
    n, m = L.shape
    first_no, first_yes, second_no, second_yes = tables[0], tables[1], tables[2], tables[3]
    for i in range(n):
        first = second = no = yes = np.int32(0)
        for j in range(m):
            vote = L[i, j]
            is_no, is_yes = np.int32(vote == 0), np.int32(vote == 1)
            first += is_no * first_no[j] + is_yes * first_yes[j]
            second += is_no * second_no[j] + is_yes * second_yes[j]
            no += is_no
            yes += is_yes
        out[0, i], out[1, i], out[2, i], out[3, i] = first, second, no, yes


@compiled
def _pool(
    sums: NDArray[np.int32],
    temper: NDArray[np.float64],
    bias: float,
    scale: float,
    prior: float,
    x: NDArray[np.float64],
    z: NDArray[np.float64],
) -> None:
    """Log-odds by the pooled evidence, and minus their size, which cannot overflow in an exponential."""
    for i in range(len(x)):
        no, yes = sums[2, i], sums[3, i]
        ahead = sums[0, i] * UNIT * temper[no + yes]
        kept = 1.0
        if bias != 0 and (no == 0) != (yes == 0) and (yes == 0) == (bias > 0):  # see class_mass.held_back
            kept = min((1 - KEPT) * max(ahead + prior if no == 0 else -ahead - prior, 0.0) / abs(bias), 1.0)
        x[i] = scale * (ahead + kept * bias) + prior
        z[i] = -abs(x[i])


@compiled
def _mix(
    sums: NDArray[np.int32],
    share: NDArray[np.float64],
    rest: float,
    x: NDArray[np.float64],
    z: NDArray[np.float64],
    probs: NDArray[np.float64],
) -> None:
    """The logistic function of x, given z = exp(-|x|), mixed with the votes, each worth `share` by their number."""
    for i in range(len(x)):
        no, yes = sums[2, i], sums[3, i]
        each = share[no + yes]
        likely = rest / (1 + z[i])
        other = z[i] * likely
        probs[0, i] = (other if x[i] > 0 else likely) + each * no
        probs[1, i] = (likely if x[i] > 0 else other) + each * yes


@compiled
def _compare(probs: NDArray[np.float64], least: float, z: NDArray[np.float64]) -> None:
    """The odds of class 1."""
    for i in range(len(z)):
        z[i] = max(probs[1, i], least) / max(probs[0, i], least)


@compiled
def _hear(
    sums: NDArray[np.int32], trust: float, silence: float, x: NDArray[np.float64], z: NDArray[np.float64]
) -> None:
    """Log-odds z, drawn to those by what is heard; then as `_pool`."""
    for i in range(len(x)):
        x[i] = (1 - trust) * z[i] + trust * (sums[1, i] * UNIT + silence)
        z[i] = -abs(x[i])


@compiled
def _hold(sums: NDArray[np.int32], probs: NDArray[np.float64]) -> None:
    """Where all votes agree and would be overturned, give half of the probability to them."""
    for i in range(probs.shape[1]):
        no, yes = sums[2, i], sums[3, i]
        against = (no == 0 and probs[1, i] < probs[0, i]) or (yes == 0 and probs[0, i] < probs[1, i])
        if against and no + yes > 0:
            probs[0, i] = probs[0, i] / 2 + (0.5 if yes == 0 else 0.0)
            probs[1, i] = probs[1, i] / 2 + (0.5 if no == 0 else 0.0)


@compiled
def _write(
    sums: NDArray[np.int32], balance: NDArray[np.float64], probs: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """A row after the other; the class balance where nobody voted."""
    for i in range(len(out)):
        silent = sums[2, i] + sums[3, i] == 0
        out[i, 0] = balance[0] if silent else probs[0, i]
        out[i, 1] = balance[1] if silent else probs[1, i]
