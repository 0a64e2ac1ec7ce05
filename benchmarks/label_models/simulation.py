"""Votes drawn from known parameters, and the posterior that knows those parameters.

`World` is the truth about some labeling functions: P(vote | class) of each, abstaining being one more
vote, who copies whom, and how loud a row is. `World.draw` gives votes, `World.posterior` what nobody can
beat. Everything is decided by a seed; rows are drawn in chunks, so that a longer sample begins with a shorter one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

CHUNK = 65_536
"""Rows drawn at a time: what is needed beside the votes does not grow with their number."""
_LEAST = 1e-300


@dataclass(frozen=True)
class World:
    """The truth about m labeling functions and k classes."""

    balance: np.ndarray
    """k: the share of each class."""
    tables: np.ndarray
    """loudness levels x m x k x (k + 1): P(cell | class) of an own vote; cell 0 is abstaining, v + 1 a vote for v."""
    source: np.ndarray
    """m: whom each labeling function copies; itself if nobody. Sources do not copy."""
    copy_rate: np.ndarray
    """m: in which share of the rows a copier takes over the cell of its source, abstaining included."""
    loudness: np.ndarray
    """Share of rows of each loudness level."""

    @property
    def cardinality(self) -> int:
        return len(self.balance)

    @property
    def n_lfs(self) -> int:
        return self.tables.shape[1]

    @property
    def pairs(self) -> set[tuple[int, int]]:
        """Source and copier, smaller position first; copiers of one source depend on each other as well."""
        members = [np.flatnonzero(self.source == s) for s in np.unique(self.source)]
        return {(int(a), int(b)) for group in members for i, a in enumerate(group) for b in group[i + 1 :]}

    def draw(self, n: int, seed: int) -> "Sample":
        """Draw n rows."""
        L, truth = np.empty((n, self.n_lfs), np.int8), np.empty(n, np.int8)
        for number, start in enumerate(range(0, n, CHUNK)):
            rows = slice(start, start + CHUNK)
            self._fill(L[rows], truth[rows], np.random.default_rng([seed, number]))
        return Sample(self, L, truth)

    def _fill(self, L: np.ndarray, truth: np.ndarray, rng: np.random.Generator) -> None:
        # Whole chunks are drawn, also for the last rows, so that fewer rows are a beginning of more rows.
        n = len(truth)
        y = np.searchsorted(self.balance.cumsum()[:-1], rng.random(CHUNK), side="right")[:n]
        level = np.searchsorted(self.loudness.cumsum()[:-1], rng.random(CHUNK), side="right")[:n]
        at = level * self.cardinality + y
        cells = np.zeros((self.n_lfs, n), np.int8)
        bounds = self.tables.cumsum(axis=3).astype(np.float32)[:, :, :, :-1]
        for j in range(self.n_lfs):
            chance = rng.random(CHUNK, dtype=np.float32)[:n]
            for bound in np.moveaxis(bounds[:, j].reshape(-1, self.cardinality), 1, 0):
                cells[j] += chance >= bound[at]
        for j in np.flatnonzero(self.source != np.arange(self.n_lfs)):
            taken = rng.random(CHUNK)[:n] < self.copy_rate[j]
            cells[j, taken] = cells[self.source[j], taken]
        truth[:] = y
        L[:] = cells.T - 1

    def posterior(self, L: np.ndarray, balance: np.ndarray | None = None) -> np.ndarray:
        """P(class | all votes of the row), n x k, copies and loudness known to be what they are."""
        prior = np.log(self.balance if balance is None else balance)
        cells = np.ascontiguousarray(L.T) + 1
        by_level = np.zeros((len(self.loudness), self.cardinality, len(L)))
        for score, tables, share in zip(by_level, self.tables, self.loudness, strict=True):
            score += prior[:, None] + np.log(share)
            for j, own in enumerate(tables):
                chance = np.maximum(own[:, cells[j]], _LEAST)
                if self.source[j] != j:
                    same = cells[j] == cells[self.source[j]]
                    chance = self.copy_rate[j] * same + (1 - self.copy_rate[j]) * chance
                score += np.log(np.maximum(chance, _LEAST))
        by_level -= by_level.max(axis=(0, 1))
        probs = np.exp(by_level).sum(axis=0)
        return (probs / probs.sum(axis=0)).T

    @cached_property
    def marginals(self) -> np.ndarray:
        """P(cell | class), m x k x (k + 1), of what is seen, copied or not, over all loudness levels."""
        own = np.einsum("h,hjyc->jyc", self.loudness, self.tables)
        rate = np.where(self.source == np.arange(self.n_lfs), 0, self.copy_rate)[:, None, None]
        return rate * own[self.source] + (1 - rate) * own

    @property
    def coverages(self) -> np.ndarray:
        """m: in which share of the rows each labeling function votes."""
        return self.balance @ (1 - self.marginals[:, :, 0]).T

    @property
    def accuracies(self) -> np.ndarray:
        """m: how often each labeling function is right when it votes."""
        right = np.einsum("y,jyy->j", self.balance, self.marginals[:, :, 1:])
        return right / np.maximum(self.coverages, 1e-12)


@dataclass(frozen=True)
class Sample:
    """Votes, what they are about, and where they come from."""

    world: World
    L: np.ndarray
    truth: np.ndarray

    @property
    def covered(self) -> np.ndarray:
        """n: whether anybody voted."""
        return (self.L >= 0).any(axis=1)

    @cached_property
    def posterior(self) -> np.ndarray:
        """The Bayes posterior of the votes at hand."""
        return self.world.posterior(self.L)


def world(
    tables: np.ndarray,
    balance: np.ndarray | None = None,
    *,
    source: np.ndarray | None = None,
    copy_rate: np.ndarray | float = 1.0,
    loudness: np.ndarray | None = None,
) -> World:
    """Make a world of independent labeling functions, unless told otherwise; `tables` may leave out the first axis."""
    tables = tables if tables.ndim == 4 else tables[None]
    m, k = tables.shape[1:3]
    return World(
        np.full(k, 1 / k) if balance is None else np.asarray(balance, float),
        tables,
        np.arange(m) if source is None else np.asarray(source),
        np.broadcast_to(np.asarray(copy_rate, float), m),
        np.ones(1) if loudness is None else np.asarray(loudness, float),
    )


def rule_tables(labels: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """P(cell | class) of one-class rules: `labels` m, `rates` m x k how often each fires in each class."""
    m, k = rates.shape
    tables = np.zeros((m, k, k + 1))
    tables[:, :, 0] = 1 - rates
    tables[np.arange(m), :, np.asarray(labels) + 1] = rates
    return tables


def voter_tables(accuracy: np.ndarray, coverage: np.ndarray, cardinality: int) -> np.ndarray:
    """P(cell | class) of labeling functions that vote for every class, and err towards all others alike."""
    accuracy, coverage = (np.asarray(part, float)[:, None, None] for part in (accuracy, coverage))
    wrong = (1 - accuracy) / (cardinality - 1)
    votes = np.where(np.eye(cardinality, dtype=bool), accuracy, wrong) * coverage
    return np.concatenate([np.broadcast_to(1 - coverage, (len(votes), cardinality, 1)), votes], axis=2)
