"""Versions in git: a commit of just the files that a version stands on, named after it."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from labelmill import paths
from labelmill.errors import MissingToolError, StorageError
from labelmill.loop.versions.record import Version

COMMITTED = (
    paths.DVC_LOCK,
    paths.PARAMS,
    paths.DVC_YAML,
    paths.LFS,
    paths.ANNOTATIONS,
    Path("reports/metrics"),
)
"""All that git must know to bring a version back."""


def commit(version: Version) -> str | None:
    """Commit what a version stands on, as it is in the work tree, and nothing else that is staged.

    Returns
    -------
    The commit; None where git had all of it already.

    Raises
    ------
    StorageError
        Git refuses; its own words are in the message.
    MissingToolError
        Git is not installed.
    """
    there = [path.as_posix() for path in COMMITTED if path.exists()]
    if not _git("status", "--porcelain", "--", *there).strip():
        return None
    _git("add", "--", *there)
    note = version.manifest["note"]
    subject = f"Version {version.number}" + (f": {note}" if note else "")
    _git("commit", "--quiet", "--only", "-m", subject, "--", *there)
    return _git("rev-parse", "HEAD").strip()


def committed(versions: Sequence[Version]) -> set[int]:
    """Numbers of the versions whose `dvc.lock` some commit has: their objects stay when DVC collects garbage."""
    locks = {version.number: version.project / paths.DVC_LOCK for version in versions}
    if not locks:
        return set()
    try:
        listed = _git(
            "rev-list", "--objects", "HEAD", "--branches", "--tags", "--remotes", "--", paths.DVC_LOCK.as_posix()
        )
        blobs = _git("hash-object", "--", *map(str, locks.values())).split()
    except (StorageError, MissingToolError):
        return set()
    known = {line.partition(" ")[0] for line in listed.splitlines()}
    return {number for number, blob in zip(locks, blobs, strict=True) if blob in known}


def is_clean(path: Path) -> bool:
    """Whether git knows a file as it is."""
    try:
        known = _git("ls-files", "--", path.as_posix())
        return bool(known.strip()) and not _git("status", "--porcelain", "--", path.as_posix()).strip()
    except (StorageError, MissingToolError):
        return False


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, errors="replace", check=False)
    except FileNotFoundError as error:
        raise MissingToolError("git is not installed, so nothing can be committed.") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise StorageError(f"`git {arguments[0]}` failed in {Path.cwd()}: {' '.join(said[:3])}")
    return done.stdout
