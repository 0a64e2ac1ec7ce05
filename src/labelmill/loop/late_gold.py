"""What people said of rows of the last windows, long after these came: whether the champion is worse by it."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from labelmill import paths
from labelmill.params import Params
from labelmill.quality.champion_record import read_entry
from labelmill.quality.drift.gold import worse_on_gold
from labelmill.quality.drift.reference import Reference
from labelmill.quality.watched import Shown, Watched
from labelmill.sources.annotations import read_annotations
from labelmill.sources.batches import list_batches, read_scores
from labelmill.sources.splits import audited

WINDOWS = 20
"""The newest windows, whose rows with gold are put together."""

_RIGHT, _ROWS = "gold/right", "gold/rows"
_RIGHT_BEFORE, _ROWS_BEFORE = "gold/right in training", "gold/rows in training"


def before(reference: Reference) -> dict[str, float]:
    """What later gold is compared with, as figures of a window."""
    right, rows = reference.on_gold
    return {_RIGHT_BEFORE: float(right), _ROWS_BEFORE: float(rows)}


def judged_later(windows: Sequence[Watched], params: Params) -> Watched | None:
    """The newest window that has scores, with the gold that came since; None where none came.

    Parameters
    ----------
    windows
        The newest ones, oldest first. Rows count that the model in charge scored when they came.
    params
        The project's params.
    """
    newest = next((one for one in reversed(windows) if one.scored_by and _ROWS_BEFORE in one.figures), None)
    in_charge = read_entry()
    if newest is None or (in_charge is not None and in_charge["sha256"] != newest.scored_by):
        return None
    figures = newest.figures
    right, rows = right_on_audits({batch.seq for one in windows for batch in one.batches}, newest.scored_by, params)
    if rows <= figures.get(_ROWS, 0):
        return None
    then = int(figures[_RIGHT_BEFORE]), int(figures[_ROWS_BEFORE])
    found = worse_on_gold((right, rows), then, margin=params.drift.harmful_margin)
    judged = replace(newest, figures={**figures, _RIGHT: float(right), _ROWS: float(rows)})
    if found is None:
        return judged
    kept = [
        (one, shown)
        for one, shown in zip(newest.diagnoses, newest.samples or [Shown()] * len(newest.diagnoses), strict=True)
        if (one.kind, one.subject) != (found.kind, found.subject)
    ]
    diagnoses, samples = zip((found, Shown()), *kept, strict=True)
    return replace(judged, diagnoses=diagnoses, samples=samples, decisions=None)


def right_on_audits(seqs: Collection[int], sha256: str, params: Params) -> tuple[int, int]:
    """On how many audited rows of these batches a model was right when they came, and how many have gold by now.

    Raises
    ------
    CorruptFileError
        The scores of a batch are not what was written.
    """
    annotations = read_annotations(paths.ANNOTATIONS, params.task.classes)
    gold = {one.id: one.label for one in annotations if one.purpose == "gate"}  # the last label of a row counts
    columns, right, rows = [f"p_{name}" for name in params.task.classes], 0, 0
    for batch in list_batches() if gold else ():
        if batch.seq not in seqs or batch.champion is None or batch.champion["sha256"] != sha256:
            continue
        scores = read_scores(batch)
        if scores is None or not {*columns} <= {*scores.columns}:
            continue
        chosen = audited(scores["id"], params.ingest.splits.audit_share, seed=params.task.seed)
        known = chosen & scores["id"].isin(gold).to_numpy()
        truth = scores.loc[known, "id"].map(gold).to_numpy()
        right += int((scores.loc[known, columns].to_numpy().argmax(axis=1) == truth).sum())
        rows += int(known.sum())
    return right, rows
