"""A window beside the reference: three layers of signals, and what chance alone would do."""

from pathlib import Path

import numpy as np

from labelmill.params import DriftParams
from labelmill.quality.drift import outputs
from labelmill.quality.drift.confidence import expected_accuracy
from labelmill.quality.drift.findings import LAYERS, Findings, LayerFindings, LayerName, Signal, State
from labelmill.quality.drift.gathering import Sample
from labelmill.quality.drift.input_signals import input_signals
from labelmill.quality.drift.null import LayerNull, Null, null_of
from labelmill.quality.drift.prior import estimate_shift
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.drift.shares import Shares, signed_root
from labelmill.quality.drift.signals import as_signals, matters
from labelmill.quality.drift.votes import VoteCounts, VoteForm, distance

ALL_TEXTS = 20_000
"""Of a larger window as many rows are kept for the layer of input as the reference keeps by default."""


def compare(reference: Reference, window: Rows, params: DriftParams, *, cache: Path | None = None) -> Findings:
    """Compare a window with the reference.

    Parameters
    ----------
    reference
        What training saw.
    window
        New rows, none of them in the reference.
    params
        Section `drift` of the parameters.
    cache
        Folder that keeps what chance does to windows of one size, so that it is drawn once per reference.

    Returns
    -------
    Findings
        All layers; below `drift.min_rows` none of them can tell.

    Examples
    --------
    One labeling function has fallen silent.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from labelmill.quality.drift import Schema
    >>> def rows(n, seed):
    ...     L = np.random.default_rng(seed).integers(-1, 2, (n, 3)).astype(np.int8)
    ...     frame = pd.DataFrame({"id": [f"{seed}-{row}" for row in range(n)]})
    ...     return Rows(frame, L, np.full((n, 2), 0.5), np.full((n, 2), np.nan))
    >>> schema = Schema((), ("ham", "spam"), ("links", "greeting", "shouting"))
    >>> reference = Reference.of([rows(2000, 1)], schema, seed=1)
    >>> window, params = rows(600, 2), DriftParams(null_draws=100)
    >>> compare(reference, window, params).state
    'stable'
    >>> window.L[:, 2] = -1
    >>> found = compare(reference, window, params).layers["votes"]
    >>> found.state, found.signals[0].kind, found.signals[0].name
    ('drift', 'coverage', 'shouting')
    """
    n = len(window)
    if n < params.min_rows:
        return Findings.untold(reference.n, n)
    null = null_of(reference, n, draws=params.null_draws, cache=cache)
    level = params.level / len(LAYERS)
    counts = VoteCounts.of(window.L, window.failed, cardinality=reference.schema.cardinality)
    found, more = input_signals(reference, _measured(reference, window), null.layers["input"])
    by_layer: dict[LayerName, tuple[list[Signal], int]] = {
        "input": (found, more),
        "votes": (signals_of_votes(reference.vote_form, counts, reference.votes, null), 0),
        "outputs": (_output_signals(reference, window, null.layers["outputs"]), 0),
    }
    layers = {name: _judge(name, *by_layer[name], null.layers[name], params, level=level) for name in LAYERS}
    shift = estimate_shift(reference, window)
    prior = dict(zip(reference.schema.classes, shift.window, strict=True)) if shift else {}
    return Findings(reference.n, n, layers, prior, expected_accuracy(reference, window))


def signals_of_votes(form: VoteForm, window: VoteCounts, reference: VoteCounts, null: Null) -> list[Signal]:
    """The layer of votes, from counts over all rows of both sides."""
    sides, reach = (form.shares(window), form.shares(reference)), distance(window, reference)
    signals = as_signals("votes", form.keys, *sides, signed_root(*sides) / null.layers["votes"].spread)
    scaled = np.cbrt(reach**2 / (1 / window.n + 1 / reference.n))
    z = float((scaled - null.distance[0]) / null.distance[1])
    return [*signals, Signal("votes", "distance", "", 0.0, reach, z, alarm=False)]


def _output_signals(reference: Reference, window: Rows, null: LayerNull) -> list[Signal]:
    """The layer of outputs, over all rows of the window."""
    features = outputs.features(window, reference.schema)
    sides: tuple[Shares, Shares] = features.sums(), reference.outputs
    signals = as_signals("outputs", features.keys, *sides, signed_root(*sides) / null.spread)
    return [signal for signal in signals if signal.kind != outputs.ON_GOLD.kind]


def _measured(reference: Reference, window: Rows) -> Sample:
    return Sample.of(window, reference.schema, seed=reference.seed, most=ALL_TEXTS)


def _judge(
    name: LayerName, signals: list[Signal], more: int, null: LayerNull, params: DriftParams, *, level: float
) -> LayerFindings:
    """Whether the largest statistic of the layer that matters is more than chance would make it."""
    threshold = null.threshold(level, more=more)
    judged = [
        Signal(s.layer, s.kind, s.name, s.reference, s.window, s.z, alarm=abs(s.z) > threshold and matters(s, params))
        for s in signals
    ]
    judged.sort(key=lambda signal: -abs(signal.z))
    statistic = max((abs(signal.z) for signal in judged if matters(signal, params)), default=0.0)
    alarm = any(signal.alarm for signal in judged)
    state: State = "drift" if alarm else "stable" if judged else "cannot tell"
    return LayerFindings(name, state, statistic, threshold, null.p_value(statistic, more=more), tuple(judged))
