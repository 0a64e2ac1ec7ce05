"""Put the project's small files of a version back; DVC then brings the large ones, or makes them again."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labelmill import paths, storage
from labelmill.errors import StorageError
from labelmill.loop.versions import commits, contents
from labelmill.loop.versions.record import Version, list_versions
from labelmill.sources import batches
from labelmill.stages.names import TRAINING

REPLACED = "replaced"
"""Folder below `state/` with copies of what checkouts replaced."""


@dataclass(frozen=True)
class Restored:
    """What a checkout did.

    Attributes
    ----------
    written, removed
        Files of the project.
    backup
        Where copies of what they replaced are; None where nothing was.
    notes
        What else differs from the version, in words: only people can set it right.
    """

    written: list[Path]
    removed: list[Path]
    backup: Path | None
    notes: list[str]


def restore(version: Version, *, force: bool = False) -> Restored:
    """Put params, pipeline, labeling functions, annotations, metrics and `dvc.lock` of a version back.

    Killed half way, the same command again goes on; what was replaced stays in `state/replaced/`.

    Parameters
    ----------
    version
        The version.
    force
        Whether to replace edits that neither git nor a version has.

    Raises
    ------
    StorageError
        There are such edits; the files are named.
    BusyError
        A stage is at work.
    CorruptFileError
        A file of the version is damaged.
    """
    version.verify()
    with _no_stage_at_work():
        wanted = {
            file.relative_to(version.project): file
            for path in (*contents.WRITTEN, *contents.RESULTS)
            for file in contents.files_of(version.project / path)
        }
        written = [file for path in contents.WRITTEN for file in contents.files_of(path)]
        removed = [file for file in written if file not in wanted]
        changed = [file for file in wanted if not file.is_file() or not _equal(file, wanted[file])]
        replaced = [file for file in [*changed, *removed] if file.is_file()]
        if not force and (edits := [file for file in replaced if file in written and _only_here(file)]):
            names = ", ".join(map(str, edits[:5])) + (", …" if len(edits) > 5 else "")
            raise StorageError(
                f"{names}: edited, and neither git nor a version has these edits. Commit them, or make a version of "
                "them; --force replaces them and keeps copies."
            )
        backup = _back_up(replaced) if replaced else None
        for file in removed:
            file.unlink()
        for file in changed:
            storage.copy_file(wanted[file], file)
    return Restored(changed, removed, backup, _notes(version))


def differing_outputs(version: Version) -> list[Path]:
    """Folders whose files are missing, damaged or not those of the version."""
    found = []
    for name, path in contents.OUTPUTS.items():
        try:
            storage.verify_folder(path)
            same = storage.folder_hash(path) == version.manifest["hashes"][name]
        except StorageError:
            same = False
        if not same:
            found.append(path)
    return found


def _equal(one: Path, other: Path) -> bool:
    return storage.sha256_file(one) == storage.sha256_file(other)


def _only_here(file: Path) -> bool:
    """Whether the content of a file would be lost: no version has it, nor has git."""
    sha256, name = storage.sha256_file(file), f"{contents.PROJECT}/{file.as_posix()}"
    kept = any(version.manifest["files"].get(name, {}).get("sha256") == sha256 for version in list_versions())
    return not kept and not commits.is_clean(file)


def _back_up(files: list[Path]) -> Path:
    folder = paths.main_project() / paths.STATE / REPLACED
    stamp = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"
    place, number = folder / stamp, 1
    while place.exists():
        number += 1
        place = folder / f"{stamp}-{number}"
    with storage.new_folder(place) as new:
        for file in files:
            storage.copy_file(file, new / file)
    return place


@contextlib.contextmanager
def _no_stage_at_work() -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for name in TRAINING:
            stack.enter_context(storage.exclusive(paths.CACHE / "locks" / f"{name}.lock"))
        yield


def _notes(version: Version) -> list[str]:
    """What a checkout leaves, though a rerun of the stages would take it in."""
    then, now = version.manifest["hashes"]["batches"], batches.hashes().keys()
    notes = []
    if more := sorted(now - then.keys()):
        notes.append(
            f"{paths.INCOMING} has {', '.join(more)}, which version {version.number} had not: `dvc repro` would take "
            "them in. `labelmill incoming hold SEQ` keeps them out."
        )
    if gone := sorted(then.keys() - now):
        notes.append(f"{paths.INCOMING} lacks {', '.join(gone)} of version {version.number}: `dvc repro` needs them.")
    if version.manifest["hashes"]["code"] != contents.code_hash():
        made_by = version.manifest["software"]["labelmill"]
        notes.append(
            f"version {version.number} was made by labelmill {made_by} with other code than runs here: DVC's cache has "
            "its bytes, `dvc repro` may give others."
        )
    return notes
