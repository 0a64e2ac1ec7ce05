"""How often each labeling function is right, as far as a model can tell without gold."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaincinv

from labelmill.arrays import Probs
from labelmill.label_model.encoding import EncodedVotes

_OWN_VOTES = 2.0
"""Weight, in votes, of the estimate itself in its interval: it keeps the interval of a few votes proper."""


def agreement(votes: EncodedVotes, probs: Probs) -> NDArray[np.float64]:
    """Share of its votes in which each labeling function agrees with the posterior; 1/k if it has none."""
    right = np.einsum("jll->j", votes.expected(probs))
    count = votes.per_lf.sum(axis=1)
    return np.where(count > 0, right / np.maximum(count, 1), 1 / votes.cardinality)


def doubt(votes: EncodedVotes, probs: Probs) -> NDArray[np.float64]:
    """Variance of how many votes of each labeling function are right, given all votes, m."""
    return np.einsum("jll->j", votes.expected(probs * (1 - probs)))


def told(count: NDArray[np.float64], accuracy: NDArray[np.float64], doubt: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many votes whose truth is known tell as much of an accuracy as these do, whose truth is latent, m.

    What is missing is the variance of the truth given all votes [1]_: with q_i the probability that vote i is right, n
    votes of accuracy a are worth n - sum of q_i (1 - q_i) / (a (1 - a)).

    References
    ----------
    .. [1] T. A. Louis, "Finding the observed information matrix when using the EM algorithm", JRSS B 44(2), 1982.
    """
    missing = doubt / np.maximum(accuracy * (1 - accuracy), 1e-12)
    return np.clip(count - missing, 0, count)


def interval(accuracy: NDArray[np.float64], count: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The 95 % interval of a Beta posterior around each estimate, as wide as so many votes make it."""
    right = np.clip(accuracy, 1e-6, 1 - 1e-6) * (count + _OWN_VOTES)
    wrong = count + _OWN_VOTES - right
    return betaincinv(right, wrong, 0.025), betaincinv(right, wrong, 0.975)


def summarise(
    per_lf: NDArray[np.float64],
    n_rows: int,
    names: Sequence[str],
    accuracy: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
    told: NDArray[np.float64],
) -> pd.DataFrame:
    """One row per labeling function: votes, coverage, estimated accuracy with its interval, weight."""
    count = per_lf.sum(axis=1)
    low, high = interval(accuracy, told)
    return pd.DataFrame(
        {
            "Votes": np.round(count).astype(np.int64),
            "Coverage": count / max(n_rows, 1),
            "Est. Acc.": accuracy,
            "Est. Acc. Low": low,
            "Est. Acc. High": high,
            "Weight": np.ones(len(names)) if weights is None else weights,
        },
        index=pd.Index(list(names), name="lf"),
    )
