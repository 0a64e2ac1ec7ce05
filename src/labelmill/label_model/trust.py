"""How far `Auto` believes what covariances say, from how well their model explains them: numbers from 0 to 1."""

from collections.abc import Sequence

import numpy as np

FITS, EXPLAINS = (1.3, 2.5), (0.1, 0.4)
"""Misfit in standard errors, and unexplained share, up to which the model of the covariances is taken at its word,
and from which not at all."""
_ROWS = 2000.0
"""Rows at which half as much is known of the fit as can be: few rows do not show what is wrong with a model."""
_COVARIANCES = 0.5
"""Weight of the covariances in the evidence, as far as they fit; the rest is agreement with the majority."""
_UNHEARD = (0.45, 0.65)
"""Unexplained share of the covariances from which they count less, and from which not at all."""
_GOLD_ROWS = 25.0
"""Gold rows per class at which covariances count half: what they assume of the class balance is then known better."""


def at_its_word(misfit: Sequence[float], n_rows: float) -> float:
    """How far the model of the covariances is taken at its word; `misfit` is that of `covariances.misfit`."""
    off, unexplained = misfit
    return _ramp(off, FITS) * _ramp(unexplained, EXPLAINS) * n_rows / (n_rows + _ROWS)


def share(misfit: Sequence[float], gold_rows: float) -> float:
    """Weight of the covariances where evidence is pooled, beside so many gold rows per class."""
    return _COVARIANCES * (_GOLD_ROWS / (_GOLD_ROWS + gold_rows)) * _ramp(misfit[1], _UNHEARD)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    """1 up to the first end, 0 from the second on."""
    return float(np.clip((ends[1] - value) / (ends[1] - ends[0]), 0, 1))
