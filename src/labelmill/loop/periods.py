"""The stream that was set aside, period by period, as if its rows came in now: what a replay plays.

The gold of the stream is read here and nowhere else in the loop. A row's label is given away only for a row that a
batch brought and that is audited, when the replay says that somebody labeled it.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import UNKNOWN, Gold
from labelmill.errors import DataError
from labelmill.loop.audits import PURPOSE
from labelmill.params import Params
from labelmill.sources.annotations import read_annotations
from labelmill.sources.batches import known_ids, list_batches
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.sources.splits import audited

ANNOTATOR: Final = "replay"


@dataclass(frozen=True)
class Period:
    """The rows of the stream from `start` until the day before `end`, in order of time.

    Attributes
    ----------
    start, end
        The first day, and the first day after it.
    intake
        The rows, as `loop.arrivals.add_rows` takes them; no gold is in it.
    gold
        Their true classes, -1 where unknown: for `publish_audits`, and to judge a whole replay after its end.
    """

    start: dt.date
    end: dt.date
    intake: Intake
    gold: Gold

    @property
    def name(self) -> str:
        """What a batch of it is called."""
        return f"replay {self.start} to {self.end - dt.timedelta(days=1)}"


def periods(params: Params, *, start: dt.date, end: dt.date, days: int) -> Iterator[Period]:
    """Cut the stream into periods of equal length by the date column; those without a row are yielded, too.

    Parameters
    ----------
    params
        Section `ingest` names the date column.
    start, end
        The first day of the first period, and the day before which all end.
    days
        Length of a period; the last one may be shorter.

    Raises
    ------
    DataError
        There is no date column.
    StorageError
        Stage `ingest` was not run.
    """
    column = _date_column(params)
    frame = storage.read_shards(paths.STREAM).drop(columns="split").sort_values([column, "id"], ignore_index=True)
    gold = storage.read_gold(paths.GOLD_STREAM, frame["id"])
    for first in pd.date_range(start, end, freq=f"{days}D", inclusive="left", tz="UTC"):
        after = min(first + pd.Timedelta(days=days), pd.Timestamp(end, tz="UTC"))
        chosen = ((frame[column] >= first) & (frame[column] < after)).fillna(False).to_numpy(dtype=bool)
        rows = frame[chosen].reset_index(drop=True)
        intake = Intake(
            rows,
            np.full(len(rows), UNKNOWN),
            provenance([f"{paths.STREAM}: {id_}" for id_ in rows["id"]]),
            rejections([]),
            same_columns=tuple(name for name in rows if name != "id"),
        )
        yield Period(first.date(), after.date(), intake, gold[chosen])


def days_of_stream(params: Params) -> tuple[dt.date, dt.date] | None:
    """The days of its first and its last row; None where it has none.

    Raises
    ------
    DataError, StorageError
        As `periods`.
    """
    column = _date_column(params)
    times = storage.read_shards(paths.STREAM, [column])[column].dropna()
    return None if times.empty else (times.min().date(), times.max().date())


def publish_audits(period: Period, params: Params, *, at: dt.datetime) -> int:
    """Append the gold of the audited rows of a period to `gold/annotations.jsonl`, as if a person had labeled them.

    Parameters
    ----------
    period
        The period. Of its rows only those count that lie in a batch of `data/incoming/`.
    params
        Sections `task` and `ingest` are used.
    at
        When they were labeled.

    Returns
    -------
    How many lines were appended; a row that has one is left out, so a second call appends none.
    """
    ids = period.intake.frame["id"]
    chosen = audited(ids, params.ingest.splits.audit_share, seed=params.task.seed) & (period.gold != UNKNOWN)
    labeled = {annotation.id for annotation in read_annotations(paths.ANNOTATIONS, params.task.classes)}
    chosen &= ids.isin(known_ids(list_batches()) - labeled).to_numpy()
    time = at.astimezone(dt.UTC).isoformat(timespec="seconds")
    for id_, label in zip(ids[chosen], period.gold[chosen], strict=True):
        line = {
            "id": id_,
            "label": params.task.classes[label],
            "purpose": PURPOSE,
            "annotator": ANNOTATOR,
            "time": time,
        }
        storage.append_line(paths.ANNOTATIONS, line)
    return int(chosen.sum())


def _date_column(params: Params) -> str:
    column = params.ingest.splits.date_column
    if column is None:
        raise DataError("params.yaml: a replay needs ingest.splits.date_column: name the column of dates.")
    return column
