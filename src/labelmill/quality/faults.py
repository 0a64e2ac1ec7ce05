"""What else speaks against a challenger, however good it is on the whole.

A slice that it loses, its calibration, the classes of the champion where it has new ones.
"""

from typing import Any

import numpy as np
from scipy.special import ndtri

from labelmill.params import PromoteParams
from labelmill.quality import bootstrap
from labelmill.quality.attempts import CONFIDENCE
from labelmill.quality.evidence import Evidence
from labelmill.quality.metrics import Floats, Judged, balanced_accuracy, ece


def of_slices(
    evidence: Evidence, both: dict[str, Judged], drawn: dict[str, Floats], params: PromoteParams
) -> tuple[dict[str, Any], list[str]]:
    """Accuracy of both on each slice, and where the challenger loses more than is borne."""
    slices, found = {}, []
    judged = sum(int(rows.sum()) >= params.slice_rows for rows in evidence.slices.values())
    # Of many slices one falls behind by chance more easily than a single one does (Bonferroni).
    z = float(ndtri(1 - (1 - CONFIDENCE) / max(judged, 1)))
    for name, rows in evidence.slices.items():
        n = int(rows.sum())
        if n == 0:
            continue
        old, new = (float(both[side].credit[rows].mean()) for side in ("champion", "challenger"))
        resampled = drawn[f"slice {name}"]
        borne = max(params.slice_tolerance, z * float(np.std(resampled)))
        slices[name] = {
            "n": n,
            "champion": bootstrap.rounded(old),
            "challenger": bootstrap.rounded(new),
            "difference": bootstrap.interval(new - old, resampled),
        }
        if n >= params.slice_rows and new - old < -borne:
            found.append(
                f"on slice {name} ({n:,} rows) accuracy falls from {old:.3f} to {new:.3f}, more than the {borne:.3f} "
                "that are borne"
            )
    return slices, found


def of_old_classes(
    evidence: Evidence, both: dict[str, Judged], params: PromoteParams, *, classes: tuple[str, ...]
) -> list[str]:
    """Whether what a challenger gains on a class that is new to the champion hides what it loses on the others.

    The champion is wrong on each row of the new class, so all it takes to beat it on the mean is to know that one.
    """
    known = np.asarray(evidence.champion.any(axis=0))
    new = sorted({classes[y] for y in evidence.gold[~known[evidence.gold]]})
    on_known = known[evidence.gold].astype(np.float64)[None, :]
    if not new or not on_known.any():
        return []
    before, now = (float(balanced_accuracy(both[side], on_known)[0]) for side in ("champion", "challenger"))
    if not now < before - params.worst_loss:  # neither where one class alone is left, of which both are nan
        return []
    return [
        f"on the classes that the champion knows balanced accuracy falls from {before:.3f} to {now:.3f}, more than "
        f"the {params.worst_loss:g} that are borne, whatever is gained by {', '.join(new)}"
    ]


def of_calibration(
    both: dict[str, Judged], drawn: dict[str, Floats], params: PromoteParams
) -> tuple[dict[str, float | None], list[str]]:
    """The difference of the expected calibration errors, and whether more is lost than is borne."""
    ones = np.ones((1, len(both["champion"].credit)))
    old, new = (float(ece(both[side], ones)[0]) for side in ("champion", "challenger"))
    found = []
    if new - old > params.calibration_tolerance and _surely_above_zero(drawn["ece"]):
        found.append(f"the expected calibration error rises from {old:.3f} to {new:.3f}")
    return bootstrap.interval(new - old, drawn["ece"]), found


def _surely_above_zero(drawn: Floats) -> bool:
    return len(drawn) > 0 and float(np.quantile(drawn, 1 - CONFIDENCE)) > 0
