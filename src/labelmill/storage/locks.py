"""Locks that die with their process: `flock`, so that a killed owner never blocks the next run."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labelmill.errors import BusyError


@contextmanager
def exclusive(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock file `path` for the block.

    Parameters
    ----------
    path
        The lock file, made when absent and left behind; its content names the last owner.
    wait_s
        Seconds to wait for another owner before giving up.

    Raises
    ------
    BusyError
        Another live process holds the lock; the message names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise BusyError(
                        f"{path}: held by {_owner(path)}. Wait until it ends, or stop it, then try again."
                    ) from error
                time.sleep(0.05)
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "command": " ".join(sys.argv)[:200]}))
        file.flush()
        yield


def is_held(path: Path) -> bool:
    """Whether a live process holds a lock file; one that may not be looked at counts as held."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except OSError:  # there is no such file
        return False
    return False


def _owner(path: Path) -> str:
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        return f"process {owner['pid']} ({owner['command']})"
    except (OSError, ValueError, KeyError):
        return "another process"
