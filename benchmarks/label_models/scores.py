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
