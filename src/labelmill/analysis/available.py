"""What there is of a project's data, before or after any stage was run: rows, texts, and dev gold."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.analysis.evidence import dev_gold, drawn
from labelmill.arrays import UNKNOWN, Gold
from labelmill.params import Params
from labelmill.settings import load_settings
from labelmill.sources import reading
from labelmill.sources.annotations import read_annotations
from labelmill.sources.duplicates import drop_duplicates
from labelmill.sources.splits import deal, merge_annotations
from labelmill.storage.shards import count_rows

MOST_ROWS = 20_000
"""Rows without gold that are looked at; of more a sample."""


@dataclass(frozen=True)
class Available:
    """The rows that there are.

    Attributes
    ----------
    whence
        The table that they are from, or the source that they were read from.
    splits
        How many rows each split has.
    unlabeled
        Rows of split train, or a sample of them.
    labeled, gold
        Rows of split dev whose class is known, and that class.
    """

    whence: str
    splits: dict[str, int]
    unlabeled: pd.DataFrame
    labeled: pd.DataFrame
    gold: Gold


def find_rows(params: Params) -> Available:
    """The clean rows; where stage `validate` was not run, those of `ingest`; else what the source holds.

    Held-out rows are counted, never looked at.

    Raises
    ------
    DataError
        The source cannot be read.
    """
    for table in (paths.CLEAN, paths.INGESTED):
        if table.exists():
            return _from_table(table, params)
    return _from_source(params)


def twice_labeled(params: Params) -> tuple[int, int]:
    """How many rows people labeled more than once, and on how many of those they all agree."""
    labels: dict[str, set[int]] = {}
    times = Counter[str]()
    for annotation in read_annotations(paths.ANNOTATIONS, params.task.classes):
        labels.setdefault(annotation.id, set()).add(annotation.label)
        times[annotation.id] += 1
    twice = [row for row, count in times.items() if count > 1]
    return len(twice), sum(len(labels[row]) == 1 for row in twice)


def _from_table(table: Path, params: Params) -> Available:
    splits = Counter[str]()
    kept, labeled = [], []
    # The same share of each shard, so that no more than the sample is ever in memory.
    share = min(1.0, MOST_ROWS / max(count_rows(table), 1))
    for shard in storage.iter_shards(table):
        splits.update(shard["split"])
        train = np.flatnonzero(shard["split"] == "train")
        kept.append(shard.iloc[drawn(train, round(share * len(train)), params.task.seed)])
        labeled.append(shard[shard["split"] == "dev"])
    dev = pd.concat(labeled, ignore_index=True)
    gold = dev_gold(dev["id"])
    return Available(
        str(table),
        dict(splits),
        pd.concat(kept, ignore_index=True),
        dev[gold != UNKNOWN].reset_index(drop=True),
        gold[gold != UNKNOWN],
    )


def _from_source(params: Params) -> Available:
    """As stage `ingest` would deal the rows; nothing is written."""
    read = reading.read(params, corpus_cache=paths.main_project() / load_settings().corpus_cache)
    intake, _ = drop_duplicates(read, params.ingest.splits.date_column)
    splits = deal(intake.frame, intake.gold, params.ingest.splits, seed=params.task.seed)
    annotations = read_annotations(paths.ANNOTATIONS, params.task.classes)
    splits, gold, _ = merge_annotations(intake.frame["id"], splits, intake.gold, annotations)
    train, dev = (np.flatnonzero(splits == split) for split in ("train", "dev"))
    dev = dev[gold[dev] != UNKNOWN]
    return Available(
        f"ingest.source: {params.ingest.source}",
        {str(name): int(count) for name, count in splits.value_counts().items()},
        intake.frame.iloc[drawn(train, MOST_ROWS, params.task.seed)].reset_index(drop=True),
        intake.frame.iloc[dev].reset_index(drop=True),
        gold[dev],
    )
