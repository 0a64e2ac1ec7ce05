"""Which rows are train, dev, gate, test and incoming. By date and keyed hash of the id: never by the order of rows."""

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold
from labelmill.errors import DataError
from labelmill.params import SplitParams
from labelmill.sources.annotations import Annotation

SPLITS = ("train", "dev", "gate", "test", "incoming")

_LOG = logging.getLogger(__name__)


def deal(frame: pd.DataFrame, gold: Gold, params: SplitParams, *, seed: int) -> pd.Series:
    """The split of each row.

    With `test_from`: rows from that day (UTC) on are held out. Without: `test_share` of the rows, by hash
    of the id. Of the held-out rows `incoming_share`, by another hash, are the stream, the others test.
    Of the rest, `dev_rows` and then `gate_rows` rows with gold are drawn by a third hash; what remains is
    train. A row without a date cannot be shown to be late, so it is not held out.

    Parameters
    ----------
    frame
        Has `id`, and the date column where `test_from` is given.
    gold
        True classes of the rows, -1 where unknown.
    params
        Section `ingest.splits`.
    seed
        Another seed draws other rows.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a", "b", "c", "d"]})
    >>> deal(frame, np.array([0, 1, -1, 1]), SplitParams(test_share=0.5, dev_rows=1, gate_rows=1), seed=0).tolist()
    ['incoming', 'gate', 'test', 'dev']
    """
    ids = frame["id"].tolist()
    if params.test_from is not None:
        if params.date_column is None:
            raise DataError(
                "params.yaml: ingest.splits.test_from needs ingest.splits.date_column: name the column of dates."
            )
        start = pd.Timestamp(dt.datetime.combine(params.test_from, dt.time(), tzinfo=dt.UTC))
        held_out = (frame[params.date_column] >= start).fillna(False).to_numpy(dtype=bool)
    else:
        held_out = _places(ids, f"{seed}:test") < params.test_share
    is_incoming = held_out & (_places(ids, f"{seed}:incoming") < params.incoming_share)
    splits = np.select([is_incoming, held_out], ["incoming", "test"], default="train").astype(object)
    labeled = np.flatnonzero(~held_out & (gold != UNKNOWN))
    drawn = labeled[np.argsort(_places([ids[i] for i in labeled], f"{seed}:dev"), kind="stable")]
    splits[drawn[: params.dev_rows]] = "dev"
    splits[drawn[params.dev_rows : params.dev_rows + params.gate_rows]] = "gate"
    if 0 < len(labeled) < params.dev_rows + params.gate_rows:
        _LOG.warning(
            "Only %d rows outside test have gold: fewer than ingest.splits.dev_rows + gate_rows = %d.",
            len(labeled),
            params.dev_rows + params.gate_rows,
        )
    if len(ids) and not (splits == "train").any():
        _LOG.warning(
            "No row is left to train on: lower ingest.splits.dev_rows and gate_rows, or hold fewer rows out "
            "(test_from, test_share)."
        )
    return pd.Series(splits, index=frame.index, dtype="str")


def audited(ids: pd.Series, share: float, *, seed: int) -> NDArray[np.bool_]:
    """Which rows of batches people label, by a keyed hash of the id: they join gate and never train."""
    return _places(ids.tolist(), f"{seed}:audit") < share


def merge_annotations(
    ids: pd.Series, splits: pd.Series, gold: Gold, annotations: Iterable[Annotation]
) -> tuple[pd.Series, Gold, int]:
    """Move rows that were labeled by hand to the gold they were labeled for; the last label of a row counts.

    Returns
    -------
    (splits, gold, unknown)
        `unknown` counts annotations of ids that no row has, or only rows of the stream that no batch brought yet.

    Raises
    ------
    DataError
        An annotation is of a test row: its label would tell what the test is there to ask.
    """
    place = dict(zip(ids, range(len(ids)), strict=True))
    new_splits, new_gold = splits.to_numpy(dtype=object, copy=True), gold.copy()
    unknown: list[Annotation] = []
    for annotation in annotations:
        i = place.get(annotation.id)
        if i is None or splits.iloc[i] == "incoming":  # of a batch that did not come yet, or is held
            unknown.append(annotation)
            continue
        if splits.iloc[i] == "test":
            raise DataError(
                f"{annotation.place}: labels the row {annotation.id!r}, which is of split 'test'. Rows "
                "that are held out must not become known: remove the line."
            )
        new_splits[i], new_gold[i] = annotation.purpose, annotation.label
    if unknown:
        _LOG.warning(
            "%d annotations are of rows that are not there (any more, or not yet), the first at %s: %r.",
            len(unknown),
            unknown[0].place,
            unknown[0].id,
        )
    return pd.Series(new_splits, index=splits.index, dtype="str"), new_gold, len(unknown)


def _places(ids: Sequence[str], key: str) -> NDArray[np.float64]:
    """A number from 0 to 1 for each id, the same for the same id and key whatever the other rows are."""
    digest = hashlib.blake2b(key=hashlib.sha256(key.encode()).digest(), digest_size=8)
    places = np.empty(len(ids), dtype=np.float64)
    for i, id_ in enumerate(ids):
        mine = digest.copy()
        mine.update(id_.encode())
        places[i] = int.from_bytes(mine.digest(), "big") / 2**64
    return places
