"""Where what a labeling function knows came from, and when."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from labelmill.storage.folders import sha256_file


@dataclass(frozen=True)
class Provenance:
    """A file or a database that decides votes. It says when; the votes follow from the content alone.

    Attributes
    ----------
    source
        A file as it was named, or the URL of a database with its `${NAME}` left as they are.
    sha256
        Of the bytes of a file; of the rows, sorted, that were read from a database.
    read_at
        When it was read.
    modified_at
        When the file was last written; None where that cannot be told.
    """

    source: str
    sha256: str
    read_at: dt.datetime
    modified_at: dt.datetime | None = None


def file_provenance(source: str | Path, path: Path, *, sha256: str | None = None) -> Provenance:
    """What is known about a file, which `source` names as the project does."""
    modified_at = dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC)
    return Provenance(str(source), sha256 or sha256_file(path), dt.datetime.now(dt.UTC), modified_at)
