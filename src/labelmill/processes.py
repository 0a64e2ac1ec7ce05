"""What a process owes its parent."""

import ctypes
import os
import select
import signal
import sys
import threading
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_SHELLS = {"sh", "ash", "bash", "dash", "ksh", "zsh"}


def die_with_parent(by: signal.Signals = signal.SIGTERM, *, parent: int | None = None) -> None:
    """Ask the kernel to end this process when its parent dies, also by `kill -9` (Linux; elsewhere nothing).

    Without it, killing `dvc repro` or a flow orphans the stage below, which goes on writing while
    the same command starts a second one beside it. A parent that died before this is called counts too.
    Where the parent is a shell that does one command (`sh -c`, with which DVC starts stages where $SHELL is not set,
    as under cron), who started that shell counts as well.

    Parameters
    ----------
    by
        The signal that ends it.
    parent
        Process id of the parent where the caller knows it; else the one it has now, if that started it.
    """
    if not sys.platform.startswith("linux"):
        return
    expected = os.getppid() if parent is None else parent
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != expected or (parent is None and _adopted(expected)):
        os.kill(os.getpid(), by)
    if parent is None and _does_one_command(expected):
        _die_with(_parent_of(expected), by)


def _adopted(parent: int) -> bool:
    """Whether the parent is init, or who stands in for it: a child is born into the session of who started it."""
    ours = os.getsid(0)
    if ours == os.getpid() or not parent:  # it left that session, or its parent is outside of the container
        return False
    try:
        return os.getsid(parent) != ours
    except ProcessLookupError:
        return True


def _does_one_command(process: int) -> bool:
    try:
        program, *arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return Path(program).name in _SHELLS and "-c" in arguments


def _parent_of(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _die_with(owner: int, by: signal.Signals) -> None:
    """End this process when `owner` ends, of which it is no child: the kernel tells only children."""
    if _adopted(owner):
        os.kill(os.getpid(), by)
    try:
        end = os.pidfd_open(owner)
    except OSError:  # it ended just now, or lies outside of the container, or the kernel is older than 5.3
        if owner and not Path(f"/proc/{owner}").exists():
            os.kill(os.getpid(), by)
        return

    def wait() -> None:
        select.select([end], [], [])
        os.kill(os.getpid(), by)

    threading.Thread(target=wait, name="die-with-parent", daemon=True).start()
