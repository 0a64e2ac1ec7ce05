"""From counts of pairs to what votes tell: covariances, their model, and valid tables P(vote | truth).

If labeling functions err independently given the truth, the covariance of two of their votes a and b is

    Cov(a, b) = sum over y of pi_y (P(a | y) - P(a)) (P(b | y) - P(b)).

Abstaining is counted in, as a vote that was not cast on the row: the agreement of rules that all vote for
one class says nothing, but how often they fire together does.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from labelmill.label_model import anchors, scramble, tables
from labelmill.label_model.moments import Moments

FLOOR = 0.02
"""Least P(vote | y), as a share of P(vote): no vote rules a class out. It keeps skill below 1 - FLOOR."""
_RELATED = 3.0
"""Standard errors of a covariance beyond which two labeling functions tell something about each other."""
_FEW_MEETINGS = 5.0
"""Rows on which two votes must be expected to meet, or their covariance is too coarse to be judged by its square."""


@dataclass(frozen=True)
class Covariances:
    """The covariances of all pairs of codes a = (j, v), normalised, and what is expected of them.

    `strength` x_a = (P(a | v) - P(a | not v)) / sd(a) is the unknown. Where errors fall evenly on the
    other classes, corr(a, b) = pattern[a, b] x_a x_b.
    """

    n: float
    """Rows, those without votes among them."""
    balance: NDArray[np.float64]
    mean: NDArray[np.float64]
    """m * k: share of the rows with the vote."""
    sd: NDArray[np.float64]
    """m * k: its standard deviation; 1 where the vote never occurs."""
    corr: NDArray[np.float64]
    """m * k x m * k: covariances over both sd; 0 where not usable."""
    pattern: NDArray[np.float64]
    """m * k x m * k: covariance of "the truth is v" and "the truth is u"; 0 where not usable."""
    apart: NDArray[np.bool_]
    """m x m: pairs of labeling functions that are compared."""

    @property
    def cardinality(self) -> int:
        """Number of classes, k."""
        return len(self.balance)

    @property
    def n_lfs(self) -> int:
        """Number of labeling functions, m."""
        return len(self.mean) // self.cardinality

    @property
    def share(self) -> NDArray[np.float64]:
        """Share of the class of each code, m * k."""
        return np.tile(self.balance, self.n_lfs)

    @property
    def skill_scale(self) -> NDArray[np.float64]:
        """How much strength a skill of 1 is, m * k; skill 0 is chance, skill 1 always right."""
        return self.mean / (self.share * self.sd)

    @property
    def most(self) -> NDArray[np.float64]:
        """Largest strength with which P(a | y) stays a probability, m * k."""
        return (1 - FLOOR) * np.minimum(self.skill_scale, (1 - self.mean) / ((1 - self.share) * self.sd))

    def anchor(self, accuracy: float) -> NDArray[np.float64]:
        """Strength of a labeling function of this accuracy (were classes uniform), m * k."""
        return np.minimum(anchors.to_skill(accuracy, self.cardinality) * self.skill_scale, self.most)

    def anchor_information(self, accuracy: float, n_votes: float) -> NDArray[np.float64]:
        """How narrowly the anchor holds: the inverse variance of a strength that was counted on `n_votes` votes."""
        right = anchors.from_skill(anchors.to_skill(accuracy, self.cardinality), self.share)
        per_strength = self.share * (1 - self.share) * self.sd / np.maximum(self.mean, 1e-12)
        return n_votes / (right * (1 - right)) * per_strength**2

    def related(self, anchor: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether two labeling functions vote together or against each other clearly more than by chance, m x m."""
        m, k = self.n_lfs, self.cardinality
        expected = self.pattern * np.outer(anchor, anchor)
        found, size = (part.reshape(m, k, m, k).sum(axis=(1, 3)) for part in (expected * self.corr, expected**2))
        related: NDArray[np.bool_] = np.abs(found) * np.sqrt(self.n) > _RELATED * np.sqrt(size)
        return related & (size > 0)

    def order(self) -> NDArray[np.intp]:
        """An order of the labeling functions, m, that depends on nothing but their votes.

        Rounds that have not settled carry the rounding of sums far. Taken in this order the sums are the same,
        bit by bit, in whichever order the labeling functions came.
        """
        m, k = self.n_lfs, self.cardinality
        place = np.arange(k, dtype=np.uint64)
        seen = scramble.scrambled((self.corr + 0.0).view(np.uint64) + np.tile(place, m))  # + 0.0: there is no -0 then
        keys = scramble.scrambled(self.mean.view(np.uint64) ^ seen.sum(axis=1)).reshape(m, k)
        return np.argsort(scramble.scrambled(keys + place).sum(axis=1), kind="stable")

    def reordered(self, order: NDArray[np.intp]) -> "Covariances":
        """The same with the labeling functions in another order."""
        codes = self.codes(order)
        corr, pattern = (part[np.ix_(codes, codes)] for part in (self.corr, self.pattern))
        apart = self.apart[np.ix_(order, order)]
        return replace(self, mean=self.mean[codes], sd=self.sd[codes], corr=corr, pattern=pattern, apart=apart)

    def codes(self, order: NDArray[np.intp]) -> NDArray[np.intp]:
        """The codes of labeling functions in an order, m * k."""
        return (order[:, None] * self.cardinality + np.arange(self.cardinality)).ravel()


