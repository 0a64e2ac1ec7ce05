"""What came before: files, rows, rejected rows. So nothing comes in twice, and nothing new is taken for what came."""

from collections.abc import Collection, Sequence

import pandas as pd

from labelmill import paths, storage
from labelmill.errors import NothingToDoError
from labelmill.quality.outcome import QUARANTINE_COLUMNS
from labelmill.sources import batches
from labelmill.sources.batches import Batch
from labelmill.sources.columns import cast_like
from labelmill.sources.intake import Intake
from labelmill.storage.folders import MANIFEST


def taken() -> list[Batch]:
    """The batches whose rows came in, also those held since; of refused and of damaged ones the file may come again."""
    return [*batches.list_batches(), *(batch for batch in batches.held_batches() if batch.refused is None)]


def check_file(name: str, sha256: str | None, taken: Collection[Batch]) -> None:
    """Refuse a file that is one of these batches.

    Raises
    ------
    NothingToDoError
        It is; the message names the batch.
    """
    for batch in taken:
        if batch.sha256 is not None and batch.sha256 == sha256:
            raise NothingToDoError(
                f"{name}: is batch {batch.seq} already ({batch.folder}, added {batch.arrived:%Y-%m-%d %H:%M} as "
                f"{batch.source}); nothing was added."
            )


def ids(taken: Collection[Batch]) -> set[str]:
    """Ids of these batches and of the rows of the source that `ingest` wrote for training.

    The rows of batches there do not count: those of a batch that is gone or damaged leave training with the next run.
    """
    known = batches.known_ids(taken)
    for shard in _shards_of_source():
        known.update(storage.read_table(shard.file, ["id"])["id"])
    return known


def rejected_ids(taken: Collection[Batch]) -> set[str]:
    """Ids of the rows of these batches that broke what section `validate` expects."""
    # Of thousands of batches most have none, and each would be a file to open at every arrival.
    tables = [storage.read_table(batch.folder / batches.REJECTED) for batch in taken if batch.rejected]
    return {id_ for table in tables if "id" in table for id_ in table["id"].dropna()}


def conflicts(rows: Intake, taken: Collection[Batch], columns: Sequence[str]) -> pd.DataFrame:
    """Of rows whose ids are known those with other texts than the known ones, as the table of what a batch left out."""
    if rows.frame.empty:
        return pd.DataFrame(columns=list(QUARANTINE_COLUMNS))
    wanted, same = set(rows.frame["id"]), set()
    for shard in _shards_of_source():
        same |= _texts(storage.read_table(shard.file, ["id", *columns]), wanted, columns)
    for batch in taken:
        if not wanted.isdisjoint(batches.read_ids(batch)):
            same |= _texts(batches.read_batch(batch).frame, wanted, columns)
    other = [row not in same for row in _rows(rows.frame, columns)]
    found = pd.DataFrame({"id": rows.frame["id"][other], "source": rows.provenance["source"][other]})
    reason = "an earlier row has this id and other texts"
    found = found.assign(column="id", expectation="one_row_per_id", value=found["id"], reason=reason)
    return found.reindex(columns=list(QUARANTINE_COLUMNS))


def told(conflicts: pd.DataFrame, *, of: int) -> str:
    """What rows with ids of earlier ones mean, and what to do; nothing where there are none."""
    if conflicts.empty:
        return ""
    first = conflicts.iloc[0]
    return (
        f"{len(conflicts):,} of {of:,} rows have the id of an earlier row and other texts, the first is "
        f"{first['id']!r} ({first['source']}). An id is of one row only: make ids unique over all files, or leave out "
        "ingest.id_column in params.yaml."
    )


def typed_as_before(intake: Intake) -> Intake:
    """The columns with the types of the ingested rows, where there are any yet."""
    if not (paths.INGESTED / MANIFEST).is_file():
        return intake
    first = next(storage.iter_shards(paths.INGESTED))
    return Intake(cast_like(intake.frame, first), intake.gold, intake.provenance, intake.rejected, intake.same_columns)


def _texts(frame: pd.DataFrame, wanted: set[str], columns: Sequence[str]) -> set[tuple[str, ...]]:
    return set(_rows(frame[frame["id"].isin(wanted)], columns))


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> list[tuple[str, ...]]:
    texts = frame.reindex(columns=["id", *columns]).astype(object).fillna("").astype(str)
    return list(texts.itertuples(index=False, name=None))


def _shards_of_source() -> list[storage.Shard]:
    if not (paths.INGESTED / MANIFEST).is_file():
        return []
    return storage.list_shards(paths.INGESTED)[: storage.read_manifest(paths.INGESTED).get("shards_of_source")]
