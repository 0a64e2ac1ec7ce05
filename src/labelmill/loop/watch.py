"""Watch the stream: look at batches that nobody looked at yet, say what changed, decide what follows.

What is seen is written down before anything follows from it, and what follows is looked up in the log of decisions
before it is done: killed at any point, the same command again finishes the work and does nothing twice.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from labelmill import paths, storage
from labelmill.arrays import Probs
from labelmill.errors import CorruptFileError, DataError
from labelmill.labeling.loading import load_lfs
from labelmill.loop import holding
from labelmill.loop.late_gold import WINDOWS, before, judged_later
from labelmill.loop.samples import samples_of
from labelmill.loop.scorer import as_scored_by, scorer_of
from labelmill.loop.windows import Reader, Window, group, seen_batch
from labelmill.params import Params
from labelmill.quality import champion, decisions, policy
from labelmill.quality.drift.columns import new_columns
from labelmill.quality.drift.compare import compare
from labelmill.quality.drift.diagnose import LOOKED_BACK, diagnose
from labelmill.quality.drift.findings import Diagnosis, Findings, Told
from labelmill.quality.drift.prior import estimate_shift
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.profile import MadeFrom, check_same, lf_keys, load_profile
from labelmill.quality.watched import Watched, monitor, read_watched, watched_batches, watched_seqs, write_watched
from labelmill.report.drift_page import WINDOWS_DRAWN, is_current, write_drift_page
from labelmill.sources.batches import Batch, list_batches

WAIT_S = 600.0

LOOKED_THROUGH = 20
"""Among so many windows before one its history is looked for: those of a broken feed are passed over."""

_log = logging.getLogger(__name__)


def watch(params: Params, *, now: dt.datetime) -> list[Watched]:
    """Compare new batches with what training saw, and decide what follows; called again, it does nothing twice.

    Batches are put together until `drift.min_rows` rows are there; the others wait for more, see `waiting`.

    Parameters
    ----------
    params
        The project's params.
    now
        The time, in UTC.

    Returns
    -------
    The windows that something was done about, oldest first; none where there is nothing new.

    Raises
    ------
    DataError
        The reference was made from other labeling functions, classes, columns or models than are there now.
    BusyError
        Another process has been watching for ten minutes.
    """
    with storage.exclusive(monitor() / "watch.lock", wait_s=WAIT_S):
        _finish_promotion()
        seen, unfinished = watched_batches()
        done = [_follow(window, params, now) for window in unfinished]
        windows, _ = group(list_batches(), seen, min_rows=params.drift.min_rows)
        if windows:
            done += _watch_all(windows, params, now)
        if judged := judged_later(read_watched(last=WINDOWS), params):
            done = [*(window for window in done if window.seq != judged.seq), _follow(judged, params, now)]
        if done or not is_current(read_watched(last=1)):  # a crash may have come before the page
            write_drift_page(read_watched(last=WINDOWS_DRAWN), params, windows=len(watched_seqs()))
    return done


def _finish_promotion() -> None:
    """Of one that was killed the log may not know yet, and the retrain behind it would seem to go on."""
    try:
        champion.finish()
    except CorruptFileError as error:
        _log.warning("the stream is watched all the same: %s", error)


def waiting(params: Params) -> list[Batch]:
    """Batches that are too few rows to tell anything, and wait for more."""
    return group(list_batches(), watched_batches()[0], min_rows=params.drift.min_rows)[1]


def _watch_all(windows: Sequence[Sequence[Batch]], params: Params, now: dt.datetime) -> list[Watched]:
    lfs = load_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)
    models = {"label_model": storage.folder_hash(paths.LABEL_MODEL), "end_model": storage.folder_hash(paths.END_MODEL)}
    check_same(paths.REFERENCE, MadeFrom.of(params.task, lf_keys(lfs, paths.LFS), **models))
    reference, made_from = load_profile(paths.REFERENCE)
    scorer = scorer_of(made_from)
    reference = as_scored_by(scorer, reference, _cache())
    reader = Reader(params, scorer)
    owners = {lf.name: lf.upkeep.owner for lf in lfs if lf.upkeep.owner is not None}
    done, whole = [], list[Batch]()
    for batch in chain.from_iterable(windows):
        if gone := reader.gone(batch, reference):
            done.append(_follow(_without(gone, batch, reference, made_from, now), params, now))
        else:
            whole.append(batch)
    for batches in group(whole, set(), min_rows=params.drift.min_rows)[0]:
        seen = replace(_look(reader.read(batches), reference, made_from, params, now), owners=owners)
        done.append(_follow(seen, params, now))
    return done


def _without(gone: Sequence[str], batch: Batch, reference: Reference, made_from: MadeFrom, now: dt.datetime) -> Watched:
    """A window of one batch that lacks columns: a broken feed, which is not labeled at all."""
    return Watched(
        seq=batch.seq,
        at=now.isoformat(timespec="seconds"),
        batches=(seen_batch(batch),),
        reference=storage.folder_hash(paths.REFERENCE),
        lfs=made_from.lfs,
        scored_by="",
        findings=Findings.untold(reference.n, batch.rows),
        diagnoses=tuple(Diagnosis("broken_feed", name, f"column {name!r} is gone.", confirmed=True) for name in gone),
    )


def _cache() -> Path:
    return paths.main_project() / paths.CACHE / "drift"


def _look(window: Window, reference: Reference, made_from: MadeFrom, params: Params, now: dt.datetime) -> Watched:
    """What there is to see in one window."""
    rows, sha256 = window.rows, storage.folder_hash(paths.REFERENCE)
    findings = compare(reference, rows, params.drift, cache=_cache())
    history = _history(made_from.lfs, before=window.seq)
    diagnoses = tuple(diagnose(reference, rows, findings, params=params.drift, history=history))
    return Watched(
        seq=window.seq,
        at=now.isoformat(timespec="seconds"),
        batches=window.batches,
        reference=sha256,
        lfs=made_from.lfs,
        scored_by=window.scored_by,
        findings=findings,
        diagnoses=diagnoses,
        samples=samples_of(diagnoses, rows, params.task, lf_names=tuple(made_from.lfs)),
        figures={
            **prequential(window.stored, rows, params.task.classes),
            **_prior_of(reference, rows),
            **before(reference),
        },
        notes=(*window.notes, *_beside(reference, rows)),
    )


def _beside(reference: Reference, rows: Rows) -> list[str]:
    """Which columns nothing is compared of, in words."""
    new = new_columns(reference, rows.frame.columns)
    return [f"new columns, which training leaves out and nothing is compared of: {', '.join(new)}"] if new else []


def _history(lfs: Mapping[str, str], *, before: int) -> list[Told]:
    """What was told of the last windows by the same labeling functions; a broken feed tells nothing of the rows.

    A retrain in between does not matter: what still stands out beside the newer reference is all the surer.
    """
    earlier = [
        Told(window.findings, window.diagnoses)
        for window in read_watched(before=before, last=LOOKED_THROUGH)
        if window.lfs == lfs and not any(found.kind == "broken_feed" for found in window.confirmed)
    ]
    return earlier[-LOOKED_BACK:]


def _prior_of(reference: Reference, rows: Rows) -> dict[str, float]:
    """The share of each class in training, by the same estimate as that of the window."""
    shift = estimate_shift(reference, rows)
    if shift is None:
        return {}
    return {
        f"prior/{name}.in_training": float(v) for name, v in zip(reference.schema.classes, shift.reference, strict=True)
    }


def prequential(stored: Probs, rows: Rows, classes: Sequence[str]) -> dict[str, float]:
    """What the champion of the time said before training could see the rows, and how far the label model agrees."""
    scored = np.isfinite(stored).all(axis=1)
    covered = (rows.L >= 0).any(axis=1)
    both = np.logical_and(scored, covered)
    counts = {"rows": len(rows), "scored": scored.sum(), "covered": covered.sum()}
    figures: dict[str, float] = {f"prequential/{name}": float(count) for name, count in counts.items()}
    if scored.any():
        shares = np.bincount(stored[scored].argmax(axis=1), minlength=len(classes)) / scored.sum()
        figures |= {f"prequential/champion {name}": float(share) for name, share in zip(classes, shares, strict=True)}
    if both.any():
        figures["prequential/agreement"] = float(
            (stored[both].argmax(axis=1) == rows.probs[both].argmax(axis=1)).mean()
        )
    return figures


def _follow(window: Watched, params: Params, now: dt.datetime) -> Watched:
    """Write a window down, do and record what follows from it, but for what is in the log already."""
    write_watched(window)
    notes: list[str] = []
    planned = policy.decide(
        window.diagnoses,
        decisions.decisions(),
        params.retrain,
        window=window.seq,
        batches=[batch.seq for batch in window.batches],
        lf_keys=window.lfs,
        owners=window.owners,
        now=now,
    )
    for decision in planned:
        if decision.kind == "hold":
            notes += _hold(decision.facts["seq"], decision.facts["reason"], now)
        else:
            at = now.isoformat(timespec="seconds")
            decisions.append(decisions.as_line(decision.kind, **decision.facts, at=at))
    decided = replace(window.decided(lines_of(window, decisions.decisions())), notes=(*window.notes, *notes))
    write_watched(decided)
    return decided


def _hold(seq: int, reason: str, now: dt.datetime) -> list[str]:
    """Hold a batch; where somebody took it away meanwhile, that is noted, for it must not keep all others waiting."""
    try:
        holding.hold(seq, reason, at=now)
    except DataError as error:
        _log.warning("batch %d is not held: %s", seq, error)
        return [f"batch {seq} was gone before it could be held"]
    return []


def lines_of(window: Watched, log: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decisions in the log that are about this window."""
    seqs = {batch.seq for batch in window.batches}
    return [
        dict(line)
        for line in log
        if line.get("window") == window.seq or (line["kind"] == "hold" and line.get("seq") in seqs)
    ]
