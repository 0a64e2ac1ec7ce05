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

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import storage
from labelmill.arrays import ABSTAIN
from labelmill.labeling.apply import Applied, Failure, OnError, apply_one, check_lfs, errors_frame, row_ids
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
        L = np.full((len(shard), len(self.lfs)), ABSTAIN, dtype=np.int8, order="F")
        failures: list[tuple[str, Failure]] = []
        for j, lf in enumerate(progress(self.lfs, "labeling functions")):
            file = self._file(self._fingerprints[j], content_hash)
            found = _read(file, len(shard), self._fingerprints[j].lines)
            if found is None or (found[1] and on_error == "raise"):
                found = apply_one(lf, columns, cardinality=self.cardinality, on_error=on_error, ids=ids)
                _write(file, *found, lines=self._fingerprints[j].lines)
                self.computed.append(lf.name)
            else:
                self.reused.append(lf.name)
            L[:, j] = found[0]
            failures += [(lf.name, failure) for failure in found[1]]
        return Applied(L, [lf.name for lf in self.lfs], errors_frame(failures, ids))

    def _file(self, of: Fingerprint, content_hash: str) -> Path:
        parts = [of.key, versions_hash(), content_hash, self.cardinality, sorted(self.hidden)]
        key = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return self.folder / key[:2] / key


def _write(file: Path, votes: NDArray[np.int8], failures: list[Failure], *, lines: str) -> None:
    header = {"rows": len(votes), "lines": lines, "failures": [asdict(failure) for failure in failures]}
    content = json.dumps(header).encode() + b"\n" + zlib.compress(votes.tobytes(), 1)
    storage.write_bytes(file, hashlib.sha256(content).digest() + content)


def _read(file: Path, rows: int, lines: str) -> tuple[NDArray[np.int8], list[Failure]] | None:
    """A kept column; None where there is none, or its bytes are not those that were written."""
    with suppress(OSError, ValueError, KeyError, TypeError, zlib.error):
        data = file.read_bytes()
        digest, content = data[:32], data[32:]
        if hashlib.sha256(content).digest() != digest:
            return None
        head, _, body = content.partition(b"\n")
        header = json.loads(head)
        votes = np.frombuffer(zlib.decompress(body), dtype=np.int8)
        failures = [Failure(**failure) for failure in header["failures"]]
        if len(votes) == rows and (not failures or header["lines"] == lines):
            return votes, failures
    return None
