"""Windows as `labelmill drift` would have seen them: made up, to test pages and words without a stream."""

import datetime as dt

import numpy as np

from labelmill.quality.drift.findings import Diagnosis, Estimate, Findings, LayerFindings, Signal
from labelmill.quality.watched import SampleRow, SeenBatch, Shown, Watched

LFS = ("offer", "reply", "greeting", "short", "addresses")
START = dt.datetime(2026, 1, 1, 6, tzinfo=dt.UTC)


def window(seq, *, stale=None, prior=0.4, diagnoses=(), samples=(), decisions=(), notes=(), seed=0):
    """One window; `stale` names a labeling function that lost half of its agreement."""
    rng = np.random.default_rng([seed, seq])
    signals = [signal for j, lf in enumerate(LFS) for signal in signals_of(lf, j, rng, stale=lf == stale)]
    signals.append(Signal("votes", "uncovered", "", 0.2, 0.2 + 0.01 * rng.standard_normal(), 0.5, False))
    signals.append(Signal("votes", "conflicted", "", 0.1, 0.1 + 0.005 * rng.standard_normal(), 0.2, False))
    layers = {
        "input": layer("input", [Signal("input", "missing", "subject", 0.01, 0.012, 0.3, False)], 2.0),
        "votes": layer("votes", signals, 12.0 if stale else 2.5),
        "outputs": layer("outputs", outputs(prior), 1.5 if abs(prior - 0.4) < 0.02 else 8.0),
    }
    estimates = {name: Estimate(v, v - 0.03, v + 0.03) for name, v in (("ham", 1 - prior), ("spam", prior))}
    findings = Findings(20_000, 2_000, layers, estimates, Estimate(0.95, 0.93, 0.97))
    arrived = (START + dt.timedelta(days=seq)).isoformat()
    return Watched(
        seq=seq,
        at=arrived,
        batches=(SeenBatch(seq, f"day-{seq}.jsonl", 2_000, arrived, "c" * 64, {"seq": 1, "sha256": "d" * 64}),),
        reference="a" * 64,
        lfs=dict.fromkeys(LFS, "f" * 64),
        scored_by="d" * 64,
        findings=findings,
        diagnoses=tuple(diagnoses),
        samples=tuple(samples),
        figures={"prequential/champion spam": prior, "prequential/agreement": 0.9, "prior/spam.in_training": 0.4},
        notes=tuple(notes),
        decisions=tuple(decisions),
    )


def layer(name, signals, statistic):
    state = "drift" if statistic > 4 else "stable"
    ordered = tuple(sorted(signals, key=lambda signal: -abs(signal.z)))
    return LayerFindings(name, state, statistic, 4.0, 0.001 if state == "drift" else 0.5, ordered)


def signals_of(lf, number, rng, *, stale):
    coverage, agreement = 0.1 + 0.05 * number, 0.95 - 0.02 * number
    moved = 0.4 if stale else 0.0
    z, dz = rng.standard_normal(2)
    return [
        Signal("votes", "coverage", lf, coverage, coverage + 0.007 * z, z, False),
        Signal("votes", "agreement", lf, agreement, agreement + 0.01 * dz - moved, dz - 40 * moved, bool(stale)),
        Signal("votes", "error", lf, 0.0, 0.0, 0.0, False),
    ]


def outputs(prior):
    shift = (prior - 0.4) / 0.011
    return [
        Signal("outputs", "predicted", "champion: spam", 0.4, prior, shift, abs(shift) > 4),
        Signal("outputs", "predicted", "label_model: spam", 0.42, prior + 0.02, shift, False),
        Signal("outputs", "disagreement", "champion and label model", 0.06, 0.07, 1.0, False),
    ]


def stale_offer(*, confirmed=True, text="free cash, act now"):
    """A diagnosis of the labeling function `offer`, with rows that show it."""
    found = Diagnosis(
        "stale_lf",
        "offer",
        "offer agrees with the others on 55 % of the rows on which it votes, 95 % in training.",
        confirmed,
        rows=("n1", "n2"),
        before=("o1",),
        words=("act now", "fr33"),
    )
    rows = tuple(SampleRow(name, {"subject": "hello", "text": text}, "spam") for name in ("n1", "n2"))
    return found, Shown(rows, (SampleRow("o1", {"subject": "a prize", "text": "claim it"}, "spam"),))


def stream(count=12):
    """Quiet windows, then a shift of the classes, then a stale labeling function."""
    windows = [window(seq) for seq in range(1, count - 1)]
    shift = Diagnosis("prior_shift", "spam", "spam makes up 20 % of the rows, 40 % in training.", True)
    line = {"kind": "drift", "at": "2026-01-12T06:00:00+00:00", "window": count - 1, "action": "retrain"}
    windows.append(window(count - 1, prior=0.2, diagnoses=[shift], decisions=[line]))
    found, shown = stale_offer()
    told = {
        "kind": "stale_lf",
        "at": "2026-01-13T06:00:00+00:00",
        "window": count,
        "lf": "offer",
        "fingerprint": "f" * 64,
    }
    windows.append(window(count, stale="offer", diagnoses=[found], samples=[shown], decisions=[told]))
    return windows
