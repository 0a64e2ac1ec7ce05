"""Read rows from where they come, drop exact copies, deal them to the splits."""

import logging
from typing import Any

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import Gold
from labelmill.params import Params
from labelmill.settings import load_settings
from labelmill.sources import reading
from labelmill.sources.annotations import read_annotations
from labelmill.sources.duplicates import drop_duplicates, near_duplicates
from labelmill.sources.splits import SPLITS, deal, merge_annotations

PARAMS = ("task", "ingest")
READS = (paths.ANNOTATIONS,)
WRITES = (
    paths.INGESTED,
    paths.STREAM,
    paths.REJECTED,
    paths.PROVENANCE,
    paths.GOLD_TRAIN,
    paths.GOLD_DEV,
    paths.GOLD_GATE,
    paths.GOLD_TEST,
    paths.GOLD_STREAM,
    paths.metrics("ingest"),
)
_GOLD = {
    "train": paths.GOLD_TRAIN,
    "dev": paths.GOLD_DEV,
    "gate": paths.GOLD_GATE,
    "test": paths.GOLD_TEST,
    "incoming": paths.GOLD_STREAM,
}

_LOG = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Run the stage. Everything is read and checked before anything is written."""
    date_column = params.ingest.splits.date_column
    annotations = read_annotations(paths.ANNOTATIONS, params.task.classes)
    project = paths.main_project()
    read = reading.read(params, corpus_cache=project / load_settings().corpus_cache)
    intake, counts = drop_duplicates(read, date_column)
    splits = deal(intake.frame, intake.gold, params.ingest.splits, seed=params.task.seed)
    splits, gold, unknown = merge_annotations(intake.frame["id"], splits, intake.gold, annotations)
    frame = intake.frame.copy()
    frame.insert(1, "split", splits)
    metrics = {
        "rows": len(frame),
        "rejected": len(intake.rejected),
        **counts,
        "annotations_of_unknown_rows": unknown,
        **_metrics(frame, gold, params),
    }
    for path, part in ((paths.INGESTED, frame[splits != "incoming"]), (paths.STREAM, frame[splits == "incoming"])):
        with storage.shard_writer(path) as write:
            for start in range(0, max(len(part), 1), params.ingest.shard_rows):
                write(part.iloc[start : start + params.ingest.shard_rows])
    storage.write_table(paths.REJECTED, intake.rejected)
    storage.write_table(paths.PROVENANCE, pd.concat([frame[["id"]], intake.provenance], axis=1))
    for split, path in _GOLD.items():
        rows = (splits == split).to_numpy()
        storage.write_table(path, pd.DataFrame({"id": frame["id"][rows], "label": gold[rows]}))
    storage.write_json(paths.metrics("ingest"), metrics)
    _LOG.info(
        "%s rows read, %s rejected, %s copies dropped; %s.",
        f"{len(read.frame):,}",
        f"{metrics['rejected']:,}",
        f"{metrics['duplicates']:,}",
        ", ".join(f"{split} {count:,}" for split, count in metrics["splits"].items()),
    )


def _metrics(frame: pd.DataFrame, gold: Gold, params: Params) -> dict[str, Any]:
    # Classes are counted for dev only: counts of the other splits would tell their gold.
    dev = gold[(frame["split"] == "dev").to_numpy()]
    texts = frame[list(params.task.text_columns)].astype(object).fillna("").astype(str).agg(" ".join, axis=1)
    metrics: dict[str, Any] = {
        "splits": {split: int((frame["split"] == split).sum()) for split in SPLITS},
        "dev_gold": {name: int(np.sum(dev == number)) for number, name in enumerate(params.task.classes)},
        "near_duplicates": near_duplicates(texts, frame["split"]),
    }
    if "date_source" in frame:
        metrics["date_source"] = _counts(frame["date_source"])
    if params.ingest.splits.date_column is not None:
        dates = frame[params.ingest.splits.date_column]
        metrics["months"] = _counts(dates.dt.strftime("%Y-%m"))
    return metrics


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(value): int(count) for value, count in values.fillna("none").value_counts().sort_index().items()}
