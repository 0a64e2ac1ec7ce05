"""Whole folders that appear at once, each with a manifest of the checksums of its files."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from labelmill.errors import CorruptFileError, LabelmillError, StorageError
from labelmill.storage.atomic import missing, sync_folder, write_bytes

MANIFEST = "manifest.json"
_OWN_HASH = "manifest_sha256"
FORMATS = (1, 2)
"""1 has checksums of the files, 2 also one of itself."""


def sha256_file(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def new_folder(path: Path, **facts: Any) -> Iterator[Path]:
    """Yield an empty folder to fill; when the block ends well it replaces `path`, manifest included.

    Parameters
    ----------
    path
        The folder to replace. It stays as it was if the block raises.
    **facts
        Written into the manifest beside the checksums.
    """
    temp = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        for stale in path.parent.glob(f".{path.name}.*.tmp"):
            shutil.rmtree(stale, ignore_errors=True)  # left by a killed run
        temp.mkdir(parents=True)
        yield temp
        _write_manifest(temp, facts)
        _put_in_place(temp, path)
    except OSError as error:
        # Of a file inside of `temp` people know nothing: the folder is what cannot be written.
        cause = error.__cause__ if str(error).startswith(str(temp)) else error
        if isinstance(cause, LabelmillError) or not isinstance(cause, OSError):
            raise
        raise StorageError(
            f"{path}: cannot be written ({cause.strerror or cause}). What was there is untouched."
        ) from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def move_folder(source: Path, target: Path) -> None:
    """Rename a folder; a reader sees it in one of the two places.

    Raises
    ------
    StorageError
        There is no such folder, or something is at the target already.
    """
    if not source.is_dir():
        raise missing(source)
    if target.exists():
        raise StorageError(f"{target}: is there already, so {source} cannot be moved there. Take one of them away.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        for folder in {source.parent, target.parent}:
            sync_folder(folder)
    except OSError as error:
        raise StorageError(f"{source}: cannot be moved to {target} ({error.strerror or error}).") from error


def verify_folder(path: Path, *, mend: str | None = None) -> dict[str, Any]:
    """Re-hash every file of a folder and return its manifest.

    Parameters
    ----------
    path
        The folder.
    mend
        What people should do about a damaged one, where no stage makes it again.

    Raises
    ------
    StorageError
        There is no such folder.
    CorruptFileError
        A file is missing, added or changed; the message names it.
    """
    manifest = read_manifest(path, mend=mend)
    for name in manifest["files"]:
        verify_file(path, name, manifest, mend=mend)
    strays = {str(p.relative_to(path)) for p in path.rglob("*") if p.is_file()} - {*manifest["files"], MANIFEST}
    if strays:
        raise CorruptFileError(
            f"{path}: holds files that its manifest does not list: {sorted(strays)[:5]}. Remove them."
        )
    return manifest


def read_manifest(path: Path, *, mend: str | None = None) -> dict[str, Any]:
    """The manifest of a folder, its own form checked."""
    file = path / MANIFEST
    damaged = CorruptFileError(f"{file}: is damaged. {mend or _mend(path)}")
    try:
        data = file.read_bytes()
        manifest: dict[str, Any] = json.loads(data)
        manifest["files"].items()
    except FileNotFoundError as error:
        raise missing(file) from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise damaged from error
    if manifest.get("format") not in FORMATS:
        raise CorruptFileError(
            f"{file}: is of format {manifest.get('format')!r}, this labelmill knows {FORMATS}. "
            f"Use the labelmill that wrote it. {mend or _mend(path)}"
        )
    rest = {name: value for name, value in manifest.items() if name != _OWN_HASH}
    expected = None if manifest["format"] == 1 else _hash_of(rest)
    if _as_bytes(manifest) != data or manifest.get(_OWN_HASH) != expected:
        raise damaged
    return manifest


def verify_file(path: Path, name: str, manifest: dict[str, Any], *, mend: str | None = None) -> Path:
    """Check one file of a folder against the manifest and return its path."""
    file = path / name
    if not file.is_file():
        raise CorruptFileError(f"{file}: is missing, though the manifest lists it. {mend or _mend(path)}")
    expected = manifest["files"][name]
    if file.stat().st_size != expected.get("bytes", file.stat().st_size) or sha256_file(file) != expected["sha256"]:
        raise CorruptFileError(f"{file}: its bytes are not those that were written. {mend or _mend(path)}")
    return file


def folder_hash(path: Path) -> str:
    """SHA-256 of the manifest: equal for folders with equal files. Does not re-hash the files."""
    if not (path / MANIFEST).is_file():
        raise missing(path / MANIFEST)
    return sha256_file(path / MANIFEST)


def source_hash(folder: Path) -> str:
    """SHA-256 over names and bytes of the files of a folder of code that count: no tests, no byte code, none hidden."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
        if file.is_file() and not hidden and file.suffix != ".pyc" and not file.name.startswith("test_"):
            digest.update(f"{name.as_posix()}\0{file.stat().st_size}\0".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _mend(path: Path) -> str:
    return f"Make {path} again with `dvc repro`, or `dvc pull` it."


def _put_in_place(temp: Path, path: Path) -> None:
    """Rename `temp` to `path`; the folder that was there goes only once the new one stands."""
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.replace(old)
    try:
        temp.replace(path)
    except OSError:
        if old.exists():
            old.replace(path)
        raise
    sync_folder(path.parent)
    for replaced in path.parent.glob(f".{path.name}.*.old"):  # this one, and those that a killed run left
        shutil.rmtree(replaced, ignore_errors=True)


def _write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    files = {
        str(file.relative_to(folder)): {"sha256": sha256_file(file), "bytes": file.stat().st_size}
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    content = {"format": FORMATS[-1], **facts, "files": files}
    write_bytes(folder / MANIFEST, _as_bytes({**content, _OWN_HASH: _hash_of(content)}))


def _as_bytes(manifest: dict[str, Any]) -> bytes:
    """The one way in which a manifest is written, so that any other byte is damage."""
    return (json.dumps(manifest, indent=1) + "\n").encode()


def _hash_of(content: dict[str, Any]) -> str:
    """What guards the manifest itself."""
    return hashlib.sha256(_as_bytes(content)).hexdigest()
