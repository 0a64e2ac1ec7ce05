"""How far `Auto` believes what covariances say, from how well their model explains them: numbers from 0 to 1."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from labelmill.arrays import Probs
from labelmill.label_model import free_balance
from labelmill.label_model.encoding import EncodedVotes
from labelmill.label_model.gathering import thinned

FITS, EXPLAINS = (1.3, 2.5), (0.1, 0.4)
"""Misfit in standard errors, and unexplained share, up to which the model of the covariances is taken at its word,
and from which not at all."""
_ROWS = 2000.0
"""Rows at which half as much is known of the fit as can be: few rows do not show what is wrong with a model."""
_COVARIANCES = 0.5
"""Weight of the covariances in the evidence, as far as they fit; the rest is agreement with the majority."""
_UNHEARD = (0.45, 0.65)
"""Unexplained share of the covariances from which they count less, and from which not at all."""
_CONTRADICTS = (0.05, 0.15)
"""How far the class mass by the covariances may lie from what voters show of it, in total variation."""
_FEW_VOTERS = 0.05
"""Share of votes by labeling functions of several classes below which they tell nothing of the balance."""
_ROWS_OF_ROUNDS = 5_000
"""Rows on which the balance is looked for in rounds."""
_GOLD_ROWS = 25.0
"""Gold rows per class at which covariances count half: what they assume of the class balance is then known better."""


def at_its_word(misfit: Sequence[float], n_rows: float) -> float:
    """How far the model of the covariances is taken at its word; `misfit` is that of `covariances.misfit`."""
    off, unexplained = misfit
    return _ramp(off, FITS) * _ramp(unexplained, EXPLAINS) * n_rows / (n_rows + _ROWS)


def balanced(assumed: NDArray[np.float64], seen: NDArray[np.float64], voters: float) -> float:
    """How far the class balance that the covariances assume can be right, as far as the votes show.

    Covariances of voters who vote for every class are explained as well by equally frequent classes as by unequal ones,
    so a good fit says nothing of the balance, and the model would call half of the rows what one in ten is. What is
    frequent such votes do show, see `free_balance`. Rules of one class do not, and there the fit suffers.

    Parameters
    ----------
    assumed, seen
        k: the share of each class among the covered rows, by the model and by its maximum likelihood.
    voters
        Share of the votes that come from labeling functions that vote for several classes.
    """
    apart = float(np.abs(assumed - seen).sum()) / 2
    return 1 - voters * (1 - _ramp(apart, _CONTRADICTS))


def of_balance(
    votes: EncodedVotes,
    guess: Probs,
    weights: NDArray[np.float64],
    probs_of: Callable[[EncodedVotes], Probs],
) -> float:
    """As `balanced`, of votes; `guess` is where the rounds begin, n x k, `probs_of` the model of the covariances."""
    several = (votes.per_lf > 0).sum(axis=1) > 1
    voters = float(votes.per_lf[several].sum() / votes.per_lf.sum())
    if voters < _FEW_VOTERS:
        return 1.0
    rows = thinned(votes, _ROWS_OF_ROUNDS)
    some = replace(votes.rows(rows), n_silent=0.0)
    seen = free_balance.masses(some, np.ascontiguousarray(guess[rows]), weights)
    assumed = some.row_weights @ probs_of(some)
    return balanced(assumed / assumed.sum(), seen / seen.sum(), voters)


def share(misfit: Sequence[float], gold_rows: float) -> float:
    """Weight of the covariances where evidence is pooled, beside so many gold rows per class."""
    return _COVARIANCES * (_GOLD_ROWS / (_GOLD_ROWS + gold_rows)) * _ramp(misfit[1], _UNHEARD)


def _ramp(value: float, ends: tuple[float, float]) -> float:
    """1 up to the first end, 0 from the second on."""
    return float(np.clip((ends[1] - value) / (ends[1] - ends[0]), 0, 1))
