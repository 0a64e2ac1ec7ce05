"""Tables as folders of `part-NNNNN.parquet`: written and read one shard at a time, so that memory stays bounded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from labelmill.errors import CorruptFileError
from labelmill.storage.atomic import read_table, write_table
from labelmill.storage.folders import new_folder, read_manifest, verify_file


@contextmanager
def shard_writer(path: Path) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yield a function that adds one frame as the next shard; the table appears when the block ends.

    >>> with shard_writer(path) as write:      # doctest: +SKIP
    ...     for frame in frames:
    ...         write(frame)
    """
    with new_folder(path) as folder:
        count = 0

        def write(frame: pd.DataFrame) -> None:
            nonlocal count
            write_table(folder / f"part-{count:05d}.parquet", frame)
            count += 1

        yield write


def iter_shards(path: Path, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """Yield the shards of a table in order, each checked against the manifest first."""
    manifest = read_manifest(path)
    for name in sorted(manifest["files"]):
        yield read_table(verify_file(path, name, manifest), columns)


def read_shards(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The whole table as one frame, for tables that are known to fit in memory."""
    frames = list(iter_shards(path, columns))
    if not frames:
        raise CorruptFileError(f"{path}: has no shard. Make it again with `dvc repro`.")
    return pd.concat(frames, ignore_index=True)


def count_rows(path: Path) -> int:
    """Number of rows, from the footers alone."""
    return sum(pq.read_metadata(path / name).num_rows for name in read_manifest(path)["files"])
