"""How far each pair of labeling functions is from what a hidden class explains, and how much of that is chance.

Two comparisons. Of two *voters*, who each vote for several classes, only the rows on which both vote count:
who votes on which row may follow from anything (workers get their tasks in batches). Of a *rule*, which votes for one
class, it counts on which rows it fires, since its votes never differ.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model.dependencies import FEWEST_SHARED
from labelmill.label_model.low_rank import Explained, explain


@dataclass(frozen=True)
class Compared:
    """One comparison of all pairs, m x m each; what it cannot say of a pair is 0."""

    usable: NDArray[np.bool_]
    found: NDArray[np.float64]
    """What is compared: a share of rows."""
    chance: NDArray[np.float64]
    """What it would be if the two knew nothing of the class."""
    most: NDArray[np.float64]
    """What it would be if one were a copy of the other."""
    noise: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Variance of `found` by which rows there happen to be, from what is expected: never below that of either."""
    by_firing: NDArray[np.bool_]
    """Whether it is about who fires where, not about who votes what."""
    weights: NDArray[np.float64]
    """Rows behind each pair, for the fit."""
    corr: NDArray[np.float64]
    """m * k x m * k: the correlations to fit."""
    fresh: NDArray[np.float64]
    """m: see `low_rank.explain`."""
    explained: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """From loads, m x k x k, to their part in `found`, m x m."""

    def fit(self, kept: NDArray[np.bool_]) -> Explained:
        """Explain the pairs that are kept."""
        return explain(self.corr, np.where(kept, self.weights, 0), self.fresh)

    def expected(self, by: Explained) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is expected of each pair, and the variance of the difference."""
        part = self.explained(by.loads)
        expected = np.clip(self.chance + part, 0, self.most)
        return expected, self.noise(expected) + part**2 * by.relative_variance()


def of_voters(pairs: NDArray[np.float64], k: int) -> Compared:
    """Compare how often two labeling functions that vote for several classes vote alike where both vote."""
    m = len(pairs) // k
    table = pairs.reshape(m, k, m, k)
    count = pairs.diagonal().reshape(m, k)
    emitted = (count > 0).sum(axis=1)
    shared = table.sum(axis=(1, 3))
    usable = np.outer(emitted > 1, emitted > 1) & (shared >= FEWEST_SHARED) & ~np.eye(m, dtype=bool)
    size = np.maximum(shared, 1)
    rows = table.sum(axis=3).transpose(0, 2, 1) / size[:, :, None]  # of i on the rows shared with j, m x m x k
    columns = rows.transpose(1, 0, 2)
    alike = np.einsum("ivjv->ij", table) / size
    chance = np.einsum("ijv,ijv->ij", rows, columns)
    share = count / np.maximum(count.sum(axis=1, keepdims=True), 1)
    sd = np.sqrt(share * (1 - share))
    safe = np.where(sd > 0, sd, 1.0)
    corr = table / size[:, None, :, None] - rows.transpose(0, 2, 1)[..., None] * columns[:, None]
    corr /= safe[:, :, None, None] * safe[None, None]
    corr = np.where(usable[:, None, :, None], corr, 0).reshape(m * k, m * k)
    seen = _noise_of_agreement(table / size[:, None, :, None], rows, columns, alike)
    fresh = (np.maximum(emitted, 2) - 1) / np.maximum(emitted, 2)  # shares of all classes sum to 1

    def explained(loads: NDArray[np.float64]) -> NDArray[np.float64]:
        leaning = loads * sd[:, :, None]
        return np.einsum("ivy,jvy->ij", leaning, leaning)

    def noise(expected: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(seen, expected * (1 - expected)) / size + 1 / size**2

    return Compared(
        usable,
        alike,
        chance,
        np.ones((m, m)),
        noise,
        np.zeros_like(usable),
        np.where(usable, shared, 0),
        corr,
        fresh,
        explained,
    )


def of_rules(pairs: NDArray[np.float64], n_rows: float, k: int) -> Compared:
    """Compare how often a rule fires on the rows on which another fires too, or a voter votes for its class."""
    m = len(pairs) // k
    count = pairs.diagonal().reshape(m, k)
    rule = (count > 0).sum(axis=1) == 1
    own = np.arange(m) * k + count.argmax(axis=1)
    # The code of i in its pair with j: the rule's own, or that of a voter for the class of the rule j.
    a = np.where(rule[:, None], own[:, None], np.arange(m)[:, None] * k + (own % k)[None, :])
    b = a.T
    n = max(n_rows, 1.0)
    fired = pairs.diagonal()
    mean = np.where(fired > n - 0.5, 1.0, fired / n)  # of a sample, a sum of weights may be a hair off all rows
    sd = np.sqrt(mean * (1 - mean))
    safe = np.where(sd > 0, sd, 1.0)
    both = np.outer(rule, rule)
    usable = (rule[:, None] | rule[None, :]) & ~np.eye(m, dtype=bool)
    usable &= (n * mean[a] >= FEWEST_SHARED) & (n * mean[b] >= FEWEST_SHARED) & (sd[a] * sd[b] > 0)
    corr = (pairs / n - np.outer(mean, mean)) / np.outer(safe, safe)
    corr[np.repeat(np.repeat(np.eye(m, dtype=bool), k, axis=0), k, axis=1)] = 0
    together = pairs[a, b] / n
    seen = _noise_of_meeting(together, mean[a], mean[b])

    def explained(loads: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = (loads * sd.reshape(m, k, 1)).reshape(m * k, k)
        return np.einsum("ijy,ijy->ij", flat[a], flat[b])

    def noise(expected: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum(seen, _noise_of_meeting(expected, mean[a], mean[b])) / n + 1 / n**2

    weights = np.where(np.eye(m, dtype=bool), 0, n)
    return Compared(
        usable,
        together,
        mean[a] * mean[b],
        np.minimum(mean[a], mean[b]),
        noise,
        both,
        weights,
        corr,
        np.ones(m),
        explained,
    )


def _noise_of_agreement(
    joint: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64], alike: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance of one row's part in the covariance that is summed over equal votes, by the votes as they meet."""
    mixed = np.einsum("ivju,ijv,iju->ij", joint, columns, rows, optimize=True)
    diagonal = np.einsum("ivjv->ijv", joint)
    squared = alike - 2 * (diagonal * (rows + columns)).sum(axis=2)
    squared += (rows * columns**2 + columns * rows**2).sum(axis=2) + 2 * mixed
    mean = alike - 2 * (rows * columns).sum(axis=2)  # of the part before its constant is added
    return np.maximum(squared - mean**2, 0)


def _noise_of_meeting(
    together: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Variance of one row's part in the covariance of two votes."""
    both = together * ((1 - a) * (1 - b)) ** 2
    one = (a - together) * ((1 - a) * b) ** 2 + (b - together) * (a * (1 - b)) ** 2
    none = np.maximum(1 - a - b + together, 0) * (a * b) ** 2
    return np.maximum(both + one + none - (together - a * b) ** 2, 0)
