"""Shards on a Dask cluster. The scheduler sees file names and small records; rows and votes stay in files.

A worker that dies takes no result with it: its shard is labeled again elsewhere, and gives the same bytes.
"""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from labelmill import storage
from labelmill.errors import LFError, MissingToolError
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.shards import ShardRecord, Task, apply_shard

ALLOWED_DEATHS = 10
"""How many workers one shard may take down on a cluster of our own before it is to blame itself."""

CONFIG = {
    "distributed.worker.daemon": False,  # a daemon may have no children, and labeling functions may want some
    "distributed.scheduler.allowed-failures": ALLOWED_DEATHS,
    "distributed.admin.large-graph-warning-threshold": "1GB",
}

_one_at_a_time = threading.Lock()


def label_on_dask(
    shards: Sequence[storage.Shard], task: Task, *, address: str | None = None, workers: int = 1
) -> Iterator[ShardRecord]:
    """Label every shard on some worker, and yield the records as they come.

    Parameters
    ----------
    shards
        The shards; each worker must see their files, the labeling functions, the cache and the folder to write
        into under the same paths.
    task
        What is the same for all shards.
    address
        The scheduler's; where there is none, a cluster is started on this machine and ended again.
    workers
        Number of workers of that cluster.

    Raises
    ------
    MissingToolError
        Dask is not installed, or there is no scheduler at the address.
    LFError
        What `apply_shard` raises, or workers died of one shard again and again.
    """
    dask, distributed = _packages()
    with dask.config.set(CONFIG), _client(distributed, address, workers) as client:
        futures = client.map(_label, shards, task=task, pure=False, batch_size=1000)
        names = {future.key: shard.file for future, shard in zip(futures, shards, strict=True)}
        try:
            for future in distributed.as_completed(futures):
                yield ShardRecord.from_json(json.loads(_result(distributed, future, names[future.key])))
        except BaseException:  # a labeling function that breaks its contract, or Ctrl-C
            client.cancel(futures, force=True)
            raise


def _label(shard: storage.Shard, task: Task) -> str:
    with _one_at_a_time:  # loading labeling functions changes the process; more threads would gain nothing anyway
        return json.dumps(apply_shard(shard, task, _open(task)).to_json())


@lru_cache(maxsize=1)
def _open(task: Task) -> ColumnCache:
    return task.open()


def _result(distributed: Any, future: Any, file: Any) -> str:
    try:
        return future.result()
    except distributed.KilledWorker as error:
        raise LFError(
            f"{file}: every worker that labeled it died. A labeling function ends its process on one of the rows, or "
            "takes more memory than a worker has. `LABELMILL_ENGINE=local` names the function and the row."
        ) from error


def _packages() -> tuple[Any, Any]:
    try:
        import dask  # noqa: PLC0415, an extra
        import distributed  # noqa: PLC0415, an extra
    except ImportError as error:
        raise MissingToolError(
            "LABELMILL_ENGINE=dask needs Dask, which is not installed: pip install 'labelmill[dask]'."
        ) from error
    return dask, distributed


@contextmanager
def _client(distributed: Any, address: str | None, workers: int) -> Iterator[Any]:
    if address is None:
        cluster = distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        )
        with cluster, distributed.Client(cluster) as client:
            yield client
        return
    try:
        client = distributed.Client(address)
    except OSError as error:
        raise MissingToolError(
            f"LABELMILL_DASK_ADDRESS={address}: there is no Dask scheduler ({error}). Start one with `dask scheduler`."
        ) from error
    with client:
        yield client
