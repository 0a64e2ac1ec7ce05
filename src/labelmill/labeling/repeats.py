"""Find labeling functions that vote otherwise when asked again: by chance, by the clock, by the order of a set.

A sample of rows is labeled a second time by a Python process of its own, whose strings hash otherwise. Votes
that differ cannot be made again, so they are not kept in the cache, and whoever runs the stage is told.
"""

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.labeling.apply import apply_all, row_ids
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.functions import LabelingFunction, RowLF
from labelmill.labeling.rows import Columns
from labelmill.labeling.shards import ERRORS, ShardRecord, Task, pieces_of
from labelmill.labeling.templates import TemplateLF

SHARE = 0.01
LEAST_ROWS = 50
MOST_ROWS = 5_000
MOST_SHARDS = 8
"""How much is labeled twice; of a huge table less than the share, since one process does it."""

FAILED = -2
"""Stands for a failure among votes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """Some rows of one shard: their positions, in ascending order."""

    shard: storage.Shard
    positions: Sequence[int]


def check_repeats(
    shards: Sequence[storage.Shard], records: Sequence[ShardRecord], task: Task, cache: ColumnCache
) -> dict[str, float]:
    """Label a sample again in another process; drop from the cache what comes out otherwise.

    Only labeling functions are asked that are code, and of which columns were computed in this run, or which
    were never asked before.

    Parameters
    ----------
    shards
        The shards of the table of rows.
    records
        What became of each, in the same order, their parts in `task.out`.
    task
        The task of the run.
    cache
        What `task.open()` gave this process.

    Returns
    -------
    dict
        Of those that do not repeat: the share of rows on which the second vote was another.
    """
    computed = {name for record in records for name in record.computed}
    asked = [lf for lf in cache.lfs if _is_code(lf) and (lf.name in computed or not cache.repeats(lf.name))]
    if not asked:
        return {}
    start = time.perf_counter()
    samples = _samples(shards, records, {lf.name for lf in asked})
    names = [lf.name for lf in asked]
    again = _votes_of_another_process(samples, names, task)
    if again is None:
        return {}
    by_row = [lf.name for lf in asked if _is_by_row(lf)]
    # The vote of one that sees many rows at once may hang on all of them: it is asked twice about the sample.
    first = _votes_of_run(samples, by_row, task) | votes_on(samples, [n for n in names if n not in by_row], cache)
    shares = {name: _share_of_differences(first[name], again[name]) for name in names}
    unsteady = {name: share for name, share in shares.items() if share > 0}
    log.info(
        "%d labeling functions voted a second time, on %d rows, in %.1f s",
        len(names),
        sum(len(sample.positions) for sample in samples),
        time.perf_counter() - start,
    )
    for name in names:
        if name in unsteady:
            _forget(name, shards, cache)
        else:
            cache.mark_repeating(name)
    for name, share in unsteady.items():
        log.warning(
            "labeling function %s is unsteady: asked again it votes otherwise on %.0f %% of rows. Its votes are used, "
            "but cannot be made again and are not kept. Let it depend on its row alone: no clock, no chance without a "
            "fixed seed, no order of a set, no notes of earlier rows.",
            name,
            100 * share,
        )
    return unsteady


def votes_on(samples: Sequence[Sample], names: Sequence[str], cache: ColumnCache) -> dict[str, list[int]]:
    """What some labeling functions say of the sample, `FAILED` where they fail."""
    votes: dict[str, list[int]] = {name: [] for name in names}
    for sample in samples if names else []:
        for frame in _frames(sample):
            columns, ids = Columns(frame, cache.hidden), row_ids(frame)
            found = apply_all(
                [lf for lf in cache.lfs if lf.name in votes],
                columns,
                cardinality=cache.cardinality,
                on_error="record",
                ids=ids,
                workers=min(cache.workers, 1),
                limits=cache.limits,
            )
            for name, column in zip([lf.name for lf in cache.lfs if lf.name in votes], found, strict=True):
                said = column.votes.tolist()
                for failure in column.failures:
                    said[failure.position] = FAILED
                votes[name] += said
    return votes


def _samples(shards: Sequence[storage.Shard], records: Sequence[ShardRecord], names: set[str]) -> list[Sample]:
    """Rows evenly spaced over some shards evenly spaced, of which columns were computed if there are such."""
    pairs = list(zip(shards, records, strict=True))
    fresh = [(shard, record) for shard, record in pairs if names & record.computed.keys()] or pairs
    n_rows = sum(record.counts.rows for _, record in fresh)
    wanted = min(max(LEAST_ROWS, int(n_rows * SHARE)), MOST_ROWS)
    chosen = [fresh[i] for i in _evenly(len(fresh), MOST_SHARDS)]
    each = -(-wanted // max(len(chosen), 1))
    return [Sample(shard, _evenly(record.counts.rows, each)) for shard, record in chosen]


def _evenly(size: int, count: int) -> list[int]:
    """At most `count` of the numbers below `size`, evenly spaced."""
    return [] if size == 0 else np.unique(np.linspace(0, size - 1, min(count, size)).astype(int)).tolist()


def _frames(sample: Sample) -> list[pd.DataFrame]:
    """The rows of a sample, a frame for each piece of the shard that has some."""
    frames = []
    for piece in pieces_of(sample.shard).values():
        inside = [i - piece.start for i in sample.positions if piece.start <= i < piece.start + piece.rows]
        if inside:
            frames.append(piece.read().iloc[inside].reset_index(drop=True))
    return frames


def _votes_of_run(samples: Sequence[Sample], names: Sequence[str], task: Task) -> dict[str, list[int]]:
    """What the run itself wrote about the sample."""
    votes: dict[str, list[int]] = {name: [] for name in names}
    for sample in samples if names else []:
        part = storage.part_name(sample.shard.number)
        rows = storage.read_table(task.out / part, ["id", *names]).iloc[sample.positions]
        errors = storage.read_table(task.out / ERRORS / part, ["lf", "id"])
        for name in names:
            failed = rows["id"].isin(errors["id"][errors["lf"] == name])
            votes[name] += rows[name].mask(failed, FAILED).tolist()
    return votes


def _votes_of_another_process(
    samples: Sequence[Sample], names: Sequence[str], task: Task
) -> dict[str, list[int]] | None:
    """What a new Python process says of the sample; None where it fails, which is logged."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    with tempfile.TemporaryDirectory(prefix="labelmill-") as folder:
        job, answer = Path(folder) / "job.json", Path(folder) / "votes.json"
        storage.write_json(
            job, {"names": names, "samples": [_as_json(sample) for sample in samples], "task": task.to_json()}
        )
        done = subprocess.run(
            [sys.executable, "-m", "labelmill.labeling.second_run", str(job), str(answer)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode == 0:
            return storage.read_json(answer)
    lines = done.stderr.strip().splitlines() or ["it said nothing"]
    log.warning(
        "whether labeling functions repeat their votes could not be checked: the second process ended with exit "
        "code %d (%s)",
        done.returncode,
        lines[-1],
    )
    return None


def _as_json(sample: Sample) -> dict[str, object]:
    shard = sample.shard
    return {"number": shard.number, "file": str(shard.file), "sha256": shard.sha256, "positions": sample.positions}


def _share_of_differences(first: Sequence[int], again: Sequence[int]) -> float:
    """Over the rows on which the first vote was no failure: it may have been one of time or memory."""
    pairs = [(one, other) for one, other in zip(first, again, strict=True) if one != FAILED]
    return sum(one != other for one, other in pairs) / len(pairs) if pairs else 0.0


def _forget(name: str, shards: Sequence[storage.Shard], cache: ColumnCache) -> None:
    for shard in shards:
        for content in pieces_of(shard):
            cache.forget(name, content)


def _is_code(lf: LabelingFunction) -> bool:
    """Whether its votes come from what may do anything, and not from data alone."""
    return any(map(_is_code, lf.parts)) if isinstance(lf, CompositeLF) else not isinstance(lf, TemplateLF)


def _is_by_row(lf: LabelingFunction) -> bool:
    """Whether it is asked about one row at a time."""
    return all(map(_is_by_row, lf.parts)) if isinstance(lf, CompositeLF) else isinstance(lf, RowLF | TemplateLF)
