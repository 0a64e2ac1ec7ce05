"""The list of versions: read it, and add one, published last by a rename."""

import datetime as dt
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, StorageError
from labelmill.loop import dvc_commands
from labelmill.loop.versions import contents
from labelmill.params import Params
from labelmill.sources import batches
from labelmill.storage.folders import MANIFEST, read_manifest

log = logging.getLogger(__name__)

WAIT_S = 60.0

_MEND = "Nothing makes a version again: restore its folder from a copy, or move it away."


@dataclass(frozen=True)
class Version:
    """One version: its number, its folder, and what its manifest tells."""

    number: int
    folder: Path
    manifest: dict[str, Any]

    @property
    def key(self) -> str:
        """One hash for all that it stands for."""
        return str(self.manifest["key"])

    @property
    def project(self) -> Path:
        """Its copies of the project's small files."""
        return self.folder / contents.PROJECT

    def labels(self) -> pd.DataFrame:
        """One label per row that it keeps: `id`, `label`, `confidence`."""
        return storage.read_table(storage.verify_file(self.folder, contents.LABELS, self.manifest, mend=_MEND))

    def verify(self) -> None:
        """Re-hash every file of it.

        Raises
        ------
        CorruptFileError
            One is not what was written; the message names it.
        """
        storage.verify_folder(self.folder, mend=_MEND)


def folder() -> Path:
    """Where versions lie: in the main work tree, also for experiments in a copy."""
    return paths.main_project() / paths.VERSIONS


def list_versions() -> list[Version]:
    """Every version, oldest first; one whose manifest is damaged is left out with a warning."""
    found = []
    for number in _numbers():
        try:
            found.append(get(number))
        except CorruptFileError as error:
            log.warning("%s", error)
    return found


def get(number: int) -> Version:
    """One version, by its number.

    Raises
    ------
    StorageError
        There is none of this number.
    CorruptFileError
        Its manifest is damaged.
    """
    place = folder() / str(number)
    if not place.is_dir():
        known = ", ".join(map(str, _numbers())) or "none yet; `labelmill versions add` makes one"
        raise StorageError(f"{place}: there is no version {number}. Versions: {known}.")
    try:
        return Version(number, place, read_manifest(place))
    except StorageError as error:
        raise CorruptFileError(
            f"{place / MANIFEST}: is damaged or missing. Version {number} can be told no more; move {place} away."
        ) from error


def add(params: Params, *, note: str = "", created: dt.datetime | None = None) -> tuple[Version, bool]:
    """Make a version of the present state of the project, if it is accepted and not one already.

    Accepted is what DVC calls up to date in every stage, validation included, and whose files are what was written.
    Batches that came after stage `ingest` had read those before are no part of it.

    Parameters
    ----------
    params
        The project's params.
    note
        A line about it for people.
    created
        The time that it is said to be of; now where it is None.

    Returns
    -------
    (version, is_new)
        The version of this state, and whether it was made just now.

    Raises
    ------
    StorageError
        A stage is out of date or was never run, or a batch that was read is held or gone since.
    CorruptFileError
        An output is damaged; it is named.
    """
    if stale := dvc_commands.stale_stages(whatever_is_in=paths.INCOMING):
        raise StorageError(
            f"{paths.DVC_LOCK}: no version is made of this state, since {', '.join(stale)} "
            f"{'is' if len(stale) == 1 else 'are'} out of date. Run `dvc repro` first."
        )
    if gone := dict(batches.ingested().items() - batches.hashes().items()):
        raise StorageError(
            f"{paths.INGESTED}: no version is made of this state, since it has rows of batch "
            f"{', '.join(sorted(gone))}, which {paths.INCOMING} has no more as it was. Run `dvc repro` first."
        )
    for path in contents.OUTPUTS.values():
        storage.verify_folder(path)
    return publish(params, note=note, created=created)


def publish(params: Params, *, note: str = "", created: dt.datetime | None = None) -> tuple[Version, bool]:
    """Write the version of the files as they are; `add` asks before whether they are accepted."""
    with storage.exclusive(folder().with_suffix(".lock"), wait_s=WAIT_S):
        hashes = contents.hashes(params)
        key = contents.key_of(hashes)
        for version in list_versions():
            if version.key == key:
                return version, False
        number = max(_numbers(), default=0) + 1
        labels, counts = contents.labels(params.task.classes)
        at = (created or dt.datetime.now(dt.UTC)).isoformat(timespec="seconds")
        facts = {**contents.facts(params), **counts}
        place = folder() / str(number)
        with storage.new_folder(place, key=key, created=at, note=note, hashes=hashes, **facts) as new:
            storage.write_table(new / contents.LABELS, labels)
            for file in contents.kept_files():
                storage.copy_file(file, new / contents.PROJECT / file)
        log.info("version %d: %s rows, key %s", number, f"{counts['rows']:,}", key[:12])
        return get(number), True


def _numbers() -> list[int]:
    if not folder().is_dir():
        return []
    return sorted(int(place.name) for place in folder().iterdir() if place.name.isdecimal() and place.is_dir())
