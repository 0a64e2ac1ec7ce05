"""Versions in git: a commit of just the files that a version stands on, named after it."""

import subprocess
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

TRAILER = "Labelmill-Version-Key"


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
    _git("commit", "--quiet", "--only", "-m", subject, "-m", f"{TRAILER}: {version.key}", "--", *there)
    return _git("rev-parse", "HEAD").strip()


def committed() -> set[str]:
    """Keys of the versions that a commit was made of; none where there is no git."""
    try:
        return set(_git("log", "--all", f"--format=%(trailers:key={TRAILER},valueonly)").split())
    except (StorageError, MissingToolError):
        return set()


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
