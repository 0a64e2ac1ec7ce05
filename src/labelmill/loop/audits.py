"""Rows of batches that people are asked to label: their gold judges promotion, and they never train."""

from typing import Final

import pandas as pd

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.sources.annotations import read_annotations
from labelmill.sources.batches import list_batches, read_batch
from labelmill.sources.columns import cast_like
from labelmill.sources.duplicates import content_keys
from labelmill.sources.splits import audited
from labelmill.storage.folders import MANIFEST

PURPOSE: Final = "gate"


def waiting(params: Params) -> pd.DataFrame:
    """The audited rows of batches that have no gold yet, but for copies: `ingest` leaves those out with their labels.

    Parameters
    ----------
    params
        Sections `task` and `ingest` are used.

    Returns
    -------
    DataFrame
        `id`, `seq` of the batch, and the text columns; in order of batches.

    Raises
    ------
    CorruptFileError
        A file of a batch is not what was written.
    """
    known = {annotation.id for annotation in read_annotations(paths.ANNOTATIONS, params.task.classes)}
    columns = ["id", "seq", *params.task.text_columns]
    found = [pd.DataFrame(columns=columns)]
    same_columns, model, first = _ingested()
    for batch in list_batches():
        frame = read_batch(batch).frame
        chosen = audited(frame["id"], params.ingest.splits.audit_share, seed=params.task.seed)
        chosen &= ~frame["id"].isin(known).to_numpy()
        if same_columns:
            keys = content_keys(cast_like(frame.reindex(columns=model.columns), model), same_columns)
            chosen &= [first.setdefault(key, id_) == id_ for key, id_ in zip(keys, frame["id"], strict=True)]
        if chosen.any():
            found.append(frame[chosen].assign(seq=batch.seq).reindex(columns=columns))
    return pd.concat(found, ignore_index=True)


def _ingested() -> tuple[list[str], pd.DataFrame, dict[str, str]]:
    """Columns in which copies agree, all columns as written, and by content the id of a gate row, "" of another."""
    there = (paths.INGESTED / MANIFEST).is_file()
    same_columns = storage.read_manifest(paths.INGESTED).get("same_columns", []) if there else []
    first: dict[str, str] = {}
    if not same_columns:
        return [], pd.DataFrame(), first
    for shard in storage.iter_shards(paths.INGESTED):
        ids = shard["id"].where(shard["split"] == PURPOSE, "")
        first.update(zip(content_keys(shard, same_columns), ids, strict=True))
    return same_columns, shard.head(0), first
