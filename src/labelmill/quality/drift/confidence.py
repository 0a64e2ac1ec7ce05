"""How good the champion is on rows that nobody has labeled: by its own confidence (CBPE, as NannyML calls it).

A model that says 0.9 is right nine times in ten, if it is calibrated; what it is off in the reference is taken off
again. Blind to rows that changed their class and look the same: only gold shows that.
"""

import numpy as np

from labelmill.arrays import UNKNOWN
from labelmill.quality.drift.findings import Estimate
from labelmill.quality.drift.outputs import is_scored
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.drift.shares import Floats

LEAST_JUDGED = 100


def expected_accuracy(reference: Reference, window: Rows) -> Estimate | None:
    """The champion's accuracy in the window, as far as its confidence tells; None where it did not score the rows."""
    scored = is_scored(window.scores)
    if scored.sum() < LEAST_JUDGED:
        return None
    confidence = window.scores[scored].max(axis=1)
    off = _excess(reference.rows)
    value = confidence.mean() + off.mean()
    wide = 1.96 * float(np.sqrt(confidence.var() / len(confidence) + off.var() / len(off)))
    return Estimate(float(np.clip(value, 0, 1)), float(max(value - wide, 0)), float(min(value + wide, 1)))


def reference_accuracy(reference: Reference) -> float | None:
    """The same of the reference; None where it has too few scored rows."""
    rows = reference.rows
    scored = is_scored(rows.scores)
    if scored.sum() < LEAST_JUDGED:
        return None
    return float(np.clip(rows.scores[scored].max(axis=1).mean() + _excess(rows).mean(), 0, 1))


def _excess(rows: Rows) -> Floats:
    """By scored row with gold, how much more often right than confident; a single 0 where there are too few.

    The label model cannot stand in for gold here: the champion knows more of a row than the votes tell.
    """
    gold = np.full(len(rows), UNKNOWN) if rows.gold is None else rows.gold
    judged = is_scored(rows.scores) & (gold >= 0)
    if judged.sum() < LEAST_JUDGED:
        return np.zeros(1)
    scores = rows.scores[judged]
    return (scores.argmax(axis=1) == gold[judged]) - scores.max(axis=1)
