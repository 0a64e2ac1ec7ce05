"""Shards one after the other, in this process: the reference that the other engines are held to."""

from collections.abc import Iterator, Sequence

from labelmill import storage
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.shards import ShardRecord, Task, apply_shard


def label_here(shards: Sequence[storage.Shard], task: Task, cache: ColumnCache) -> Iterator[ShardRecord]:
    """Label every shard in turn."""
    for shard in shards:
        yield apply_shard(shard, task, cache)
