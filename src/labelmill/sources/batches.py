"""Batches of rows that came after the source: one folder each, published whole, never changed.

`data/incoming/00007/` holds the rows in parts, where they came from, what was rejected, and how likely the champion
of that time found each class: a batch is scored before it can be read, so before any of its rows can train.
"""

import datetime as dt
import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import UNKNOWN
from labelmill.errors import CorruptFileError, DataError, StorageError
from labelmill.sources.intake import Intake
from labelmill.storage.folders import MANIFEST

PROVENANCE: Final = "provenance.parquet"
REJECTED: Final = "rejected.parquet"
SCORES: Final = "scores.parquet"

_WAIT_S = 600.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """What is known of a batch without reading its rows.

    Attributes
    ----------
    seq
        Its number; no two batches of a project have the same, also where one is held.
    folder
        Where it lies.
    source
        The file that it was read from, or a name.
    sha256
        Of that file; None where there was none.
    arrived
        When it came, in UTC.
    champion
        `seq` and `sha256` of the champion that scored it; None where there was none.
    rows
        Rows that it brought.
    rejected
        Rows left out since they could not be read, or broke what section `validate` expects.
    seen_before
        Rows left out since they were known already.
    copies
        Rows left out since they are exact copies of others of the same batch.
    refused
        Why training must not see it, as found when it came; None for one that was taken in.
    """

    seq: int
    folder: Path
    source: str
    sha256: str | None
    arrived: dt.datetime
    champion: dict[str, Any] | None
    rows: int
    rejected: int
    seen_before: int
    copies: int
    refused: str | None

    @property
    def name(self) -> str:
        """Its number as the folder has it."""
        return folder_name(self.seq)


def folder_name(seq: int) -> str:
    """The name of the folder of a batch; sorted by name, batches are in order."""
    return f"{seq:05d}"


def list_batches(place: Path = paths.INCOMING) -> list[Batch]:
    """The batches that are there, in order of their number; none where there is no such folder.

    Raises
    ------
    CorruptFileError
        The manifest of one is damaged.
    """
    return [load_batch(seq, place / folder_name(seq)) for seq in _numbers(place)]


def hashes(place: Path = paths.INCOMING) -> dict[str, str]:
    """The name of each batch that is there, and what stands for its content."""
    names = map(folder_name, _numbers(place))
    return {name: storage.folder_hash(place / name) for name in names}


def ingested(place: Path = paths.INGESTED) -> dict[str, str]:
    """The same of the batches that the rows of stage `ingest` were read from; none where it was not run yet.

    DVC cannot tell: it hashes `data/incoming` when the stage has ended, and what came meanwhile was not read.
    """
    if not (place / MANIFEST).is_file():
        return {}
    return dict(storage.read_manifest(place).get("batches", {}))


def held_batches() -> list[Batch]:
    """The batches that were moved out of the way; damaged ones are left out with a warning: their files come again."""
    found = []
    for seq in _numbers(paths.HELD):
        try:
            batch = load_batch(seq, paths.HELD / folder_name(seq))
            verify_batch(batch)
            found.append(batch)
        except StorageError as error:
            _LOG.warning("%s", error)
    return found


def verify_batch(batch: Batch) -> None:
    """Re-hash every file of a batch.

    Raises
    ------
    CorruptFileError
        One is not what was written; the message names it.
    """
    storage.verify_folder(batch.folder, mend=_mend(batch.folder))


def read_batch(batch: Batch) -> Intake:
    """The rows of a batch, every file of it re-hashed first; no gold is known of them.

    Its `rejected` has the columns of `quality.outcome.QUARANTINE_COLUMNS`, `source` and `reason` among them.

    Raises
    ------
    CorruptFileError
        A file is not what was written; the message names it.
    """
    verify_batch(batch)
    manifest = storage.read_manifest(batch.folder, mend=_mend(batch.folder))
    parts = [storage.read_table(batch.folder / name) for name in manifest["files"] if name.startswith("part-")]
    frame = pd.concat(parts, ignore_index=True)
    return Intake(
        frame,
        np.full(len(frame), UNKNOWN),
        storage.read_table(batch.folder / PROVENANCE, ["source", "group"]),
        storage.read_table(batch.folder / REJECTED),
        same_columns=(),
    )