def covariances(moments: Moments, balance: NDArray[np.float64], apart: NDArray[np.bool_]) -> Covariances:
    """Normalise the counts of pairs.

    Parameters
    ----------
    moments
        The counts.
    balance
        k: the share of each class.
    apart
        m x m: pairs to compare; the others (a labeling function with itself, copies, declared edges) are left out.
    """
    k = moments.cardinality
    corr = moments.rates
    mean = corr.diagonal().copy()
    sd = np.sqrt(mean * (1 - mean))
    usable = np.repeat(np.repeat(apart, k, axis=0), k, axis=1) & np.outer(sd > 0, sd > 0)
    sd = np.where(sd > 0, sd, 1.0)
    corr -= np.outer(mean, mean)
    corr /= np.outer(sd, sd)
    corr[~usable] = 0
    form = np.tile(np.diag(balance) - np.outer(balance, balance), (moments.n_lfs, moments.n_lfs))
    return Covariances(float(max(moments.n_rows, 1)), balance, mean, sd, corr, np.where(usable, form, 0), apart)


def even_tables(found: Covariances, strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(j votes v | y) - P(j votes v), m x k x k, where errors fall evenly on the other classes."""
    k = found.cardinality
    toward = np.eye(k)[None] - found.balance[None, :, None]
    return (strength * found.sd).reshape(-1, k, 1) * toward


def valid_tables(found: Covariances, deviation: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(j votes v | y), m x k x k, and P(j abstains | y), m x k: above 0, and together 1 for each y.

    Parameters
    ----------
    found
        From `covariances`.
    deviation
        m x k x k: P(j votes v | y) - P(j votes v).
    """
    k = found.cardinality
    mean = found.mean.reshape(-1, k, 1)
    silent = 1 - mean.sum(axis=1)
    table = np.maximum(mean + deviation, FLOOR * mean)
    abstains = np.maximum(silent - deviation.sum(axis=1), FLOOR * silent)
    return tables.proper(table, abstains, silent, found.n)


def accuracy_variance(found: Covariances, table: NDArray[np.float64], held: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance of the accuracy of each vote, m * k, as far as the covariances with all others tell of it.

    Parameters
    ----------
    found
        From `covariances`.
    table
        m x k x k: P(j votes v | y).
    held
        m * k: what is known of the strengths beside; see `Covariances.anchor_information`.
    """
    own = np.einsum("jvv->jv", table).ravel()
    others = (found.mean - own * found.share) / (1 - found.share)
    strength = (own - others) / found.sd
    information = found.n * found.pattern**2 @ strength**2 + held
    scale = np.maximum(found.skill_scale, 1e-12) / (1 - found.share)
    variance: NDArray[np.float64] = 1 / np.maximum(information * scale**2, 1e-12)
    return variance


def misfit(found: Covariances, table: NDArray[np.float64]) -> list[float] | None:
    """How far tables are from explaining the covariances.

    Parameters
    ----------
    found
        From `covariances`.
    table
        m x k x k: P(j votes v | y).

    Returns
    -------
    The root mean square of what is left of the covariances, in standard errors of chance (1: nothing but chance), and
    the share of the squared covariances that is not explained, chance taken off, by its upper 95 % bound. None
    where there is nothing to explain, or no pair of votes meets often enough to be judged.
    """
    mu = table.reshape(-1, found.cardinality)
    pairs = np.triu(found.pattern != 0, 1)
    explained = (mu * found.balance) @ mu.T - np.outer(mu @ found.balance, mu @ found.balance)
    left = found.n * (found.corr - explained / np.outer(found.sd, found.sd))[pairs] ** 2
    judged = found.n * np.outer(found.mean, found.mean)[pairs] > _FEW_MEETINGS
    size = float(pairs.sum())
    signal = found.n * float((found.corr[pairs] ** 2).sum()) - size
    if not judged.any() or signal <= 0:
        return None
    unexplained = (left.sum() - size + 2 * np.sqrt(2 * size)) / signal
    return [float(np.sqrt(left[judged].mean())), float(unexplained)]
