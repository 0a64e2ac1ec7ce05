"""All that is known of the rows that labeling functions voted on; of gold only that of dev, read here alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import label_model, paths, storage
from labelmill.arrays import ABSTAIN, Gold, LabelMatrix, Preds, Probs
from labelmill.errors import DataError, ParamsError
from labelmill.label_model.base import LabelModel
from labelmill.labeling.matrix import read_label_matrix
from labelmill.params import Params, TaskParams
from labelmill.progress import progress

Rows = NDArray[np.intp]
"""Positions of rows."""


@dataclass(frozen=True)
class Opinion:
    """What the label model makes of every row.

    Attributes
    ----------
    model
        The fitted label model; it knows the labeling functions of the matrix, in their order.
    probs
        n x k.
    preds
        n, -1 where undecided.
    """

    model: LabelModel
    probs: Probs
    preds: Preds


@dataclass(frozen=True)
class Evidence:
    """Votes and what is known beside them; the parts lie row beside row.

    Attributes
    ----------
    ids, split
        n: which rows they are, and what each is used for.
    L, lf_names
        The votes as stage `label` last wrote them.
    gold
        n: the class where dev gold knows it, -1 elsewhere.
    opinion
        That of the label model; None where there is none, or one of other labeling functions.
    """

    ids: pd.Series
    split: NDArray[np.object_]
    L: LabelMatrix
    lf_names: list[str]
    gold: Gold
    opinion: Opinion | None

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether any labeling function voted on each row."""
        covered: NDArray[np.bool_] = (self.L != ABSTAIN).any(axis=1)
        return covered

    @property
    def is_train(self) -> NDArray[np.bool_]:
        """Which rows the label model is fitted on."""
        return np.asarray(self.split == "train", dtype=np.bool_)

    @property
    def open_to_work(self) -> NDArray[np.bool_]:
        """Which rows people may look at while they write labeling functions: what is held out must not shape them."""
        return np.isin(self.split, ("train", "dev"))


def read_evidence(params: Params) -> Evidence:
    """Read what stages `label` and `fit_label_model` left in the current project.

    Raises
    ------
    StorageError
        Stage `label` was not run.
    DataError
        The files are of different rows.
    """
    ids, L, lf_names = read_label_matrix(paths.LABEL_MATRIX)
    rows = storage.read_shards(paths.CLEAN, ["id", "split"])
    check_same_rows(rows["id"], ids)
    return Evidence(
        ids=ids,
        split=rows["split"].to_numpy(dtype=object),
        L=L,
        lf_names=lf_names,
        gold=dev_gold(ids),
        opinion=_opinion(params.task, ids, lf_names),
    )


def dev_gold(ids: pd.Series) -> Gold:
    """The classes of rows that dev gold knows, -1 elsewhere."""
    return storage.read_gold(paths.GOLD_DEV, ids)


def classes_of_gold() -> tuple[str, ...] | None:
    """The classes by whose numbers stage `ingest` wrote the gold; None where it left no metrics."""
    file = paths.metrics("ingest")
    return tuple(storage.read_json(file)["dev_gold"]) if file.is_file() else None


def check_same_rows(clean: pd.Series, ids: pd.Series) -> None:
    """Raise DataError unless the label matrix is of the clean rows."""
    if not np.array_equal(clean, ids):
        raise DataError(
            f"{paths.LABEL_MATRIX} and {paths.CLEAN} are of different rows. Bring both to one state by "
            "`dvc repro label` or `labelmill run --from label --to fit_label_model`."
        )


def _opinion(task: TaskParams, ids: pd.Series, lf_names: list[str]) -> Opinion | None:
    if not (paths.LABEL_MODEL.exists() and paths.PROBS.exists()):
        return None
    model = label_model.load(paths.LABEL_MODEL)
    probs = storage.read_shards(paths.PROBS)
    columns = [f"p_{name}" for name in task.classes]
    if model.lf_names_ != lf_names or not np.array_equal(probs["id"], ids) or not {*columns} <= {*probs.columns}:
        return None
    return Opinion(model, probs[columns].to_numpy(dtype=np.float64), probs["pred"].to_numpy(dtype=np.int64))


def texts_of(ids: Iterable[str], columns: tuple[str, ...]) -> dict[str, str]:
    """The texts of some clean rows by id, those of several columns joined; a shard at a time."""
    wanted = set(ids)
    found: dict[str, str] = {}
    for shard in storage.iter_shards(paths.CLEAN, ["id", *columns]):
        rows = shard[shard["id"].isin(wanted)]
        found.update(zip(rows["id"], joined_texts(rows, columns), strict=True))
    return found


def texts_at(rows: Rows, columns: tuple[str, ...]) -> list[str]:
    """The texts of clean rows by position, in ascending order, those of several columns joined."""
    found: list[str] = []
    start = 0
    for shard in progress(storage.iter_shards(paths.CLEAN, list(columns)), "reading texts"):
        inside = rows[(rows >= start) & (rows < start + len(shard))] - start
        found += joined_texts(shard.iloc[inside], columns)
        start += len(shard)
    return found


def joined_texts(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[str]:
    """The texts of each row, empty and missing ones left out."""
    parts = frame[list(columns)].astype(object)
    return ["\n".join(str(text) for text in row if isinstance(text, str) and text) for row in parts.to_numpy()]


def drawn(rows: Rows, count: int, seed: int) -> Rows:
    """At most so many of the rows, in their order; the same ones for the same seed."""
    if len(rows) <= count:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))


def read_months(params: Params) -> "pd.Series[str]":
    """The month of each clean row, missing where it has no date.

    Raises
    ------
    ParamsError
        No column of dates is named.
    """
    column = params.ingest.splits.date_column
    if column is None:
        raise ParamsError(
            f"{paths.PARAMS}: ingest.splits.date_column names no column, so there are no months. "
            "Name the one with dates."
        )
    dates = storage.read_shards(paths.CLEAN, [column])[column]
    months = pd.to_datetime(dates, utc=True, errors="coerce").dt.strftime("%Y-%m")
    return pd.Series(months, index=dates.index, dtype="str")
