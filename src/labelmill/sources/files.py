"""Input files, opened with care: only regular ones, inside the folder that was named, line by line within limits."""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from labelmill.errors import DataError

GZIP_FREE_BYTES: Final = 100_000_000
GZIP_MAX_RATIO: Final = 100
"""A gzip file that grows beyond this many times its size, and beyond `GZIP_FREE_BYTES`, is refused."""

_CHUNK_BYTES: Final = 1 << 20


def find_files(path: str | None, suffixes: tuple[str, ...], *, where: str = "ingest.path") -> list[Path]:
    """The input files that a path stands for, in order of name.

    Parameters
    ----------
    path
        A file, a folder (its files with one of the suffixes, at any depth; hidden ones are left out) or
        a glob pattern. Relative to the project folder.
    suffixes
        Endings of the files of a folder, such as ".csv"; "" takes all. A named file may end as it likes.

    Raises
    ------
    DataError
        Nothing is there, or a file is no regular one or lies, through a link, outside the folder.
    """
    if not path:
        raise DataError(f"params.yaml: {where} is missing. Name the file, folder or glob pattern to read.")
    root = Path(path)
    try:
        if root.is_dir():
            found = [p for p in sorted(root.rglob("*")) if _is_wanted(p, root, suffixes)]
        elif any(sign in path for sign in "*?[") and not root.exists():
            root, pattern = _split_pattern(path)
            found = [p for p in sorted(root.glob(pattern)) if not p.is_dir()]
        else:
            found = [root]
        for file in found:
            _check_regular(file)
            if file != root and not file.resolve().is_relative_to(root.resolve()):
                raise DataError(f"{file}: is a link to {file.resolve()}, outside {root}. Copy the file there instead.")
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a link that leads to itself
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}).") from error
    if not found:
        kinds = " or ".join(suffix for suffix in suffixes if suffix) or "any"
        raise DataError(f"{path}: no file there ({kinds}). Correct {where} in params.yaml.")
    return found


@contextmanager
def open_checked(file: Path) -> Iterator[BinaryIO]:
    """Open a regular file, gunzipped where it is gzip; refuse empty ones and ones that change meanwhile.

    Raises
    ------
    DataError
        The file is empty, cannot be read, grows out of bounds, or changed while it was read.
    """
    try:
        _check_regular(file)
        # Without O_NONBLOCK a pipe that nobody writes to would hang here.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as raw:
            before = _check_regular(file, os.fstat(raw.fileno()))
            if before.st_size == 0:
                raise DataError(f"{file}: is empty. Remove it or write it again.")
            if raw.peek(2)[:2] == b"\x1f\x8b":
                with gzip.open(raw) as unzipped:
                    yield cast(BinaryIO, _Bounded(cast(BinaryIO, unzipped), file, before.st_size))
            else:
                yield raw
            after = file.stat()
            if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
                raise DataError(f"{file}: changed while it was read. Run again when its writer is done.")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be read ({getattr(error, 'strerror', None) or error}).") from error


def lines(file: BinaryIO, max_bytes: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield (line number, line), None for one longer than `max_bytes`; memory stays bounded by that."""
    number = 0
    while line := file.readline(max_bytes + 2):
        number += 1
        if len(line.rstrip(b"\r\n")) > max_bytes:
            while line and not line.endswith(b"\n"):
                line = file.readline(_CHUNK_BYTES)
            yield number, None
        else:
            yield number, line


def read_whole(file: BinaryIO, max_bytes: int) -> bytes | None:
    """All bytes, or None where there are more than `max_bytes`."""
    data = file.read(max_bytes + 1)
    return data if len(data) <= max_bytes else None


class _Bounded:
    """A gunzipped stream that stops where it grows out of all proportion."""

    def __init__(self, stream: BinaryIO, file: Path, packed_bytes: int) -> None:
        self._stream, self._file = stream, file
        self._left = max(GZIP_FREE_BYTES, GZIP_MAX_RATIO * packed_bytes)

    def readline(self, size: int = -1) -> bytes:
        return self._count(self._stream.readline(size))

    def read(self, size: int = -1) -> bytes:
        return self._count(self._stream.read(size))

    def _count(self, data: bytes) -> bytes:
        self._left -= len(data)
        if self._left < 0:
            raise DataError(
                f"{self._file}: grows to more than {GZIP_MAX_RATIO} times its size when unpacked. Unpack it yourself."
            )
        return data


def _is_wanted(path: Path, root: Path, suffixes: tuple[str, ...]) -> bool:
    if any(part.startswith(".") for part in path.relative_to(root).parts) or path.is_dir():
        return False
    return path.name.lower().endswith(suffixes)


def _split_pattern(path: str) -> tuple[Path, str]:
    parts = Path(path).parts
    first = next(i for i, part in enumerate(parts) if any(sign in part for sign in "*?["))
    return Path(*parts[:first]), str(Path(*parts[first:]))


def _check_regular(file: Path, info: os.stat_result | None = None) -> os.stat_result:
    info = info or file.stat()
    if not stat.S_ISREG(info.st_mode):
        kind = "folder" if stat.S_ISDIR(info.st_mode) else "pipe, socket or device"
        raise DataError(f"{file}: is a {kind}, not a regular file.")
    return info
