"""Tables as folders of `part-NNNNN.parquet`: written and read one shard at a time, so that memory stays bounded.

A shard that is itself too large to read at once is read in pieces, each some of its row groups.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labelmill.errors import CorruptFileError
from labelmill.storage.atomic import (
    MAX_GROUP_ROWS,
    bytes_of_tables,
    read_table,
    reading,
    to_frame,
    write_bytes,
    write_table,
)
from labelmill.storage.folders import new_folder, read_manifest, verify_file

PIECE_BYTES = 128 * 2**20
"""Of a larger shard, uncompressed, only some row groups are read at once."""


@contextmanager
def shard_writer(path: Path, **facts: Any) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Yield a function that adds one frame as the next shard; the table appears when the block ends.

    The manifest of the table has the facts, too.

    >>> with shard_writer(path) as write:      # doctest: +SKIP
    ...     for frame in frames:
    ...         write(frame)
    """
    with new_folder(path, **facts) as folder:
        count = 0

        def write(frame: pd.DataFrame) -> None:
            nonlocal count
            write_table(folder / part_name(count), frame)
            count += 1

        yield write


def part_name(number: int) -> str:
    """The file name of a shard; sorted by name, shards are in order."""
    return f"part-{number:05d}.parquet"


@dataclass(frozen=True)
class Shard:
    """One file of a table, and what its bytes must hash to.

    Attributes
    ----------
    number
        Its place in the table, from 0.
    file
        Where it is.
    sha256
        Checksum from the table's manifest: it stands for the content.
    """

    number: int
    file: Path
    sha256: str

    def verified(self) -> Path:
        """Its file, hashed anew."""
        return verify_file(self.file.parent, self.file.name, {"files": {self.file.name: {"sha256": self.sha256}}})


def list_shards(path: Path) -> list[Shard]:
    """The shards of a table in order; none is read."""
    files = sorted(read_manifest(path)["files"].items())
    return [Shard(number, path / name, facts["sha256"]) for number, (name, facts) in enumerate(files)]


@dataclass(frozen=True)
class Piece:
    """As many row groups of one shard as fit into memory together.

    Attributes
    ----------
    file
        The shard's file.
    groups
        Numbers of the row groups.
    start, rows
        Its first row in the shard, and how many rows it has.
    columns
        Names of all columns.
    """

    file: Path
    groups: tuple[int, ...]
    start: int
    rows: int
    columns: tuple[str, ...]

    def read(self, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """Its rows; of the columns those that are asked for, in the order of the file."""
        wanted = None if columns is None else [name for name in self.columns if name in set(columns)]
        with (
            reading(self.file),
            pq.ParquetFile(self.file, pre_buffer=False, page_checksum_verification=True) as file,
        ):  # pre_buffer=False: with it, memory grows with the file instead of the row group
            return to_frame(file.read_row_groups(list(self.groups), columns=wanted))


def list_pieces(file: Path) -> list[Piece]:
    """The pieces of one shard, in order, from its footer alone; one, unless it is huge."""
    with reading(file):
        footer = pq.read_metadata(file)
    names = tuple(footer.schema.to_arrow_schema().names)
    pieces: list[Piece] = []
    groups: list[int] = []
    start = rows = size = 0
    for number in range(footer.num_row_groups):
        group = footer.row_group(number)
        if groups and size + group.total_byte_size > PIECE_BYTES:
            pieces.append(Piece(file, tuple(groups), start, rows, names))
            groups, start, rows, size = [], start + rows, 0, 0
        groups.append(number)
        rows += group.num_rows
        size += group.total_byte_size
    return [*pieces, Piece(file, tuple(groups), start, rows, names)]


def iter_shards(path: Path, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """Yield the shards of a table in order, each checked against the manifest first."""
    for shard in list_shards(path):
        yield read_table(shard.verified(), columns)


def read_shards(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """The whole table as one frame, for tables that are known to fit in memory."""
    frames = list(iter_shards(path, columns))
    if not frames:
        raise CorruptFileError(f"{path}: has no shard. Make it again with `dvc repro`.")
    return pd.concat(frames, ignore_index=True)


def join_shards(files: Iterable[Path], path: Path) -> None:
    """Write the rows of several files of equal columns, in their order, into the single file `path`."""
    write_bytes(path, bytes_of_tables(_filled_groups(files)))


def _filled_groups(files: Iterable[Path]) -> Iterator[pa.Table]:
    """Their rows in tables that each fill a row group, as if they had been one table from the start."""
    held: list[pa.Table] = []
    rows = -1  # of those that are held; a table without rows is held too, for its columns
    for file in files:
        with reading(file):
            table = pq.read_table(file, pre_buffer=False, page_checksum_verification=True)
        if table.num_rows or rows < 0:
            held.append(table)
            rows = max(rows, 0) + table.num_rows
        if rows >= MAX_GROUP_ROWS:
            yield pa.concat_tables(held).combine_chunks()
            held, rows = [], 0
    if held:
        yield pa.concat_tables(held).combine_chunks()


def count_rows(path: Path) -> int:
    """Number of rows, from the footers alone."""
    return sum(pq.read_metadata(path / name).num_rows for name in read_manifest(path)["files"])
