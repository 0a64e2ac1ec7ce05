import os
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

CHILD = "from labelmill.processes import die_with_parent; {}import time; print('up', flush=True); time.sleep(60)"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone tells children")


@pytest.mark.parametrize(("asks", "dies"), [("die_with_parent(); ", True), ("", False)])
def test_a_child_that_asks_dies_with_its_parent(asks, dies):
    parent_code = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {CHILD.format(asks)!r}], stdout=subprocess.PIPE)
        child.stdout.readline()
        print(child.pid, flush=True)
        child.wait()
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(parent_code)], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    try:
        assert alive(child)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        deadline = time.monotonic() + (5 if dies else 0.3)
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive(child) is not dies
    finally:
        if alive(child):
            os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("late", [False, True])
def test_a_shell_between_them_does_not_keep_it_alive(late):
    steps = [
        "import os, sys, time",
        "from labelmill.processes import die_with_parent",
        "print(os.getpid(), flush=True)",
    ]
    if late:  # it asks when the parent's end of the pipe is gone
        steps += ["sys.stdin.read()", "die_with_parent()", "time.sleep(60)"]
    else:
        steps += ["die_with_parent()", "print('up', flush=True)", "time.sleep(60)"]
    code = "; ".join(steps)
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}; true"  # no shell can put it in its own place
    parent_code = f"""
        import subprocess
        shell = subprocess.Popen(["sh", "-c", {command!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print(shell.stdout.readline(), end="")
        {"" if late else "shell.stdout.readline()"}
        print(shell.pid, flush=True)
        shell.wait()
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent_code)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    child, shell = int(parent.stdout.readline()), int(parent.stdout.readline())
    try:
        assert alive(child)
        parent.kill()
        parent.wait()
        parent.stdout.close()
        deadline = time.monotonic() + 10
        while (alive(child) or alive(shell)) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not alive(child)
        assert not alive(shell)
    finally:
        for one in (child, shell):
            if alive(one):
                os.kill(one, signal.SIGKILL)


@pytest.mark.parametrize("named", [True, False])
def test_a_parent_that_died_before_it_asked_counts_too(named):
    late = f"import sys; sys.stdin.read(); {CHILD.format('die_with_parent(PARENT); ')}"
    parent_code = f"""
        import os, subprocess, sys
        code = {late!r}.replace("PARENT", f"parent={{os.getpid()}}" if {named} else "")
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
        print(child.pid, flush=True)
        child.wait()
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent_code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # whoever adopts the child lives in another one
    )
    child = int(parent.stdout.readline())
    try:
        parent.kill()
        parent.wait()
        assert alive(child)
        parent.stdin.close()  # now it may ask
        deadline = time.monotonic() + 10
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not alive(child)
    finally:
        parent.stdout.close()
        if alive(child):
            os.kill(child, signal.SIGKILL)


def test_elsewhere_it_does_nothing(monkeypatch):
    from labelmill import processes

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(processes.ctypes, "CDLL", lambda *_, **__: pytest.fail("there is no prctl there"))
    processes.die_with_parent()


def alive(pid: int) -> bool:
    """Whether it runs; a zombie that nobody reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
