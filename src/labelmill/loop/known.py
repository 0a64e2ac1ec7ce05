"""What came before: files, rows, rejected rows. So nothing comes in twice, and nothing new is taken for what came."""

from collections.abc import Collection

from labelmill import paths, storage
from labelmill.errors import NothingToDoError
from labelmill.sources import batches
from labelmill.sources.batches import Batch
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
    tables = [storage.read_table(batch.folder / batches.REJECTED) for batch in taken]
    return {id_ for table in tables if "id" in table for id_ in table["id"].dropna()}


def _shards_of_source() -> list[storage.Shard]:
    if not (paths.INGESTED / MANIFEST).is_file():
        return []
    return storage.list_shards(paths.INGESTED)[: storage.read_manifest(paths.INGESTED).get("shards_of_source")]
