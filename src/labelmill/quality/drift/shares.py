"""Every signal is a share, hits of a base; how far two shares are apart, in standard errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

UNIT = 2.0**-20
"""Numbers between 0 and 1 are kept in multiples of this: their sums are exact, whatever the order of the rows."""


@dataclass(frozen=True)
class SignalKey:
    """What a signal is about, and what else tells how to read it.

    Attributes
    ----------
    kind, name
        As in `findings.Signal`.
    whole
        Whether rows are hits or not; otherwise each counts with a number between 0 and 1.
    """

    kind: str
    name: str
    whole: bool = True


@dataclass(frozen=True)
class Shares:
    """Hits and bases of some signals, in one order; sums over rows, so that they add up."""

    hits: Floats
    bases: Floats

    def __add__(self, other: "Shares") -> "Shares":
        return Shares(self.hits + other.hits, self.bases + other.bases)

    @property
    def values(self) -> Floats:
        """The shares; 0 where the base is empty."""
        return np.divide(self.hits, self.bases, out=np.zeros_like(self.hits), where=self.bases > 0)


def units(values: Floats) -> Floats:
    """Numbers between 0 and 1 in whole units."""
    return np.round(np.clip(values, 0, 1) / UNIT) * UNIT


def signed_root(window: Shares, reference: Shares) -> Floats:
    """The signed root of the likelihood ratio that two shares are equal: about standard normal when they are.

    It holds for rare hits where the difference over its standard error does not, and a count of zero needs
    no excuse. Half a row of continuity correction keeps single rows from counting as more than they are.
    Signals without a base on either side are 0.
    """
    base = window.bases + reference.bases
    usable = (window.bases > 0) & (reference.bases > 0)
    common = np.divide(window.hits + reference.hits, base, out=np.zeros_like(base), where=usable)
    expected = common * window.bases
    away = window.hits - expected
    away = np.sign(away) * np.maximum(np.abs(away) - 0.5, 0)
    moved = _deviance(expected + away, window.bases, common) + _deviance(
        common * reference.bases - away, reference.bases, common
    )
    return np.where(usable, np.sign(away) * np.sqrt(np.maximum(moved, 0)), 0.0)


def signed_root_of_known(window: Shares, known: Floats) -> Floats:
    """The same where the share is known without error."""
    expected = known * window.bases
    away = window.hits - expected
    away = np.sign(away) * np.maximum(np.abs(away) - 0.5, 0)
    return np.sign(away) * np.sqrt(np.maximum(_deviance(expected + away, window.bases, known), 0))


def _deviance(hits: Floats, base: Floats, share: Floats) -> Floats:
    """Twice the log likelihood ratio of the observed share to the given one."""
    return 2 * (_part(hits, share * base) + _part(base - hits, (1 - share) * base))


def _part(observed: Floats, expected: Floats) -> Floats:
    """Observed times log of observed over expected; 0 where nothing was observed."""
    observed = np.maximum(observed, 0)
    ratio = np.divide(observed, expected, out=np.ones(np.shape(observed)), where=(observed > 0) & (expected > 0))
    return observed * np.log(ratio)
