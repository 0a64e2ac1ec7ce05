"""What a process owes its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to end this process when its parent dies, also by `kill -9` (Linux; elsewhere nothing).

    Without it, killing `dvc repro` or a flow orphans the stage below, which goes on writing while
    the same command starts a second one beside it.

    Parameters
    ----------
    by
        The signal that ends it.
    """
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:  # it died before we asked
        os.kill(os.getpid(), by)
