"""Child processes of a task: output streamed to the run's log, gone when the flow is gone."""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from labelmill.errors import BusyError, DownloadError
from labelmill.processes import die_with_parent

_TAIL_LINES = 20
# What DVC tells a person at a terminal after each stage; ten times over it hides the run's own lines.
_HINTS = re.compile(r"^$|^To (track the changes|enable auto staging)|^\tgit add |^\tdvc config |^Use `dvc push`")
_TRANSIENT_CODES = {BusyError.exit_code, DownloadError.exit_code}


class StageFailed(Exception):  # noqa: N818 - Prefect shows the name as it is: "StageFailed: ..."
    """A child process ended with an error; the message is the end of its output."""


class StageBusy(StageFailed):
    """It failed for a reason that may pass: a lock held by another run, a download that broke off."""


def stream(
    command: Sequence[str], log: Callable[[str], None], *, project: Path, no_failure: Collection[int] = ()
) -> int:
    """Run a command in the project folder, hand each line of its output to `log` and return its exit code.

    Parameters
    ----------
    command
        The program and its arguments.
    log
        Takes each line.
    project
        The folder to run it in.
    no_failure
        Exit codes that are none, besides 0.

    Raises
    ------
    StageBusy
        It failed for a reason that may pass.
    StageFailed
        It failed; the last lines it printed are the message, so that they show in the UI.
    """
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    with subprocess.Popen(
        command,
        cwd=project,
        env=_environment(),
        text=True,
        bufsize=1,
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=partial(die_with_parent, parent=os.getpid()),
    ) as process:
        try:
            for line in process.stdout or ():
                if not ("dvc" in command and _HINTS.match(line)):
                    tail.append(line.rstrip("\n"))
                    log(tail[-1])
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    if code and code not in no_failure:
        text = "\n".join(tail)
        kind = StageBusy if _may_pass(text, code) else StageFailed
        raise kind(f"`{' '.join(command[-4:])}` ended with {code}:\n{text}")
    return code


def _environment() -> dict[str, str]:
    """PATH finds `labelmill` and `dvc` of this interpreter; lines come as they are printed."""
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": here + os.pathsep + os.environ.get("PATH", ""), "PYTHONUNBUFFERED": "1"}


def _may_pass(text: str, code: int) -> bool:
    """DVC ends with 255 whatever the stage's own code was, but names that code in its last line."""
    inner = re.findall(r"exited with (-?\d+)", text)
    return "is busy" in text or (int(inner[-1]) if inner else code) in _TRANSIENT_CODES
