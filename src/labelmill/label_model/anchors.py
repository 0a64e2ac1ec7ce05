"""Accuracies that start from "better than random" and move only as far as the votes push them."""

import numpy as np
from numpy.typing import NDArray


def anchored_precision(
    expected: NDArray[np.float64], counts: NDArray[np.float64], *, anchor: float, strength: float
) -> NDArray[np.float64]:
    """P(truth is l | j votes l), m x k: the mean of a Beta posterior.

    The prior of a cell is worth `strength` votes; its mean is what the labeling function's votes for
    *other* classes show, itself drawn to `anchor`. A labeling function of one class is drawn to `anchor`.

    Parameters
    ----------
    expected
        m x k x k: expected number of votes by labeling function, vote and truth.
    counts
        m x k: number of votes.
    anchor
        The accuracy of a labeling function that nothing is known about.
    strength
        How many votes the prior is worth.
    """
    right = np.einsum("jll->jl", expected)
    right_elsewhere = right.sum(axis=1, keepdims=True) - right
    votes_elsewhere = counts.sum(axis=1, keepdims=True) - counts
    prior = (right_elsewhere + strength * anchor) / (votes_elsewhere + strength)
    precision = (right + strength * prior) / (counts + strength)
    return np.clip(precision, 1 / counts.shape[1] + 0.01, 0.99)


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
    evidence = np.log(np.maximum(table, 1e-6))
    return evidence - evidence.mean(axis=2, keepdims=True)
