"""Apply the labeling functions to every clean row."""

import logging
import operator
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import pandas as pd

from labelmill import paths, storage
from labelmill.errors import LFError
from labelmill.labeling import engines
from labelmill.labeling.cache import ColumnCache, prune
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.limits import Limits
from labelmill.labeling.repeats import check_repeats
from labelmill.labeling.shards import ERRORS, SOFT, Failures, ShardRecord, Task
from labelmill.labeling.summary import summary_of, totals
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.settings import Settings, load_settings

PARAMS = ("task", "label")
READS = (paths.CLEAN, paths.LFS, paths.GOLD_DEV)
WRITES = (
    paths.LABEL_MATRIX,
    paths.SOFT_VOTES,
    paths.LF_ERRORS,
    paths.LF_KEYS,
    paths.LF_SUMMARY,
    paths.metrics("label"),
)

SLOWEST = 3
"""How many labeling functions the log names with what they took."""

log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the label matrix, the rows on which labeling functions failed, their summary and totals."""
    settings = load_settings()
    shards = storage.list_shards(paths.CLEAN)
    with storage.new_folder(paths.LABEL_MATRIX) as out, storage.new_folder(paths.SOFT_VOTES) as soft:
        task = make_task(params, out, settings)
        cache = task.open()
        lfs, names = cache.lfs, [lf.name for lf in cache.lfs]
        records = _label(shards, task, cache, settings)
        unsteady = check_repeats(shards, records, task, cache)
        _join_errors(out, records)
        _move_soft_votes(out, soft)
        total = reduce(operator.add, [record.counts for record in records])
        failures = _failures(records)
        _check_error_shares(lfs, failures, rows=total.rows, allowed=params.label.max_error_share)
    _note_times(records)
    prune(task.cache, max_bytes=int(settings.lf_cache_gb * 2**30))
    counts = [failures[name].count if name in failures else 0 for name in names]
    # A table of its own: that a rule which votes as before was written otherwise must not fit any model again.
    storage.write_table(paths.LF_KEYS, pd.DataFrame({"lf": names, "key": list(cache.keys.values())}, dtype="str"))
    summary = summary_of(total, lf_names=names, with_gold=True, error_counts=counts)
    storage.write_text(paths.LF_SUMMARY, summary.to_csv())
    train = totals(reduce(operator.add, [record.train for record in records]))
    metrics = {"lfs": len(lfs), "errors": sum(counts), **totals(total), "train": train}
    if unsteady:  # share of rows on which a second run voted otherwise
        metrics["unsteady"] = unsteady
    storage.write_json(paths.metrics("label"), metrics)
    _log(records, metrics)


def make_task(params: Params, out: Path, settings: Settings) -> Task:
    """What is the same for every shard that is labeled in this project."""
    return Task.of(
        paths.LFS,
        out=out,
        cache=paths.main_project() / paths.CACHE / "lf_columns",
        gold=paths.GOLD_DEV,
        cardinality=params.task.cardinality,
        classes=params.task.classes,
        hidden=(*params.task.hidden_columns, "split"),  # what a row is used for is no property of it
        on_error=params.label.on_error,
        # A worker of a cluster takes one core, and guards the run as those of one machine do.
        workers=settings.workers if settings.engine == "local" else min(settings.workers, 1),
        limits=Limits(**params.label.limits.model_dump()),
    )


def _label(shards: Sequence[storage.Shard], task: Task, cache: ColumnCache, settings: Settings) -> list[ShardRecord]:
    """Label every shard; what is left in the folder are their parts and nothing else."""
    found = engines.label_shards(
        shards,
        task,
        cache,
        engine=settings.engine,
        dask_address=settings.dask_address,
        dask_workers=max(settings.workers, 1),
    )
    bar = progress(found, "shards", total=len(shards), rows=lambda record: record.counts.rows)
    records = sorted(bar, key=lambda record: record.part)
    for stray in task.out.rglob(".*.tmp"):  # of a worker that was killed while it wrote
        stray.unlink()
    for record in records:  # on a shared disk this process may see other bytes than the worker wrote
        storage.verify_file(task.out, record.part, {"files": {record.part: {"sha256": record.sha256}}})
    return records


def _join_errors(out: Path, records: Sequence[ShardRecord]) -> None:
    storage.join_shards((out / ERRORS / record.part for record in records), paths.LF_ERRORS)
    shutil.rmtree(out / ERRORS)


def _move_soft_votes(out: Path, soft: Path) -> None:
    for file in (out / SOFT).iterdir():
        file.replace(soft / file.name)
    (out / SOFT).rmdir()


def _note_times(records: Sequence[ShardRecord]) -> None:
    """Remember what each labeling function took per row, in microseconds: no output, since no run repeats it."""
    seconds, rows = Counter[str](), Counter[str]()
    for record in records:
        seconds.update(record.seconds)
        rows.update(dict.fromkeys(record.seconds, record.counts.rows))
    file = paths.main_project() / paths.LF_TIMES
    known = storage.read_json(file) if file.is_file() else {}
    storage.write_json(file, known | {name: 1e6 * seconds[name] / max(rows[name], 1) for name in seconds})


def _failures(records: Sequence[ShardRecord]) -> dict[str, Failures]:
    """By labeling function, of those that failed: on how many rows in all, and the first of them."""
    found: dict[str, Failures] = {}
    for record in records:
        for lf, failures in record.failures.items():
            found[lf] = found[lf] + failures if lf in found else failures
    return found


def _check_error_shares(
    lfs: Sequence[LabelingFunction], failures: Mapping[str, Failures], *, rows: int, allowed: float
) -> None:
    """Raise LFError that names every labeling function that failed on too many rows."""
    worst = [
        f"  {lf.name} ({lf.origin}) on {of_lf.count:,} of {rows:,} rows, first on {of_lf.id}: "
        f"{of_lf.exception}: {of_lf.message}"
        for lf in lfs
        if (of_lf := failures.get(lf.name)) is not None and of_lf.count > allowed * rows
    ]
    if worst:
        raise LFError(
            f"labeling functions failed on more rows than label.max_error_share ({allowed:.2%}) allows:\n"
            + "\n".join(worst)
            + f"\nAll rows are in {paths.LF_ERRORS}. Mend them; what the others voted is kept and not computed again."
        )


def _log(records: Sequence[ShardRecord], metrics: Mapping[str, Any]) -> None:
    computed: Counter[str] = sum((Counter(record.computed) for record in records), Counter())
    which = f" ({', '.join(sorted(computed))})" if 0 < len(computed) <= 5 else ""
    reused = sum(record.columns for record in records) - computed.total()
    log.info(
        "%s labeling functions on %s rows: %s columns computed%s, %s reused",
        *(f"{number:,}" for number in (metrics["lfs"], metrics["rows"], computed.total())),
        which,
        f"{reused:,}",
    )
    seconds: Counter[str] = sum((Counter(record.seconds) for record in records), Counter())
    if slowest := [f"{name} {took:.1f} s" for name, took in seconds.most_common(SLOWEST) if took >= 0.1]:
        log.info("the slowest of %.1f s: %s", seconds.total(), ", ".join(slowest))
    log.info(
        "%.1f %% of rows have a vote, %.1f %% conflicting ones; %s failures",
        100 * metrics["coverage"],
        100 * metrics["conflict"],
        f"{metrics['errors']:,}",
    )
