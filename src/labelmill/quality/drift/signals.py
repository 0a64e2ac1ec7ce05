"""Signals from shares, and which changes are large enough to matter."""

from collections.abc import Sequence

from labelmill.params import DriftParams
from labelmill.quality.drift.findings import LayerName, Signal
from labelmill.quality.drift.shares import Floats, Shares, SignalKey

CERTAIN = 1000.0
"""Statistic of what chance cannot do, such as a column that is gone."""

_AMONG_FEW = ("agreement", "class_share", "conflict", "accuracy")
_PER_LF = ("coverage", "error")


def as_signals(
    layer: LayerName, keys: Sequence[SignalKey], window: Shares, reference: Shares, z: Floats
) -> list[Signal]:
    """One signal per key."""
    return [
        Signal(layer, key.kind, key.name, float(before), float(now), float(score), alarm=False)
        for key, before, now, score in zip(keys, reference.values, window.values, z, strict=True)
    ]


def matters(signal: Signal, params: DriftParams) -> bool:
    """Whether the change is large enough to do something about: with many rows, every change is significant."""
    change = abs(signal.window - signal.reference)
    if signal.kind == "content":
        return signal.window >= params.content_auc
    if signal.kind in _AMONG_FEW:
        return change >= params.agreement_change
    if signal.kind in _PER_LF and change >= max(signal.window, signal.reference) / 2 > 0:
        return True  # half of a rare labeling function's votes are few rows, but all that it has
    return change >= params.share_change
