"""Rows of batches that people are asked to label: their gold judges promotion, and they never train."""

from typing import Final

import pandas as pd

from labelmill import paths
from labelmill.params import Params
from labelmill.sources.annotations import read_annotations
from labelmill.sources.batches import list_batches, read_batch
from labelmill.sources.splits import audited

PURPOSE: Final = "gate"


def waiting(params: Params) -> pd.DataFrame:
    """The audited rows of batches that have no gold yet.

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
    for batch in list_batches():
        frame = read_batch(batch).frame.reindex(columns=["id", *params.task.text_columns])
        chosen = audited(frame["id"], params.ingest.splits.audit_share, seed=params.task.seed)
        chosen &= ~frame["id"].isin(known).to_numpy()
        if chosen.any():
            found.append(frame[chosen].assign(seq=batch.seq)[columns])
    return pd.concat(found, ignore_index=True)
