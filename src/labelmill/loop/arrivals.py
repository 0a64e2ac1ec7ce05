"""Batches come in: read as the source is, checked, scored by the champion, and only then published.

So what the champion said of a row was said before the row could train anything.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill import paths, scoring, storage
from labelmill.errors import CorruptFileError, DataError, ExpectationError, NothingToDoError, TrainingError
from labelmill.loop import holding, known
from labelmill.loop.acceptance import check, most_rejected
from labelmill.params import Params
from labelmill.quality import decisions
from labelmill.quality.champion import Champion, load_champion
from labelmill.quality.outcome import quarantine
from labelmill.quality.watched import last_seen
from labelmill.sources import batches, reading
from labelmill.sources.batches import Batch
from labelmill.sources.duplicates import drop_duplicates
from labelmill.sources.files import find_files
from labelmill.sources.intake import Intake, provenance, rejections

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Origin:
    """What a batch comes from: a name, the hash of the file, the time."""

    name: str
    sha256: str | None
    arrived: dt.datetime


def add(file: Path, params: Params, *, arrived: dt.datetime | None = None) -> Batch:
    """Take a file in as a batch.

    Parameters
    ----------
    file
        A table by its ending (.csv, .tsv, .jsonl, .parquet, .csv.gz ...); any other file or folder is read as mails.
        Gold that stands in it is left aside.
    params
        The project's params.
    arrived
        When it came; now, if absent.

    Returns
    -------
    The batch, in `data/incoming/`.

    Raises
    ------
    DataError
        There is no such file. Or it cannot be read: the reason is kept in `data/held/`.
    ExpectationError
        Its rows break what section `validate` expects: they are kept in `data/held/`, where training sees nothing.
    NothingToDoError
        It has no row, or only rows that are known already; nothing changed.
    CorruptFileError
        The champion, which must score it first, or an earlier batch is damaged; nothing changed.
    """
    if not file.exists():
        raise DataError(f"{file}: there is no such file.")
    if file.is_file() and file.stat().st_size == 0:
        raise NothingToDoError(f"{file}: is empty; nothing was added.")
    arrived, sha256 = arrived or dt.datetime.now(dt.UTC), _sha256(file)
    known.check_file(str(file), sha256, known.taken())
    try:
        intake = reading.read_file(file, params, dated=True)
    except NothingToDoError:
        raise
    except DataError as error:
        with _adding() as seq:
            raise _refuse(seq, _nothing(), str(error), _Origin(str(file), sha256, arrived)) from error
    return add_rows(intake, params, name=str(file), arrived=arrived, sha256=sha256)


def add_rows(
    intake: Intake, params: Params, *, name: str, arrived: dt.datetime | None = None, sha256: str | None = None
) -> Batch:
    """Take rows in as a batch.

    Parameters
    ----------
    intake
        The rows, as a reader hands them over; their gold is left aside.
    params
        The project's params.
    name
        What the batch is called in messages.
    arrived
        When it came; now, if absent.
    sha256
        Of the file, where they are of one.

    Raises
    ------
    ExpectationError, NothingToDoError, CorruptFileError
        As `add`.
    """
    origin = _Origin(name, sha256, arrived or dt.datetime.now(dt.UTC))
    with _adding() as seq:
        taken = known.taken()
        known.check_file(name, sha256, taken)  # another process may have added it while this one was reading
        try:
            rows, counts = drop_duplicates(intake, params.ingest.splits.date_column)
        except DataError as error:
            raise _refuse(seq, intake, str(error), origin) from error
        rows = known.typed_as_before(rows)
        is_known = rows.frame["id"].isin(known.ids(taken)).to_numpy()
        conflicts = known.conflicts(rows.take(np.flatnonzero(is_known)), taken, params.task.text_columns)
        told = known.told(conflicts, of=len(rows.frame))
        if len(conflicts) > most_rejected(params, rows=len(rows.frame)):
            raise _refuse(seq, rows, f"{name}: {told}", origin, quarantined=conflicts)
        new = rows.take(np.flatnonzero(~is_known))
        read = {"copies": counts["duplicates"], "read": len(intake.frame)}
        if not new.frame.empty:
            outcome, clean = check(new, params, **read)
            again = new.frame["id"].isin(known.rejected_ids(taken).intersection(outcome.quarantine["id"].dropna()))
            if again.any():  # rows that were rejected before say nothing about those that are new
                new = new.take(np.flatnonzero(~again))
                outcome, clean = (outcome, clean) if new.frame.empty else check(new, params, **read)
        if new.frame.empty:
            why = "there is no row in it" if rows.frame.empty else f"all {len(rows.frame):,} rows are known already"
            raise NothingToDoError(f"{name}: {why}; nothing was added. {_unread(intake)}{told}".strip())
        look_at = "the rows that are kept, and at section validate of params.yaml"
        broken = outcome.error(where=name, look_at=look_at)
        if isinstance(broken, NothingToDoError):
            raise NothingToDoError(f"{name}: no new row is as section validate expects; nothing was added.")
        if broken is not None:
            raise _refuse(seq, new, str(broken), origin, quarantined=outcome.quarantine)
        rows = new.take(np.flatnonzero(new.frame["id"].isin(clean)))
        champion = _champion()
        try:
            scores = None if champion is None else _scores(rows.frame, champion)
        except TrainingError as error:
            raise _refuse(seq, rows, f"{name}: the champion cannot score its rows: {error}", origin) from error
        batch = batches.publish(
            paths.INCOMING,
            seq,
            rows,
            left_out=pd.concat([outcome.quarantine, conflicts], ignore_index=True).astype("str"),
            scores=scores,
            source=name,
            sha256=sha256,
            arrived=origin.arrived,
            champion=None if champion is None else {"seq": champion.seq, "sha256": champion.sha256},
            rejected=outcome.rejected + outcome.rows - outcome.clean + len(conflicts),
            seen_before=len(intake.frame) - counts["duplicates"] - len(new.frame) - len(conflicts),
            copies=counts["duplicates"],
            refused=None,
        )
    if told:
        _LOG.warning("%s: %s They are left out, see %s.", name, told, batch.folder / batches.REJECTED)
    _LOG.debug("%s: %s rows are batch %d", name, f"{batch.rows:,}", batch.seq)
    return batch


@contextmanager
def _adding() -> Iterator[int]:
    """Yield the number of the next batch: one that was told of is not used again, though its batch is gone."""
    with batches.adding() as seq:
        yield max(seq, last_seen() + 1, *(line.get("seq", 0) + 1 for line in holding.told_of_batches()))


def _refuse(
    seq: int,
    rows: Intake,
    reason: str,
    origin: _Origin,
    *,
    quarantined: pd.DataFrame | None = None,
) -> ExpectationError:
    """Keep a batch out, with what could be read of it, and return the error that says so."""
    same = [batch for batch in batches.held_batches() if batch.refused is not None and batch.sha256 == origin.sha256]
    if origin.sha256 is not None and same:
        _record_refusal(same[0])
        return ExpectationError(f"{reason}\nIt was refused before: {same[0].folder}. Nothing was added.")
    batch = batches.publish(
        paths.HELD,
        seq,
        rows,
        left_out=quarantine([], rows.rejected, {}) if quarantined is None else quarantined,
        scores=None,
        source=origin.name,
        sha256=origin.sha256,
        arrived=origin.arrived,
        champion=None,
        rejected=len(rows.rejected),
        seen_before=0,
        copies=0,
        refused=reason,
    )
    _record_refusal(batch)
    return ExpectationError(
        f"{reason}\nNothing of it can train: it is kept in {batch.folder}. Correct {origin.name} and add it again."
    )


def _record_refusal(batch: Batch) -> None:
    if holding.reason_held(batch.seq) is None:  # a crash may have come between the batch and its record
        facts = {"seq": batch.seq, "source": batch.source, "reason": batch.refused}
        decisions.record("refused_file", **decisions.decided(batch.arrived), **facts)


def _scores(frame: pd.DataFrame, champion: Champion) -> pd.DataFrame:
    return scoring.score_frame(frame, champion=champion).drop(columns="pred")


def _champion() -> Champion | None:
    try:
        return load_champion()
    except CorruptFileError as error:
        raise CorruptFileError(
            f"the champion is damaged, and no batch is taken in before it was scored; nothing was added. {error}"
        ) from error


def _unread(intake: Intake) -> str:
    """What of a file could not be read, where nobody else would tell."""
    if intake.rejected.empty:
        return ""
    first = intake.rejected.iloc[0]
    rows = "1 more row" if len(intake.rejected) == 1 else f"{len(intake.rejected):,} more rows"
    return f"{rows} could not be read, the first: {first['source']}: {first['reason']}. "


def _nothing() -> Intake:
    frame = pd.DataFrame({"id": pd.Series(dtype="str")})
    return Intake(frame, np.empty(0, dtype=np.int64), provenance([]), rejections([]), ())


def _sha256(file: Path) -> str:
    """Of a file its own, of a folder that of the names and hashes of its files."""
    if file.is_file():
        return storage.sha256_file(file)
    files = find_files(str(file), ("",), where="the file to add")
    lines = (f"{path.relative_to(file)}\0{storage.sha256_file(path)}\n" for path in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
