"""The rows of batches beside those of the source: which of them train, which join gate, which stay out."""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold
from labelmill.errors import DataError
from labelmill.params import Params
from labelmill.sources.annotations import PURPOSES, Annotation
from labelmill.sources.columns import cast_like
from labelmill.sources.duplicates import content_keys
from labelmill.sources.intake import Intake
from labelmill.sources.splits import audited, merge_annotations

_FEW_ROWS: Final = 100
_LATE: Final = dt.timedelta(days=1)
"""How much later than the newest batch came a row may be dated, by clocks and time zones."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Rows that are written together: those of the source, or of one batch.

    Attributes
    ----------
    frame
        `id`, `split` and the data columns.
    gold
        The true classes, -1 where unknown.
    provenance
        `source` and `group` of each row.
    """

    frame: pd.DataFrame
    gold: Gold
    provenance: pd.DataFrame

    def take(self, rows: NDArray[np.bool_]) -> "Part":
        """The rows that are true here."""
        return Part(
            self.frame[rows].reset_index(drop=True), self.gold[rows], self.provenance[rows].reset_index(drop=True)
        )


def join(
    source: Intake,
    splits: pd.Series,
    batches: Sequence[tuple[str, Intake]],
    annotations: Sequence[Annotation],
    params: Params,
    *,
    newest_arrival: dt.datetime | None = None,
) -> tuple[list[Part], dict[str, int]]:
    """Split the rows of all batches, and keep of all rows those that stay.

    A batch row joins gate where a hash of its id says so (`ingest.splits.audit_share`), else it trains; it never
    becomes dev or test of itself. Rows with one content share one fate, that of the first of them, and only the first
    stays: so no copy of a row of dev, gate or test ever trains, and none of a row that trained is ever gold. Rows of
    the stream are apart from all that: what a batch brings of them counts as a row of the batch.

    Parameters
    ----------
    source
        The rows of the source, without copies.
    splits
        Their splits, as `deal` gave them.
    batches
        Name and rows of each batch, in order of their number.
    annotations
        Labels given by hand; they move rows, also of batches, to the gold they were given for.
    params
        Section `ingest` is used, and the seed.
    newest_arrival
        When the newest batch came: `ingest.window` is not counted from rows that are dated later.

    Returns
    -------
    (parts, counts)
        The part of the source, rows of the stream included, then one for each batch; how many rows of batches stayed
        out as copies or since their id was there already, how many of all are older than `ingest.window`, how many
        annotations are of unknown rows, and how many of rows of batches that are copies, so that they have no effect.

    Raises
    ------
    DataError
        An annotation is of a test row, a batch has no dates though they are needed, or `ingest.window` leaves
        hardly a row.
    """
    parts = [_part(source.frame, splits, source.gold, source.provenance)]
    seen, repeated = set(source.frame["id"][splits != "incoming"]), 0
    for name, batch in batches:
        rows = batch.take(np.flatnonzero(~batch.frame["id"].isin(seen)))
        seen.update(rows.frame["id"])
        repeated += len(batch.frame) - len(rows.frame)
        gate = audited(rows.frame["id"], params.ingest.splits.audit_share, seed=params.task.seed)
        own = pd.Series(np.where(gate, "gate", "train"), dtype="str")
        parts.append(_part(_like(rows.frame, source.frame, params, name), own, rows.gold, rows.provenance))
    merged, gold, unknown = merge_annotations(
        pd.concat([part.frame["id"] for part in parts], ignore_index=True),
        pd.concat([part.frame["split"] for part in parts], ignore_index=True),
        np.concatenate([part.gold for part in parts]),
        annotations,
    )
    table = pd.DataFrame({"split": merged, "gold": gold})
    table["part"] = np.repeat(np.arange(len(parts)), [len(part.frame) for part in parts])
    copies = pd.Series(False, index=table.index)
    if len(parts) > 1:
        table["key"] = [key for part in parts for key in content_keys(part.frame, source.same_columns)]
        # One fate, also where the first of the copies is too old to train itself.
        firsts = table[table["split"] != "incoming"].drop_duplicates("key").set_index("key")["split"]
        table["split"] = table["split"].where(table["part"] == 0, table["key"].map(firsts))
    old = _too_old(table["split"], parts, params, newest_arrival)
    if len(parts) > 1:
        copies |= (
            table.loc[~old & (table["split"] != "incoming"), "key"].duplicated().reindex(copies.index, fill_value=False)
        )
    in_batches = (table["part"] > 0) & (table["gold"] != UNKNOWN)
    lost = in_batches & (copies | old | ~table["split"].isin(PURPOSES))
    if lost.any():
        _LOG.warning("%d annotations are of copies of rows that train or were labeled, and have no effect.", lost.sum())
    counts = {
        "rows_of_batches_left_out": repeated + int(copies.sum()),
        "older_than_window": int(old.sum()),
        "annotations_of_unknown_rows": unknown,
        "annotations_of_copies": int(lost.sum()),
    }
    return [_with(part, table[table["part"] == i], ~copies & ~old) for i, part in enumerate(parts)], counts


