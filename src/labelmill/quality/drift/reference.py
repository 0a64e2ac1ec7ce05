"""What training saw, as far as drift needs it: counts over all rows, and a bounded sample of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labelmill.quality.drift.rows import Rows, Schema

SAMPLE_ROWS = 20_000


@dataclass(frozen=True)
class Reference:
    """What windows are compared with."""

    schema: Schema
    n: int

    @classmethod
    def of(cls, parts: Iterable[Rows], schema: Schema, *, seed: int, sample_rows: int = SAMPLE_ROWS) -> "Reference":
        """The reference of the rows of all parts."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Write the reference as a folder of JSON, Parquet and plain arrays."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path) -> "Reference":
        """Read it again, checksums verified."""
        raise NotImplementedError
