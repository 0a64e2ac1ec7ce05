"""Where shards are labeled. Each engine is one function of shards and a task; all leave the same bytes."""

from collections.abc import Iterator, Sequence
from typing import Literal

from labelmill import storage
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.engines.dask import label_on_dask
from labelmill.labeling.engines.local import label_here
from labelmill.labeling.shards import ShardRecord, Task

EngineName = Literal["local", "dask"]


def label_shards(
    shards: Sequence[storage.Shard],
    task: Task,
    cache: ColumnCache,
    *,
    engine: EngineName,
    dask_address: str | None = None,
    dask_workers: int = 1,
) -> Iterator[ShardRecord]:
    """Label every shard, and yield the records as they come, in any order.

    Parameters
    ----------
    shards
        The shards of the table of rows.
    task
        What is the same for all of them.
    cache
        What `task.open()` gave this process; workers elsewhere open the task themselves.
    engine
        local: one after the other, in this process. dask: on a cluster.
    dask_address
        The cluster's scheduler; where there is none, a cluster is started on this machine and ended again.
    dask_workers
        Number of workers of that cluster.
    """
    if engine == "local":
        return label_here(shards, task, cache)
    return label_on_dask(shards, task, address=dask_address, workers=dask_workers)
