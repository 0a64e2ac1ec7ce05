"""Scores on covered rows; a tie counts in equal parts for each tied class."""

import numpy as np


def tied_parts(probs: np.ndarray, *, tolerance: float = 1e-9) -> np.ndarray:
    """One for the most likely class, split equally among classes that are equally likely."""
    top = probs >= probs.max(axis=1, keepdims=True) - tolerance
    return top / top.sum(axis=1, keepdims=True)


def macro_f1(probs: np.ndarray, gold: np.ndarray) -> float:
    """Mean F1 over the classes that occur in gold."""
    parts = tied_parts(probs)
    right = np.array([parts[gold == y, y].sum() for y in range(probs.shape[1])])
    total = parts.sum(axis=0) + np.bincount(gold, minlength=probs.shape[1])
    present = np.unique(gold)
    return float(np.mean(2 * right[present] / total[present]))


def accuracy(probs: np.ndarray, gold: np.ndarray) -> float:
    """Share of rows whose most likely class is the gold one."""
    return float(tied_parts(probs)[np.arange(len(gold)), gold].mean())


def calibration_error(probs: np.ndarray, gold: np.ndarray, *, bins: int = 15) -> float:
    """Expected calibration error of the most likely class, bins of equal width."""
    confidence = probs.max(axis=1)
    right = tied_parts(probs)[np.arange(len(gold)), gold]
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(gold))


def brier(probs: np.ndarray, gold: np.ndarray) -> float:
    """Mean squared distance of the probabilities from the gold class."""
    return float(((probs - np.eye(probs.shape[1])[gold]) ** 2).sum(axis=1).mean())


def f1(probs: np.ndarray, gold: np.ndarray, label: int) -> float:
    """F1 of one class."""
    parts = tied_parts(probs)[:, label]
    return float(2 * parts[gold == label].sum() / (parts.sum() + (gold == label).sum()))


def log_loss(probs: np.ndarray, gold: np.ndarray) -> float:
    """Mean of minus the log-probability of the gold class, never taken for less likely than 1e-6."""
    return float(-np.log(np.maximum(probs[np.arange(len(gold)), gold], 1e-6)).mean())


def regret(probs: np.ndarray, bayes: np.ndarray) -> float:
    """Accuracy lost to who decides by the true posterior, in expectation over that posterior: no noise from gold."""
    return float(bayes.max(axis=1).mean() - (tied_parts(probs) * bayes).sum(axis=1).mean())


def of_covered(probs: np.ndarray, gold: np.ndarray, covered: np.ndarray) -> dict[str, float]:
    """All scores on covered rows, in points where they are shares, and `whole_f1` on all of them.

    Nobody knows anything of an uncovered row: for `whole_f1` all classes are equally likely there.
    """
    everywhere = np.where(covered[:, None], probs, 1 / probs.shape[1])
    probs, gold_there = probs[covered], gold[covered]
    return {
        "macro_f1": 100 * macro_f1(probs, gold_there),
        "accuracy": 100 * accuracy(probs, gold_there),
        "whole_f1": 100 * macro_f1(everywhere, gold),
        "ece": 100 * calibration_error(probs, gold_there),
        "brier": brier(probs, gold_there),
        "log_loss": log_loss(probs, gold_there),
        "uncovered": 100 * (1 - covered.mean()),
    }
