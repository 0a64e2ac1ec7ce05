"""Shards one after the other, in this process: the reference that the other engines are held to."""

from collections.abc import Iterator, Sequence

from labelmill import storage
from labelmill.labeling.shards import ShardRecord, Task, apply_shard


def label_here(shards: Sequence[storage.Shard], task: Task) -> Iterator[ShardRecord]:
    """Label every shard in turn."""
    cache = task.open()
    for shard in shards:
        yield apply_shard(shard, task, cache)
