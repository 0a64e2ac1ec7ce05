"""The signals of the input: those of single shares, those of whole distributions, columns, and the classifier."""

from collections import defaultdict

import numpy as np

from labelmill.quality.drift.columns import gone_columns
from labelmill.quality.drift.domain import distinguish
from labelmill.quality.drift.findings import Signal
from labelmill.quality.drift.gathering import Sample
from labelmill.quality.drift.inputs import stability_index
from labelmill.quality.drift.null import LayerNull
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.shares import signed_root
from labelmill.quality.drift.signals import CERTAIN, as_signals


def input_signals(reference: Reference, window: Sample, null: LayerNull) -> tuple[list[Signal], int]:
    """The layer of input, and how many of its signals the null does not know of."""
    form = reference.input_form
    features = form.features(window.measured, window.grams, measurable=np.ones(len(window), bool))
    sides = features.sums(), reference.input_features.sums()
    signals = as_signals("input", features.keys, *sides, signed_root(*sides) / null.spread)
    signals = [*_distributions(signals), *_columns(reference, window)]
    found = distinguish((window.grams, window.keys), (reference.sample.grams, reference.sample.keys))
    if found is None:
        return signals, 0
    # An area below a half means that the classifier learned nothing: that is no drift.
    content = Signal("input", "content", "words", 0.5, found.auc, max(found.z, 0.0), alarm=False)
    return [*signals, content], 1


def _distributions(signals: list[Signal]) -> list[Signal]:
    """Shares below each cut become two signals per distribution: the largest distance (KS), and the stability index."""
    below: dict[str, list[Signal]] = defaultdict(list)
    others = []
    for signal in signals:
        if signal.kind == "distribution":
            below[signal.name.rpartition(" <= ")[0]].append(signal)
        else:
            others.append(signal)
    for name, cuts in below.items():
        widest = max(abs(cut.window - cut.reference) for cut in cuts)
        z = max(abs(cut.z) for cut in cuts)
        index = stability_index(*(np.array([getattr(cut, side) for cut in cuts]) for side in ("window", "reference")))
        others.append(Signal("input", "ks", name, 0.0, widest, z, alarm=False))
        others.append(Signal("input", "psi", name, 0.0, index, z, alarm=False))
    return others


def _columns(reference: Reference, window: Sample) -> list[Signal]:
    """Columns that are gone; of those that are new nothing is known to compare them with."""
    now = (name.removeprefix("null:") for name in window.measured.columns if name.startswith("null:"))
    gone = gone_columns(reference, now, rows=len(window))
    return [Signal("input", "column", name, 1.0, 0.0, -CERTAIN, alarm=False) for name in gone]