def _part(frame: pd.DataFrame, splits: pd.Series, gold: Gold, provenance: pd.DataFrame) -> Part:
    frame = frame.reset_index(drop=True)
    frame.insert(1, "split", splits.to_numpy())
    return Part(frame.astype({"split": "str"}), gold, provenance.reset_index(drop=True))


def _with(part: Part, rows: pd.DataFrame, stays: pd.Series) -> Part:
    split = rows["split"].astype("str").set_axis(part.frame.index)
    whole = Part(part.frame.assign(split=split), rows["gold"].to_numpy(), part.provenance)
    return whole.take(stays[rows.index].to_numpy())


def _like(frame: pd.DataFrame, model: pd.DataFrame, params: Params, name: str) -> pd.DataFrame:
    """The columns of the source and no others, with its types; one that a batch lacks is null there."""
    dates = params.ingest.splits.date_column
    if dates is not None and str(frame.dtypes.get(dates)) != "datetime64[us, UTC]":
        raise DataError(
            f"{name}: has no column of dates {dates!r}, which ingest.splits.date_column in params.yaml names. "
            "Correct the key, or move the batch out of the way with `labelmill incoming hold`."
        )
    return cast_like(frame.reindex(columns=model.columns), model)


def _too_old(
    splits: pd.Series, parts: Sequence[Part], params: Params, newest_arrival: dt.datetime | None
) -> "pd.Series[bool]":
    """Which train rows are older than the window; a row without a date cannot be shown to be."""
    window, column = params.ingest.window, params.ingest.splits.date_column
    if window is None:
        return pd.Series(False, index=splits.index)
    if column is None:
        raise DataError("params.yaml: ingest.window needs ingest.splits.date_column: name the column of dates.")
    dates = pd.concat([part.frame[column] for part in parts], ignore_index=True)
    could_train = splits.isin(["train", "dev", "gate"])
    if newest_arrival is not None:
        late = could_train & (dates > pd.Timestamp(newest_arrival + _LATE)).fillna(False)
        if late.any():
            _LOG.warning(
                "%d rows are dated later than the newest batch came (%s): %s. ingest.window is not counted from them.",
                late.sum(),
                f"{newest_arrival:%Y-%m-%d}",
                _first(late, dates, parts),
            )
        could_train &= ~late
    newest = dates[could_train].max()
    train = splits == "train"
    old = train & (dates < newest - pd.Timedelta(days=window)).fillna(False)
    left = int(train.sum() - old.sum())
    if left < min(_FEW_ROWS, train.sum() // 100):
        raise DataError(
            f"params.yaml: ingest.window = {window} leaves {left:,} of {train.sum():,} train rows. It is counted from "
            f"the newest date, that of {_first(could_train & (dates == newest), dates, parts)}. Correct it, or the key."
        )
    return old


def _first(chosen: "pd.Series[bool]", dates: pd.Series, parts: Sequence[Part]) -> str:
    """The first of these rows, for people: its id, its date, where it came from."""
    place = int(np.flatnonzero(chosen)[0])
    row = pd.concat([part.provenance.assign(id=part.frame["id"]) for part in parts], ignore_index=True).iloc[place]
    return f"{row['id']!r} of {row['source']}, {dates.iloc[place]:%Y-%m-%d}"
