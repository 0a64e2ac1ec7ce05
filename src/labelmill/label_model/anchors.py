"""Accuracies that start from "better than random" and move only as far as the votes push them."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

_LEAST, _MOST = 0.01, 0.99
"""With uniform classes a precision is kept from 1/k + the first up to the second, so that no vote counts
for nothing, against itself, or for certain."""
_MOST_RARITY = 3.0
"""Log of how many times rarer or more frequent than usual a vote counts as at most."""


def from_skill(skill: NDArray[np.float64] | float, balance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Precision of votes for each class: chance, which is the class's share, plus skill times what is left to 1."""
    return balance + skill * (1 - balance)


def to_skill(accuracy: float, cardinality: int) -> float:
    """How far an accuracy among uniform classes lies between chance, 0, and always right, 1."""
    return (accuracy - 1 / cardinality) / (1 - 1 / cardinality)


def anchored_precision(
    expected: NDArray[np.float64],
    counts: NDArray[np.float64],
    balance: NDArray[np.float64],
    *,
    anchor: float,
    strength: float,
    rarity: float = 0.0,
) -> NDArray[np.float64]:
    """P(truth is l | j votes l), m x k: the mean of a Beta posterior.

    The prior of a cell is worth `strength` votes; its mean has the skill that the labeling function shows
    in its votes for *other* classes, itself drawn to that of `anchor`. A labeling function of one class is
    drawn to `anchor`. It is not drawn to the mean of all: that mean feeds on itself, and took the
    sets with many poor rules down by up to 30 points of macro-F1.

    Parameters
    ----------
    expected
        m x k x k: expected number of votes by labeling function, vote and truth.
    counts
        m x k: number of votes.
    balance
        k: the share of each class.
    anchor
        The accuracy, were classes uniform, of a labeling function that nothing is known about.
    strength
        How many votes the prior is worth.
    rarity
        By how much the log-odds of a precision fall where votes are e times more frequent than the (geometric) mean of
        all. Who writes a narrow rule knows why, and nobody can be right more often than his class occurs.
        In 11 of 12 real sets rare votes were more often right, with a slope of about .36, in most between .2 and .8.
    """
    k = len(balance)
    right = np.einsum("jll->jl", expected)
    gained, to_gain = right - counts * balance, counts * (1 - balance)  # beyond chance
    elsewhere = [part.sum(axis=1, keepdims=True) - part for part in (gained, to_gain)]
    pull = strength * (1 - 1 / k)
    skill = (elsewhere[0] + pull * to_skill(anchor, k)) / (elsewhere[1] + pull)
    precision = (right + strength * from_skill(skill, balance)) / (counts + strength)
    if rarity:
        precision = expit(logit(precision) - rarity * _log_frequency(counts))
    low, high = (from_skill(to_skill(bound, k), balance) for bound in (1 / k + _LEAST, _MOST))
    return np.clip(precision, low, high)


def _log_frequency(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many times more votes a cell has than the geometric mean of all that have any, as a logarithm, m x k."""
    logs = np.log(np.maximum(counts, 1))
    middle = logs[counts > 0].mean() if (counts > 0).any() else 0.0
    return np.clip(np.where(counts > 0, logs - middle, 0), -_MOST_RARITY, _MOST_RARITY)


def precision_evidence(precision: NDArray[np.float64], balance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds that vote l of j adds to class y, m x k x k: log P(y | vote) / P(y)."""
    k = len(balance)
    other = np.log((1 - precision) / (1 - balance))
    evidence = np.repeat(other[:, :, None], k, axis=2)
    evidence[:, np.arange(k), np.arange(k)] = np.log(precision / balance)
    return evidence


def confusion_evidence(
    expected: NDArray[np.float64],
    counts: NDArray[np.float64],
    precision: NDArray[np.float64],
    balance: NDArray[np.float64],
    *,
    strength: float,
) -> NDArray[np.float64]:
    """Log P(j votes l | truth y), m x k x k: each row of a confusion matrix the mean of a Dirichlet posterior.

    The prior mean is the confusion matrix that the anchored precisions imply, by Bayes' rule.

    Parameters
    ----------
    expected, counts
        As in `anchored_precision`.
    precision
        m x k: its result.
    balance
        k: the share of each class.
    strength
        How many votes per true class the prior is worth.
    """
    truth_given_vote = np.exp(precision_evidence(precision, balance)) * balance
    joint = truth_given_vote * (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))[:, :, None]
    prior = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-12)
    table = (expected + strength * prior) / (expected.sum(axis=1, keepdims=True) + strength)
    # A vote that never occurs has no evidence; the floor keeps its logarithm finite.
    return centred(np.log(np.maximum(table, 1e-6)))


def centred(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same evidence, m x k x k, with mean 0 over the classes."""
    return evidence - evidence.mean(axis=2, keepdims=True)
