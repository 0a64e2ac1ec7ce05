"""Single files: a reader sees the old one or the new one, never a part."""

import fcntl
import io
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from labelmill.errors import CorruptFileError, StorageError

MAX_GROUP_ROWS = 2**20
MAX_GROUP_BYTES = 128 * 2**20
"""A larger table is written as several row groups, so that it can be read in pieces."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`: temp file beside it, fsync, rename, fsync of the folder.

    Raises
    ------
    StorageError
        The disk is full or the folder is not writable; what was at `path` is untouched.
    """
    with _replacing(path) as file:
        file.write(data)


def copy_file(source: Path, target: Path, *, mode: int | None = None) -> None:
    """Copy a file of any size, as safely as `write_bytes` writes; `mode` are its permissions.

    Raises
    ------
    StorageError
        The disk is full or the folder is not writable; what was at `target` is untouched.
    """
    with _replacing(target) as file, source.open("rb") as whence:
        shutil.copyfileobj(whence, file)
        if mode is not None:
            os.fchmod(file.fileno(), mode)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that takes the place of `path` when the block ends well."""
    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temp.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temp.unlink()
        raise StorageError(
            f"{path}: cannot be written ({error.strerror or error}). The file that was there is untouched."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` as indented JSON; NaN is refused, since no other reader takes it."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path, *, mend: str = "Make it again with `dvc repro`.") -> Any:
    """Read a JSON file; `mend` says what to do where it is damaged.

    Raises
    ------
    StorageError
        There is no such file.
    CorruptFileError
        It is no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise missing(path) from error
    except ValueError as error:
        raise CorruptFileError(f"{path}: is not valid JSON ({error}). {mend}") from error


def table_bytes(frame: pd.DataFrame) -> bytes:
    """One Parquet file with a checksum on every page: at default settings half of all bit flips pass unseen."""
    return bytes_of_tables([pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)])


def bytes_of_tables(tables: Iterable[pa.Table]) -> bytes:
    """The same for Arrow tables of equal columns, one below the other."""
    buffer, writer = io.BytesIO(), None
    for table in tables:
        writer = writer or pq.ParquetWriter(buffer, table.schema, compression="zstd", write_page_checksum=True)
        rows = table.num_rows * MAX_GROUP_BYTES // max(table.nbytes, 1)
        writer.write_table(table, row_group_size=min(max(rows, 1), MAX_GROUP_ROWS))
    if writer is not None:
        writer.close()
    return buffer.getvalue()


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write `frame`, without its index, as one Parquet file."""
    write_bytes(path, table_bytes(frame))


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a Parquet file, page checksums verified; list columns come as Python lists.

    Raises
    ------
    StorageError
        There is no such file.
    CorruptFileError
        Its bytes are not those that were written.
    """
    with reading(path):
        # pre_buffer=False: with it, memory grows with the file instead of the row group.
        return to_frame(pq.read_table(path, columns=columns, pre_buffer=False, page_checksum_verification=True))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what Arrow raises about a Parquet file into the errors of this package."""
    try:
        yield
    except FileNotFoundError as error:
        raise missing(path) from error
    except (pa.ArrowException, OSError) as error:
        raise CorruptFileError(
            f"{path}: is damaged ({str(error).splitlines()[0]}). Make it again with `dvc repro`, or `dvc pull` it."
        ) from error


def to_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame, list columns as Python lists."""
    frame = table.to_pandas()
    for field in table.schema:
        if pa.types.is_list(field.type):  # as numpy arrays their truth value would raise in `if row.links:`
            frame[field.name] = pd.Series(table[field.name].to_pylist(), index=frame.index, dtype=object)
    return frame


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Append one JSON line under a lock, fsynced, so that concurrent writers do not mix.

    Raises
    ------
    StorageError
        The disk is full or the file is not writable; nothing of the line is in it.
    """
    line = (json.dumps(content, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)  # let go when the handle closes
            _append(handle, line)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(
            f"{path}: no line can be added ({error.strerror or error}). The lines that were there are untouched."
        ) from error


def _append(handle: int, line: bytes) -> None:
    size = os.fstat(handle).st_size
    if size and os.pread(handle, 1, size - 1) != b"\n":
        line = b"\n" + line  # a crash cut the last line short: do not grow onto it
    try:
        while line:  # on a full disk a first call writes what fits, and only the next one says so
            line = line[os.write(handle, line) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def missing(path: Path) -> StorageError:
    """The error for a file that an earlier stage should have made."""
    return StorageError(
        f"{path}: there is no such file in {Path.cwd()}. "
        "Run `labelmill run` (or `dvc repro`) in the project folder first."
    )
