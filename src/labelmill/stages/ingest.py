"""Read rows from where they come, drop exact copies, deal them to the splits, join what batches brought."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import Gold
from labelmill.errors import DataError
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.settings import load_settings
from labelmill.sources import reading
from labelmill.sources.annotations import read_annotations
from labelmill.sources.batches import Batch, list_batches, read_batch
from labelmill.sources.duplicates import drop_duplicates, near_duplicates
from labelmill.sources.joining import Part, join
from labelmill.sources.splits import SPLITS, deal

PARAMS = ("task", "ingest")
READS = (paths.ANNOTATIONS, paths.INCOMING)
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
    batches = _batches()
    named = [(str(batch.folder), read_batch(batch)) for batch in progress(batches, "reading batches")]
    newest_arrival = max((batch.arrived for batch in batches), default=None)
    parts, counts_of_batches = join(intake, splits, named, annotations, params, newest_arrival=newest_arrival)
    frame = pd.concat([part.frame[_columns_of_metrics(part.frame, params)] for part in parts], ignore_index=True)
    gold = np.concatenate([part.gold for part in parts])
    metrics = {
        "rows": len(frame),
        "rejected": len(intake.rejected),
        **counts,
        "batches": len(batches),
        **counts_of_batches,
        **_metrics(frame, gold, params),
    }
    in_stream = parts[0].frame["split"] == "incoming"
    own = [parts[0].frame[~in_stream], *(part.frame for part in parts[1:] if len(part.frame))]
    facts = {
        "batches": {batch.name: storage.folder_hash(batch.folder) for batch in batches},
        "same_columns": list(intake.same_columns),
        "shards_of_source": -(-max(len(own[0]), 1) // params.ingest.shard_rows),
    }
    for path, tables, told in ((paths.INGESTED, own, facts), (paths.STREAM, [parts[0].frame[in_stream]], {})):
        with storage.shard_writer(path, **told) as write:
            for table in tables:  # a shard never has rows of two of them: what a batch adds changes no other shard
                for start in range(0, max(len(table), 1), params.ingest.shard_rows):
                    write(table.iloc[start : start + params.ingest.shard_rows])
    storage.write_table(paths.REJECTED, intake.rejected)
    storage.write_table(paths.PROVENANCE, _provenance(parts))
    for split, path in _GOLD.items():
        rows = (frame["split"] == split).to_numpy()
        storage.write_table(path, pd.DataFrame({"id": frame["id"][rows], "label": gold[rows]}))
    storage.write_json(paths.metrics("ingest"), metrics)
    _LOG.info(
        "%s rows read, %s rejected, %s copies dropped%s; %s.",
        f"{len(read.frame):,}",
        f"{metrics['rejected']:,}",
        f"{metrics['duplicates']:,}",
        f", {sum(len(part.frame) for part in parts[1:]):,} rows joined of {len(batches):,} batches" if batches else "",
        ", ".join(f"{split} {count:,}" for split, count in metrics["splits"].items()),
    )


def _batches() -> list[Batch]:
    """The batches of the project; a copy of it in which an experiment runs must have got them."""
    batches = list_batches()
    main = paths.main_project()
    if len(batches) < len(list_batches(main / paths.INCOMING)):
        raise DataError(
            f"{Path.cwd() / paths.INCOMING}: has fewer batches than the project at {main}, since git knows of none. "
            f"Run the experiment with `--copy-paths {paths.INCOMING}`, or in the project itself (without --temp)."
        )
    return batches


def _provenance(parts: Sequence[Part]) -> pd.DataFrame:
    """Where each row came from; a row of the stream that a batch brought, once."""
    tables = [pd.concat([part.frame[["id"]], part.provenance], axis=1) for part in parts]
    return pd.concat(tables, ignore_index=True).drop_duplicates("id")


def _columns_of_metrics(frame: pd.DataFrame, params: Params) -> list[str]:
    wanted = {"id", "split", "date_source", params.ingest.splits.date_column, *params.task.text_columns}
    return [name for name in frame.columns if name in wanted]


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
