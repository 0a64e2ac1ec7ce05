"""The curves behind the scores, as tables that `dvc plots` and the report draw."""

import numpy as np
import pandas as pd

from labelmill.arrays import UNKNOWN
from labelmill.quality.evaluation import judged, probs_of, systems, undecided
from labelmill.quality.metrics import TIED

MAX_POINTS = 200

UNDECIDED = "undecided"


def calibration(predictions: pd.DataFrame, classes: tuple[str, ...], *, positive: int, n_bins: int) -> pd.DataFrame:
    """How right each system is at each degree of confidence: system, mean_confidence, observed, n."""
    known = predictions[predictions["gold"] != UNKNOWN]
    tables = []
    for system in systems(known.columns, classes):
        rows = judged(known, system, classes, positive=positive, n_bins=n_bins)
        frame = pd.DataFrame({"bin": rows.bins, "mean_confidence": rows.confidence, "observed": rows.credit, "n": 1})
        binned = frame.groupby("bin").agg({"mean_confidence": "mean", "observed": "mean", "n": "sum"})
        tables.append(binned.round(6).reset_index(drop=True).assign(system=system))
    return pd.concat(tables)[["system", "mean_confidence", "observed", "n"]]


def precision_recall(predictions: pd.DataFrame, classes: tuple[str, ...], *, positive: int) -> pd.DataFrame:
    """Precision at each recall of the positive class: system, recall, precision; at most 200 points each."""
    known = predictions[predictions["gold"] != UNKNOWN]
    tables = []
    for system in systems(known.columns, classes):
        rows = judged(known, system, classes, positive=positive, n_bins=1)
        if not rows.positive.any():
            continue
        ends = np.append(rows.starts[1:], len(rows.order)) - 1
        found = rows.positive[rows.order].cumsum()[ends]
        points = np.unique(np.linspace(0, len(ends) - 1, min(MAX_POINTS, len(ends))).astype(int))
        curve = {"recall": found[points] / found[-1], "precision": found[points] / (ends[points] + 1)}
        tables.append(pd.DataFrame(curve).round(6).assign(system=system))
    columns = ["system", "recall", "precision"]
    return pd.concat(tables)[columns] if tables else pd.DataFrame(columns=columns)


def confusion(predictions: pd.DataFrame, classes: tuple[str, ...], *, system: str = "end_model") -> pd.DataFrame:
    """Gold and predicted class name of every row, as DVC's confusion template counts them: actual, predicted."""
    known = predictions[predictions["gold"] != UNKNOWN]
    probs = probs_of(known, system, classes)
    names = np.array([*classes, UNDECIDED], dtype=object)
    open_rows = (probs >= probs.max(axis=1, keepdims=True) - TIED).sum(axis=1) > 1
    without = undecided(known, system)
    if without is not None:
        open_rows |= without
    predicted = np.where(open_rows, len(classes), probs.argmax(axis=1))
    return pd.DataFrame({"actual": names[known["gold"].to_numpy(dtype=np.int64)], "predicted": names[predicted]})
