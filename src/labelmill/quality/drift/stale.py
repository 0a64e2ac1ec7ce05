"""Which labeling functions changed what they do, beyond what other shares of the classes or new content explain.

Rows of the reference are weighted until the classes have the shares that the window has: what a labeling function
does there is what it should do in the window. The one that is furthest from it is named and silenced, then
the others are looked at again, so that those which only disagree with it are not named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from labelmill.arrays import Probs
from labelmill.params import DriftParams
from labelmill.quality.drift.findings import Findings, Signal
from labelmill.quality.drift.others import Beside, beside, majority, tallies
from labelmill.quality.drift.prior import Shift, class_probs
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.drift.shares import Flags, Floats
from labelmill.quality.drift.signals import matters

LEAST_VOTES = 20
UNEXPLAINED = 0.5
"""Part of a change that must be left unexplained: the explanation is an estimate, too."""

SHOWN = 10

_Test: TypeAlias = tuple[str, Flags, Flags, Flags, Flags, float]
"""What is looked at, hits and base in the reference and in the window, and by what the expected share is multiplied."""


@dataclass(frozen=True)
class Stale:
    """A labeling function that changed.

    Attributes
    ----------
    signal
        What changed: of kind coverage, agreement, class_share or error; `reference` is what was to be expected.
    rows, before
        Ids of rows of the window that show it, and of the reference.
    """

    lf: str
    signal: Signal
    rows: tuple[str, ...]
    before: tuple[str, ...]

    @property
    def change(self) -> str:
        """What changed and which way."""
        return f"{self.signal.kind} {'up' if self.signal.window > self.signal.reference else 'down'}"


@dataclass(frozen=True)
class Explained:
    """What is taken into account: weights and classes of the rows of the sample, the shift, coverage that all kept."""

    weights: Floats
    probs: Probs
    shift: Shift | None
    kept: float


def shift_weights(reference: Reference, shift: Shift | None) -> Floats:
    """Weight of each row of the sample, of mean 1, so that its classes have the shares of the window."""
    if shift is None:
        return np.ones(len(reference.sample))
    weights = class_probs(reference.rows) @ shift.ratios
    return weights / weights.mean()


def stale_lfs(
    reference: Reference,
    window: Rows,
    findings: Findings,
    shift: Shift | None,
    params: DriftParams,
) -> list[Stale]:
    """The labeling functions that changed, the plainest first; only looked for where the layer of votes drifts."""
    layer = findings.layers["votes"]
    if layer.state != "drift":
        return []
    weights, probs = shift_weights(reference, shift), class_probs(reference.rows)
    is_quieter = any(signal.kind == "uncovered" and signal.window > signal.reference for signal in layer.alarms)
    k, silenced, found = reference.schema.cardinality, np.zeros(window.L.shape[1], bool), list[Stale]()
    suspects = {j for j, name in enumerate(reference.schema.lf_names) if _stands_out(name, layer.alarms)}
    own = {j: _own_changes(reference, window, j, Explained(weights, probs, shift, 1.0), params) for j in suspects}
    while not silenced.all():
        ours, theirs = (tallies(L, k, silenced=silenced) for L in (reference.sample.L, window.L))
        left = np.flatnonzero(~silenced).tolist()
        pairs = {j: (beside(reference.sample.L[:, j], ours), beside(window.L[:, j], theirs)) for j in left}
        kept = _kept_share(pairs, weights) if is_quieter else 1.0
        explained = Explained(weights, probs, shift, kept)
        changes = [
            (j, signal)
            for j in suspects.intersection(left)
            for signal in [*_changes_beside(reference, j, *pairs[j], explained, params), *own[j]]
            if abs(signal.z) > layer.threshold
        ]
        if not changes:
            return found
        j, signal = max(changes, key=lambda change: abs(change[1].z))
        found.append(Stale(signal.name, signal, *_shown(reference, window, j, *pairs[j], signal, (ours, theirs))))
        silenced[j] = True
    return found


def _stands_out(lf: str, alarms: Sequence[Signal]) -> bool:
    """Whether anything that is about this labeling function alarms, without any explanation."""
    return any(lf in (signal.name, *signal.name.split(" & ")) or signal.name.startswith(f"{lf}: ") for signal in alarms)


def _changes_beside(
    reference: Reference, j: int, ours: Beside, theirs: Beside, explained: Explained, params: DriftParams
) -> list[Signal]:
    """What one labeling function does beside those that are not silenced, and beside what it should do."""
    everywhere, all_rows = np.ones(len(ours.voted), bool), np.ones(len(theirs.voted), bool)
    tests: list[_Test] = [
        ("coverage", ours.voted, everywhere, theirs.voted, all_rows, explained.kept),
        ("agreement", ours.agrees, ours.decided, theirs.agrees, theirs.decided, 1.0),
    ]
    return _changes(reference.schema.lf_names[j], tests, explained, params)


def _own_changes(reference: Reference, window: Rows, j: int, explained: Explained, params: DriftParams) -> list[Signal]:
    """The same of what the others have no part in: it need not be looked at again with each that is silenced."""
    ours, theirs, tests = reference.sample.L[:, j], window.L[:, j], list[_Test]()
    if (reference.votes.votes[j] > 0).sum() > 1:
        for label in range(reference.schema.cardinality):
            tests += [("class_share", ours == label, ours >= 0, theirs == label, theirs >= 0, 1.0)]
    if window.failed is not None:
        everywhere, all_rows = np.ones(len(ours), bool), np.ones(len(theirs), bool)
        tests += [("error", reference.sample.failed[:, j], everywhere, window.failed[:, j], all_rows, 1.0)]
    return _changes(reference.schema.lf_names[j], tests, explained, params)


def _changes(name: str, tests: Sequence[_Test], explained: Explained, params: DriftParams) -> list[Signal]:
    """What a labeling function does beside what it should do, where that is not explained and matters."""
    signals = []
    for kind, hits, base, their_hits, their_base, factor in tests:
        if min(base.sum(), their_base.sum()) < LEAST_VOTES:
            continue
        plain, expected = hits[base].mean(), float(np.average(hits[base], weights=explained.weights[base])) * factor
        now = float(their_hits[their_base].mean())
        if abs(now - expected) < UNEXPLAINED * abs(now - plain):
            continue
        signal = Signal("votes", kind, name, expected, now, 0.0, alarm=True)
        if matters(signal, params):
            error = _error(expected, hits[base], base, int(their_base.sum()), explained)
            signals.append(replace(signal, z=(now - expected) / error))
    return signals


def _error(expected: float, hits: Flags, base: Flags, n_window: int, explained: Explained) -> float:
    """Standard error of what is seen beside what is expected: of both samples, and of the shares of the classes."""
    weights = explained.weights[base]
    share = float(np.clip(expected, 1 / n_window, 1 - 1 / n_window))
    variance = share * (1 - share) / n_window
    variance += float((weights**2 * (hits - expected) ** 2).sum() / weights.sum() ** 2)
    if explained.shift is not None:
        # How much more is expected per share of a class: its rows count twice, in the hits and in the base.
        by_class = (explained.probs[base] * (hits - expected)[:, None]).sum(axis=0)
        by_class /= np.maximum(explained.probs.sum(axis=0), 1e-9) * weights.sum() / len(base)
        variance += float(by_class @ explained.shift.covariance @ by_class)
    return float(np.sqrt(variance))


def _kept_share(pairs: dict[int, tuple[Beside, Beside]], weights: Floats) -> float:
    """Which share of their coverage most labeling functions kept: new content makes all of them vote less."""
    ratios = [
        theirs.voted.mean() / np.average(ours.voted, weights=weights)
        for ours, theirs in pairs.values()
        if ours.voted.sum() >= LEAST_VOTES
    ]
    return float(np.median(ratios)) if len(ratios) > 2 else 1.0


def _shown(
    reference: Reference,
    window: Rows,
    j: int,
    ours: Beside,
    theirs: Beside,
    signal: Signal,
    tallied: tuple[Floats, Floats],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Rows of the window that show the change, and rows of the reference to compare them with."""
    usual = np.bincount(reference.sample.L[ours.voted, j], minlength=1).argmax() if ours.voted.any() else 0
    if signal.kind == "coverage" and signal.window < signal.reference:
        say_usual = [
            majority(L[:, j], tally) == usual for L, tally in zip((reference.sample.L, window.L), tallied, strict=True)
        ]
        rows, before = ~theirs.voted & say_usual[1], ours.voted & say_usual[0]
    elif signal.kind == "agreement" and signal.window < signal.reference:
        rows, before = theirs.decided & ~theirs.agrees, ours.agrees
    elif signal.kind == "error" and window.failed is not None:
        rows, before = window.failed[:, j], ~reference.sample.failed[:, j]
    else:
        rows, before = theirs.voted, ours.voted
    ids = window.frame["id"].astype(str).to_numpy()
    return tuple(ids[rows][:SHOWN].tolist()), tuple(map(str, reference.sample.ids[before][:SHOWN]))
