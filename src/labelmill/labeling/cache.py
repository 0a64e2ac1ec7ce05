"""Keep the columns of labeling functions that did not change, so that an edit recomputes one column only.

The cache is warm storage that may be deleted at any time; it holds no result that could not be made again.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.arrays import ABSTAIN
from labelmill.labeling.apply import apply_all, check_lfs, row_ids
from labelmill.labeling.calls import OnError
from labelmill.labeling.column import Column, Failure, SoftVotes
from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.fingerprints import fingerprint, versions_hash
from labelmill.labeling.functions import LabelingFunction, RowLF
from labelmill.labeling.limits import BY_LIMITS, Limits
from labelmill.labeling.rows import Columns
from labelmill.labeling.templates import TemplateLF


@dataclass(frozen=True)
class Said:
    """What every labeling function says of some rows.

    Attributes
    ----------
    columns
        By name, in the order of the labeling functions.
    seconds
        What each took that was computed; the others were kept.
    """

    columns: dict[str, Column]
    seconds: dict[str, float]


@dataclass
class ColumnCache:
    """Applies labeling functions to rows, and takes from the cache the columns that it has.

    Parameters
    ----------
    folder
        Where the columns are kept.
    lfs_folder
        The project's folder of labeling functions.
    lfs
        The labeling functions.
    cardinality
        Number of classes.
    hidden
        Columns that no labeling function may see.
    workers, limits
        As `apply_lfs` takes them.
    """

    folder: Path
    lfs_folder: Path
    lfs: Sequence[LabelingFunction]
    cardinality: int
    hidden: Collection[str] = ()
    workers: int = 0
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        # Before any is called: a function that keeps notes in a global must not change its own key.
        self._fingerprints = {lf.name: fingerprint(lf, self.lfs_folder) for lf in self.lfs}
        self._of_any_classes = {lf.name: _votes_row_by_row(lf) for lf in self.lfs}

    @property
    def keys(self) -> dict[str, str]:
        """What decides the votes of each labeling function, as a hash, by name and in order."""
        return {name: of.key for name, of in self._fingerprints.items()}

    def apply(self, piece: storage.Piece, content_hash: str, *, on_error: OnError = "record") -> Said:
        """What every labeling function says of some rows, whose content `content_hash` stands for."""
        everything = Columns(pd.DataFrame(columns=list(piece.columns)), self.hidden)
        check_lfs(self.lfs, everything, cardinality=self.cardinality)
        kept = self._kept(content_hash, piece.rows, on_error=on_error)
        missing = [lf for lf in self.lfs if lf.name not in kept]
        computed = self._computed(missing, piece, content_hash, on_error=on_error) if missing else {}
        found = kept | computed
        return Said({lf.name: found[lf.name] for lf in self.lfs}, {name: of.seconds for name, of in computed.items()})

    def forget(self, name: str, content_hash: str) -> None:
        """Drop a column."""
        self._file(name, content_hash).unlink(missing_ok=True)

    def repeats(self, name: str) -> bool:
        """Whether a labeling function, as it is now, was seen to vote the same way twice."""
        return self._mark(name).exists()

    def mark_repeating(self, name: str) -> None:
        """Remember that it did."""
        storage.write_bytes(self._mark(name), b"")

    def _kept(self, content_hash: str, rows: int, *, on_error: OnError) -> dict[str, Column]:
        kept: dict[str, Column] = {}
        for name, of in self._fingerprints.items():
            file = self._file(name, content_hash)
            column = _read(file, rows, of.lines)
            if column is not None and not _fits(column, self.cardinality):
                column = None  # of a task with other classes: computed anew, which refuses what is no class any more
            if column is not None and not (column.failures and on_error == "raise"):
                kept[name] = column
                with suppress(OSError):
                    os.utime(file)  # pruning drops first what was used longest ago
        return kept

    def _computed(
        self, lfs: Sequence[LabelingFunction], piece: storage.Piece, content_hash: str, *, on_error: OnError
    ) -> dict[str, Column]:
        frame = piece.read(_columns_of(lfs))
        found = apply_all(
            lfs,
            Columns(frame, self.hidden),
            cardinality=self.cardinality,
            on_error=on_error,
            ids=row_ids(frame),
            workers=self.workers,
            limits=self.limits,
        )
        said = {}
        for lf, column in zip(lfs, found, strict=True):  # each is kept as soon as it is there
            said[lf.name] = column
            if not any(failure.exception in BY_LIMITS for failure in column.failures):
                _write(self._file(lf.name, content_hash), column, lines=self._fingerprints[lf.name].lines)
        return said

    def _file(self, name: str, content_hash: str) -> Path:
        return self._place(name, content_hash)

    def _mark(self, name: str) -> Path:
        return self._place(name, "repeats")

    def _place(self, name: str, content: str) -> Path:
        classes = None if self._of_any_classes[name] else self.cardinality
        parts = [self._fingerprints[name].key, content, versions_hash(), classes, sorted(self.hidden)]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return self.folder / key[:2] / key


def prune(folder: Path, *, max_bytes: int) -> int:
    """Delete what was used longest ago until no more than `max_bytes` are left; returns the number of files."""
    found = []
    for file in folder.glob("*/*"):
        with suppress(FileNotFoundError):  # another run prunes too
            facts = file.stat()
            found.append((facts.st_mtime_ns, facts.st_size, file))
    size = sum(size for _, size, _ in found)
    dropped = 0
    for _, file_size, file in sorted(found):
        if size <= max_bytes:
            break
        file.unlink(missing_ok=True)
        size -= file_size
        dropped += 1
    return dropped


def _columns_of(lfs: Iterable[LabelingFunction]) -> set[str] | None:
    """The columns that they read, and the ids; None where only a run can tell."""
    if all(isinstance(lf, TemplateLF) for lf in lfs):
        return {"id", *(name for lf in lfs for name in lf.columns)}
    return None


def _votes_row_by_row(lf: LabelingFunction) -> bool:
    """Whether hard votes stay what they are when the task gets more classes: batches of weights are one per class."""
    if isinstance(lf, CompositeLF):
        return all(map(_votes_row_by_row, lf.parts))
    return isinstance(lf, RowLF | TemplateLF)


def _fits(column: Column, cardinality: int) -> bool:
    """Whether it is what the labeling function would say with that many classes."""
    if column.soft is not None:
        return column.soft.weights.shape[1] == cardinality
    return bool(column.votes.max(initial=ABSTAIN) < cardinality)


def _write(file: Path, column: Column, *, lines: str) -> None:
    failures = [asdict(failure) for failure in column.failures]
    header: dict[str, Any] = {"rows": len(column.votes), "lines": lines, "failures": failures, "soft": None}
    body = column.votes.tobytes()
    if column.soft is not None:
        header["soft"] = column.soft.weights.shape
        body += column.soft.rows.tobytes() + column.soft.weights.tobytes()
    content = json.dumps(header).encode() + b"\n" + zlib.compress(body, 1)
    storage.write_bytes(file, hashlib.sha256(content).digest() + content)


def _read(file: Path, rows: int, lines: str) -> Column | None:
    """A kept column; None where there is none, or its bytes are not those that were written."""
    with suppress(OSError, ValueError, KeyError, TypeError, zlib.error):
        data = file.read_bytes()
        digest, content = data[:32], data[32:]
        if hashlib.sha256(content).digest() != digest:
            return None
        head, _, packed = content.partition(b"\n")
        header, body = json.loads(head), zlib.decompress(packed)
        failures = tuple(Failure(**failure) for failure in header["failures"])
        if header["rows"] == rows and (not failures or header["lines"] == lines):
            return Column(np.frombuffer(body[:rows], dtype=np.int8), failures, _soft(body[rows:], header["soft"]))
    return None


def _soft(body: bytes, shape: list[int] | None) -> SoftVotes | None:
    if shape is None:
        return None
    numbers = np.frombuffer(body[: 8 * shape[0]], dtype=np.int64)
    return SoftVotes(numbers, np.frombuffer(body[8 * shape[0] :], dtype=np.float64).reshape(shape))
