"""Apply the labeling functions to every clean row."""

import logging
import operator
from collections import Counter
from collections.abc import Sequence
from functools import reduce
from typing import Any

import pandas as pd

from labelmill import paths, storage
from labelmill.errors import LFError
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.loading import load_lfs
from labelmill.labeling.matrix import matrix_frame, soft_frame
from labelmill.labeling.summary import count_votes, summary_of, totals
from labelmill.params import Params
from labelmill.storage.folders import read_manifest

PARAMS = ("task", "label")
READS = (paths.CLEAN, paths.LFS, paths.GOLD_DEV)
WRITES = (paths.LABEL_MATRIX, paths.SOFT_VOTES, paths.LF_ERRORS, paths.LF_SUMMARY, paths.metrics("label"))

log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the label matrix, the rows on which labeling functions failed, their summary and totals."""
    lfs = load_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)
    cache = ColumnCache(
        paths.main_project() / paths.CACHE / "lf_columns",
        paths.LFS,
        lfs,
        params.task.cardinality,
        hidden=(*params.task.hidden_columns, "split"),  # what a row is used for is no property of it
    )
    hashes = [facts["sha256"] for _, facts in sorted(read_manifest(paths.CLEAN)["files"].items())]
    counts, train, errors = [], [], []
    with storage.shard_writer(paths.LABEL_MATRIX) as write, storage.shard_writer(paths.SOFT_VOTES) as write_soft:
        for shard, content_hash in zip(storage.iter_shards(paths.CLEAN), hashes, strict=True):
            applied = cache.apply(shard, content_hash, on_error=params.label.on_error)
            write(matrix_frame(shard["id"], applied.L, applied.lf_names))
            write_soft(soft_frame(shard["id"], applied.soft))
            counts.append(count_votes(applied.L, storage.read_gold(paths.GOLD_DEV, shard["id"])))
            train.append(count_votes(applied.L[(shard["split"] == "train").to_numpy()]))
            errors.append(applied.errors)
        failed = pd.concat(errors, ignore_index=True)
        storage.write_table(paths.LF_ERRORS, failed)
        rows = sum(part.rows for part in counts)
        _check_error_shares(lfs, failed, rows=rows, allowed=params.label.max_error_share)
    total = reduce(operator.add, counts)
    failures = Counter(failed["lf"])
    names = [lf.name for lf in lfs]
    summary = summary_of(total, lf_names=names, with_gold=True, error_counts=[failures[name] for name in names])
    storage.write_text(paths.LF_SUMMARY, summary.to_csv())
    metrics = {"lfs": len(lfs), "errors": len(failed), **totals(total), "train": totals(reduce(operator.add, train))}
    storage.write_json(paths.metrics("label"), metrics)
    _log(cache, metrics)


def _check_error_shares(lfs: Sequence[LabelingFunction], failed: pd.DataFrame, *, rows: int, allowed: float) -> None:
    """Raise LFError that names every labeling function that failed on too many rows."""
    worst = []
    for lf in lfs:
        of_lf = failed[failed["lf"] == lf.name]
        if len(of_lf) > allowed * rows:
            first = of_lf.iloc[0]
            worst.append(
                f"  {lf.name} ({lf.origin}) on {len(of_lf):,} of {rows:,} rows, first on {first['id']}: "
                f"{first['exception']}: {first['message']}"
            )
    if worst:
        raise LFError(
            f"labeling functions failed on more rows than label.max_error_share ({allowed:.2%}) allows:\n"
            + "\n".join(worst)
            + f"\nAll rows are in {paths.LF_ERRORS}. Mend them; what the others voted is kept and not computed again."
        )


def _log(cache: ColumnCache, metrics: dict[str, Any]) -> None:
    computed = sorted(set(cache.computed))
    which = f" ({', '.join(computed)})" if 0 < len(computed) <= 5 else ""
    log.info(
        "%s labeling functions on %s rows: %s columns computed%s, %s reused",
        *(f"{number:,}" for number in (metrics["lfs"], metrics["rows"], len(cache.computed))),
        which,
        f"{len(cache.reused):,}",
    )
    log.info(
        "%.1f %% of rows have a vote, %.1f %% conflicting ones; %s failures",
        100 * metrics["coverage"],
        100 * metrics["conflict"],
        f"{metrics['errors']:,}",
    )
