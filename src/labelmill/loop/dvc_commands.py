"""What the loop asks of DVC, as child processes: the library itself never imports it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from labelmill import paths
from labelmill.errors import BusyError, StorageError

# A folder below may hold a project of its own, such as the template of `labelmill init`.
_OURS = paths.DVC_YAML.as_posix()
_BUSY = ("is busy", "Unable to acquire lock")


def stale_stages(*, whatever_is_in: Path | None = None) -> list[str]:
    """Names of the stages of `dvc.yaml` that `dvc repro` would run again, in its order.

    Parameters
    ----------
    whatever_is_in
        A path that stages may read and whose changes do not count.

    Raises
    ------
    StorageError
        This is no DVC project, or `dvc status` fails.
    BusyError
        Another DVC command is at work here.
    """
    stages: dict[str, list[Any]] = json.loads(_output("status", "--json", _OURS))
    no_matter = {"changed deps": {str(whatever_is_in): "modified"}}
    return [name for name, reasons in stages.items() if reasons != [no_matter]]


def cache_folder() -> Path:
    """The folder of DVC's cache, wherever the configuration puts it."""
    return Path(_output("cache", "dir").strip())


def checkout(*, force: bool = False) -> str | None:
    """Let the files that `dvc.lock` names appear; returns what hinders it, None where all of them are there."""
    return _problem(_run("checkout", "--quiet", *(["--force"] if force else []), _OURS))


def fetch() -> str | None:
    """Bring into the cache what `dvc.lock` names and a remote has; returns what hinders it."""
    if not _output("remote", "list").strip():
        return "there is no DVC remote"
    return _problem(_run("fetch", "--quiet", _OURS))


def _output(*arguments: str) -> str:
    done = _run(*arguments)
    if (problem := _problem(done)) is None:
        return done.stdout
    kind = BusyError if any(words in done.stderr for words in _BUSY) else StorageError
    raise kind(f"`dvc {' '.join(arguments)}` failed in {Path.cwd()}: {problem}")


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "dvc", *arguments], capture_output=True, text=True, errors="replace", check=False
    )


def _problem(done: "subprocess.CompletedProcess[str]") -> str | None:
    if done.returncode == 0:
        return None
    lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.strip()]
    return " ".join(lines[:5]) or f"exit code {done.returncode}"
