"""95 % intervals by resampling rows: the same resamples for all systems, so that differences have intervals too."""

import math
import zlib
from collections.abc import Callable, Iterator

import numpy as np

from labelmill.quality.metrics import Floats

LEVELS = (2.5, 97.5)

_CELLS = 4_000_000
_LEAST_DEFINED = 0.5
_DIGITS = 6


def resamples(n: int, count: int, seed: int, *, name: str = "") -> Iterator[Floats]:
    """Yield blocks of resamples of n rows: each line says how often each row was drawn, and sums to n.

    Parameters
    ----------
    n
        Number of rows.
    count
        Number of resamples; the blocks together have as many lines, each block bounded in memory.
    seed
        The seed of the task.
    name
        What is resampled: another name, other draws.
    """
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    step = max(1, _CELLS // max(n, 1))
    for start in range(0, count if n else 0, step):
        lines = min(step, count - start)
        drawn = rng.integers(0, n, size=(lines, n)) + np.arange(lines)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=lines * n).reshape(lines, n).astype(np.float64)


def over_resamples(
    n: int, count: int, seed: int, measure: Callable[[Floats], dict[str, Floats]], *, name: str = ""
) -> dict[str, Floats]:
    """What `measure` makes of every resample, by the keys of its answer."""
    blocks = [measure(weights) for weights in resamples(n, count, seed, name=name)]
    return {key: np.concatenate([block[key] for block in blocks]) for key in blocks[0]} if blocks else {}


def interval(value: float, resampled: Floats) -> dict[str, float | None]:
    """The value with the 95 % percentile interval of its resamples, rounded; None where it is not defined.

    Resamples in which the metric has no meaning (a rare class was not drawn) are left out; where
    they are more than half, there is no interval.
    """
    defined = resampled[np.isfinite(resampled)]
    if not math.isfinite(value):
        return {"value": None, "low": None, "high": None}
    if len(defined) == 0 or len(defined) < _LEAST_DEFINED * len(resampled):
        return {"value": rounded(value), "low": None, "high": None}
    low, high = np.percentile(defined, LEVELS)
    return {"value": rounded(value), "low": rounded(low), "high": rounded(high)}


def rounded(value: float) -> float | None:
    """A number as reports and logs keep it; None where it is not defined."""
    return round(float(value), _DIGITS) if math.isfinite(value) else None
