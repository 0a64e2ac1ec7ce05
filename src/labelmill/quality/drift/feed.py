"""Whether the rows themselves are damaged: values missing, texts cut off, bytes garbled, one row again and again."""

from collections.abc import Collection

import numpy as np

from labelmill.quality.drift.findings import Findings, Signal
from labelmill.quality.drift.gathering import Sample
from labelmill.quality.drift.inputs import values_of
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows

NULL_JUMP, TEXT_NULL_JUMP = 0.5, 0.2
"""More missing values by so much are a broken feed. Without text nothing works; of other columns (the address of a
sender that mailing lists leave out, say) sound rows of another kind may lack more, and `validate` has limits for those.
"""
SHORTENED = 0.25
DAMAGED_JUMP = 0.02
SILENT = 0.1
"""All labeling functions together keep less than this part of their coverage."""
FAILING = 0.5
COPIES = 0.2
"""Share of distinct rows, beside that of the reference, below which a window is one row again and again."""


def broken_feed(reference: Reference, window: Rows, measured: Sample, findings: Findings) -> list[tuple[str, str]]:
    """What is broken, subject and reason in plain words; empty where the rows are sound."""
    alarms = findings.layers["input"].alarms
    texts = reference.schema.text_columns
    found = [broken for signal in alarms if (broken := _column(signal, texts)) is not None]
    found += _shortened(reference, measured)
    rows = len(window)
    spoke = (reference.votes.n - reference.votes.agreement[0, -1]) / reference.votes.n
    now = float((window.L >= 0).any(axis=1).mean())
    if spoke > 0 and now < SILENT * spoke:
        found.append(("", f"labeling functions are silent on {1 - now:.0%} of {rows} rows (before: {1 - spoke:.0%})"))
    if window.failed is not None and (failing := window.failed.mean(axis=0) > FAILING).all() and len(failing):
        found.append(("", f"every labeling function fails on more than half of {rows} rows"))
    distinct = [len(np.unique(keys)) / len(keys) for keys in (measured.keys, reference.sample.keys[:rows])]
    if distinct[0] < COPIES * distinct[1]:
        found.append(("", f"only {distinct[0]:.1%} of {rows} rows are distinct (before: {distinct[1]:.0%})"))
    return found


def _column(signal: Signal, texts: Collection[str]) -> tuple[str, str] | None:
    """What one signal of the input says about a column."""
    change = signal.window - signal.reference
    if signal.kind == "column" and change < 0:
        return signal.name, f"column {signal.name!r} is gone"
    if signal.kind == "null" and change >= (TEXT_NULL_JUMP if signal.name in texts else NULL_JUMP):
        now, before = f"{signal.window:.0%}", f"{signal.reference:.0%}"
        return signal.name, f"{now} of the values of column {signal.name!r} are missing (before: {before})"
    if signal.kind == "characters" and signal.name == "damaged" and change >= DAMAGED_JUMP:
        return "", f"{signal.window:.1%} of all characters are damaged (before: {signal.reference:.1%})"
    return None


def _shortened(reference: Reference, measured: Sample) -> list[tuple[str, str]]:
    """Text columns whose usual length is a fraction of what it was."""
    found = []
    for name in (f"length:{column}" for column in reference.schema.text_columns):
        before = np.median(values_of(reference.sample.measured, name, absent=0.0))
        now = np.median(values_of(measured.measured, name, absent=np.nan))
        if before > 0 and now < SHORTENED * before:
            column = name.removeprefix("length:")
            reason = f"the usual length of column {column!r} is {now:.0f} characters (before: {before:.0f})"
            found.append((column, reason))
    return found
