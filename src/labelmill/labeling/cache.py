"""Keep the columns of labeling functions that did not change, so that an edit recomputes one column only.

The cache is warm storage that may be deleted at any time; it holds no result that could not be made again.
"""

import hashlib
import json
import zlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.labeling.apply import Applied, applied, apply_all, check_lfs, row_ids
from labelmill.labeling.calls import OnError
from labelmill.labeling.column import Column, Failure, SoftVotes
from labelmill.labeling.fingerprints import Fingerprint, fingerprint, versions_hash
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.rows import Columns
from labelmill.progress import progress


@dataclass
class ColumnCache:
    """Applies labeling functions to shards, and takes from the cache the columns that it has.

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

    Attributes
    ----------
    computed, reused
        Names of labeling functions, once per shard.
    """

    folder: Path
    lfs_folder: Path
    lfs: Sequence[LabelingFunction]
    cardinality: int
    hidden: Collection[str] = ()
    computed: list[str] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Before any is called: a function that keeps notes in a global must not change its own key.
        self._fingerprints = [fingerprint(lf, self.lfs_folder) for lf in self.lfs]

    def apply(self, shard: pd.DataFrame, content_hash: str, *, on_error: OnError = "record") -> Applied:
        """Do what `apply_lfs` does for one shard, whose content `content_hash` stands for."""
        columns = Columns(shard, self.hidden)
        ids = row_ids(shard)
        check_lfs(self.lfs, columns, cardinality=self.cardinality)
        files = [self._file(of, content_hash) for of in self._fingerprints]
        kept = [_read(file, len(shard), of.lines) for file, of in zip(files, self._fingerprints, strict=True)]
        said = {
            lf.name: column
            for lf, column in zip(self.lfs, kept, strict=True)
            if column is not None and not (column.failures and on_error == "raise")
        }
        self.reused += said
        missing = [j for j, lf in enumerate(self.lfs) if lf.name not in said]
        found = apply_all(
            [self.lfs[j] for j in missing], columns, cardinality=self.cardinality, on_error=on_error, ids=ids
        )
        for j, column in zip(progress(missing, "labeling functions"), found, strict=True):
            _write(files[j], column, lines=self._fingerprints[j].lines)
            said[self.lfs[j].name] = column
            self.computed.append(self.lfs[j].name)
        names = [lf.name for lf in self.lfs]
        return applied(names, [said[name] for name in names], ids)

    def _file(self, of: Fingerprint, content_hash: str) -> Path:
        parts = [of.key, versions_hash(), content_hash, self.cardinality, sorted(self.hidden)]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return self.folder / key[:2] / key


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
