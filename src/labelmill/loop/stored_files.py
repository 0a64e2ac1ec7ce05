"""Every file that is stored under a checksum: rows, votes, labels, models, the champion, batches, versions."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labelmill import paths, storage
from labelmill.errors import StorageError
from labelmill.loop.cache_objects import DIR, Checked, Output, md5_of, outputs_of
from labelmill.progress import progress
from labelmill.storage.folders import MANIFEST, read_manifest

ROOTS = ("data", "models", "state")

ADVICE = {
    paths.INCOMING: "Take the batch away, and add the file that it came from again.",
    paths.HELD: "Take the batch away, and add the file that it came from again.",
    paths.STATE / "models": "Put another model in charge with `labelmill rollback`; no stage makes this one again.",
    paths.STATE: "Take it away; no stage makes it again.",
}
"""What to do about a damaged file that no stage makes, by where it is."""

TABLES = ("data/*.parquet", "data/gold/*.parquet")
"""Single files, which have no manifest: their pages have checksums, and `dvc.lock` knows the whole of them."""

DAMAGED = paths.CACHE / "damaged"
"""Where damaged files go when others take their place."""


@dataclass(frozen=True)
class Damage:
    """A file that is not what was written, how that shows, and whether it is one too many."""

    file: Path
    problem: str
    stray: bool = False


@dataclass(frozen=True)
class Verified:
    """How many folders and single tables were hashed anew, and what is wrong with them."""

    folders: int
    tables: int
    damages: list[Damage]


def verify() -> Verified:
    """Hash every stored file anew and name all that are damaged."""
    manifests = sorted(file for root in ROOTS for file in Path().glob(f"{root}/**/{MANIFEST}"))
    inner = {file.parent for file in manifests}
    # A folder further up that has a manifest answers for all below; hidden ones a killed run left.
    folders = [
        folder
        for folder in sorted(inner)
        if not inner & set(folder.parents) and not any(part.startswith(".") for part in folder.parts)
    ]
    tables = sorted(file for pattern in TABLES for file in Path().glob(pattern))
    locked = outputs_of(Path())
    damages = [damage for folder in progress(folders, "verifying folders") for damage in _in_folder(folder)]
    damages += [damage for table in progress(tables, "verifying tables") for damage in _in_table(table, locked)]
    return Verified(len(folders), len(tables), damages)


def restore(damage: Damage, checked: Checked) -> bool:
    """Put the right bytes in place of a damaged file, from DVC's cache; the damaged ones go to `.cache/damaged/`.

    Returns
    -------
    Whether all is well again. Where not, what a stage made is out of the way, so that `dvc repro` makes it anew.
    """
    source = None if damage.stray else _object_of(damage.file, checked)
    if source is None and not damage.stray and _advice(damage.file) is not None:
        return False
    if damage.file.exists():
        aside = DAMAGED / damage.file
        aside.parent.mkdir(parents=True, exist_ok=True)
        damage.file.replace(aside)
    if source is not None:
        storage.copy_file(source, damage.file)
    return damage.stray or source is not None


def _in_folder(folder: Path) -> Iterator[Damage]:
    try:
        manifest = read_manifest(folder)
    except StorageError as error:
        yield Damage(folder / MANIFEST, _told(error, folder))
        return
    for name in manifest["files"]:
        try:
            storage.verify_file(folder, name, manifest)
        except StorageError as error:
            yield Damage(folder / name, _told(error, folder))
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        if (name := file.relative_to(folder).as_posix()) not in {*manifest["files"], MANIFEST}:
            yield Damage(file, f"{folder}: holds {name}, which its manifest does not list. Remove it.", stray=True)


def _told(error: StorageError, folder: Path) -> str:
    """What is wrong, and what to do where no rerun helps."""
    advice = _advice(folder)
    return str(error) if advice is None else f"{str(error).partition(' Make ')[0]} {advice}"


def _advice(place: Path) -> str | None:
    return next((advice for root, advice in ADVICE.items() if place.is_relative_to(root)), None)


def _in_table(table: Path, locked: dict[str, Output]) -> Iterator[Damage]:
    try:
        storage.read_table(table)
    except StorageError as error:
        yield Damage(table, str(error))
        return
    # The footer has no checksum of its own. A table of another size was made by `labelmill run` since.
    output = locked.get(table.as_posix())
    if output is not None and table.stat().st_size == output.size and md5_of(table) != output.md5:
        yield Damage(
            table,
            f"{table}: has the size that {paths.DVC_LOCK} names, but other bytes. "
            "Make it again with `dvc repro`, or `dvc pull` it.",
        )


def _object_of(file: Path, checked: Checked) -> Path | None:
    """The object of DVC's cache that has the bytes which a file must have."""
    md5 = _by_manifest(file, checked) if file.name != MANIFEST else None
    if md5 is None:
        md5 = _by_lock(file, checked)
    return None if md5 is None or not checked.is_whole(md5) else checked.file(md5)


def _by_manifest(file: Path, checked: Checked) -> str | None:
    """By the checksum in the manifest of the folder, or of one further up."""
    for folder in list(file.parents)[:-1]:
        try:
            known = read_manifest(folder)["files"].get(file.relative_to(folder).as_posix())
        except StorageError:
            continue
        if known is not None:
            return checked.of_content(known["sha256"], known["bytes"])
    return None


def _by_lock(file: Path, checked: Checked) -> str | None:
    """By `dvc.lock`, where that is about what lies here: of a folder another file must be the one that it names."""
    for path, (md5, _) in outputs_of(Path()).items():
        if Path(path) == file:
            return md5
        if md5.endswith(DIR) and Path(path) in file.parents:
            names = checked.listing(md5)
            others = ((Path(path) / name, inner) for name, inner in names.items() if Path(path) / name != file)
            if any(other.is_file() and md5_of(other) == inner for other, inner in others):
                return names.get(file.relative_to(path).as_posix())
    return None
