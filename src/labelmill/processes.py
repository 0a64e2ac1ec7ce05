"""What a process owes its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(by: signal.Signals = signal.SIGTERM, *, parent: int | None = None) -> None:
    """Ask the kernel to end this process when its parent dies, also by `kill -9` (Linux; elsewhere nothing).

    Without it, killing `dvc repro` or a flow orphans the stage below, which goes on writing while
    the same command starts a second one beside it. A parent that died before this is called counts too.

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
    if os.getppid() != expected or (parent is None and _adopted()):
        os.kill(os.getpid(), by)


def _adopted() -> bool:
    """Whether the parent is init, or who stands in for it: a child is born into the session of who started it."""
    ours, parent = os.getsid(0), os.getppid()
    if ours == os.getpid() or not parent:  # it left that session, or its parent is outside of the container
        return False
    try:
        return os.getsid(parent) != ours
    except ProcessLookupError:
        return True