def read_ids(batch: Batch) -> pd.Series:
    """The ids of its rows alone: the checksums of the pages are enough to trust them.

    Raises
    ------
    CorruptFileError
        The file is damaged.
    """
    return storage.read_table(batch.folder / PROVENANCE, ["id"])["id"]


def read_scores(batch: Batch) -> pd.DataFrame | None:
    """How likely the champion of that time found each class: `id`, `p_<class>`; None where there was none.

    Raises
    ------
    CorruptFileError
        The file is not what was written.
    """
    if batch.champion is None:
        return None
    manifest = storage.read_manifest(batch.folder, mend=_mend(batch.folder))
    return storage.read_table(storage.verify_file(batch.folder, SCORES, manifest, mend=_mend(batch.folder)))


@contextmanager
def changing() -> Iterator[None]:
    """Hold the lock of those who add batches or move them.

    Raises
    ------
    BusyError
        Another process has been at it for ten minutes.
    """
    with storage.exclusive(paths.CACHE / "locks" / "incoming.lock", wait_s=_WAIT_S):
        yield


@contextmanager
def adding() -> Iterator[int]:
    """Hold that lock, and yield the number of the next batch."""
    with changing():
        yield max([0, *_numbers(paths.INCOMING), *_numbers(paths.HELD)]) + 1


def publish(
    place: Path, seq: int, rows: Intake, *, left_out: pd.DataFrame, scores: pd.DataFrame | None, **facts: Any
) -> Batch:
    """Write a batch whole; call it within `adding`, with the number that it yields.

    Parameters
    ----------
    place
        `paths.INCOMING`, or `paths.HELD` for a batch that is refused.
    seq
        Its number.
    rows
        Its rows and where they came from.
    left_out
        Rows that could not be read or break what is expected, and why.
    scores
        `id` and `p_<class>`, row beside row; None where there is no champion.
    **facts
        The other attributes of `Batch`.

    Raises
    ------
    StorageError
        There is a batch of this number.
    """
    folder = place / folder_name(seq)
    if folder.exists():
        raise StorageError(f"{folder}: is there already, and no batch is ever replaced. Nothing was added.")
    arrived = facts.pop("arrived").astimezone(dt.UTC).isoformat(timespec="seconds")
    with storage.new_folder(folder, seq=seq, rows=len(rows.frame), arrived=arrived, **facts) as new:
        storage.write_table(new / storage.part_name(0), rows.frame)
        storage.write_table(new / PROVENANCE, pd.concat([rows.frame[["id"]], rows.provenance], axis=1))
        storage.write_table(new / REJECTED, left_out)
        if scores is not None:
            storage.write_table(new / SCORES, scores)
    return load_batch(seq, folder)


def find_folder(seq: int, place: Path) -> Path:
    """Where a batch lies, damaged or not.

    Raises
    ------
    DataError
        There is no batch of this number; the message says which there are.
    """
    folder = place / folder_name(seq)
    if not folder.is_dir():
        there = ", ".join(map(str, _numbers(place))) or "none"
        raise DataError(f"{place}: has no batch {seq}. Batches there: {there}. See `labelmill incoming list`.")
    return folder


def known_ids(batches: Collection[Batch]) -> set[str]:
    """The ids of the rows of all these batches."""
    return {id_ for batch in batches for id_ in read_ids(batch)}


def _numbers(place: Path) -> list[int]:
    found = place.iterdir() if place.is_dir() else ()
    return sorted(int(folder.name) for folder in found if folder.name.isdecimal() and folder.is_dir())


def load_batch(seq: int, folder: Path) -> Batch:
    """What the manifest of a batch says."""
    facts = storage.read_manifest(folder, mend=_mend(folder))
    try:
        return Batch(
            folder=folder,
            arrived=dt.datetime.fromisoformat(facts["arrived"]),
            **{name: facts[name] for name in Batch.__dataclass_fields__ if name not in ("folder", "arrived")},
        )
    except (KeyError, ValueError, TypeError) as error:
        raise CorruptFileError(f"{folder}: is no batch: its manifest lacks {error}. {_mend(folder)}") from error


def _mend(folder: Path) -> str:
    aside = "take it away" if folder.parent == paths.HELD else _hold(folder)
    return f"No stage makes a batch again: restore it from a copy, or {aside}, then add its file again."


def _hold(folder: Path) -> str:
    return f"move it out of the way with `labelmill incoming hold {int(folder.name)} --reason damaged`"
