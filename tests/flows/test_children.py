import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from flows._children import StageBusy, StageFailed, stream

ROOT = Path(__file__).parents[2]


def python(body: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(body)]


def test_every_line_reaches_the_log_as_it_is_printed(tmp_path):
    seen: list[tuple[float, str]] = []
    stream(
        python("import time; print('one'); time.sleep(0.6); print('two')"),
        lambda line: seen.append((time.monotonic(), line)),
        project=tmp_path,
    )
    assert [line for _, line in seen] == ["one", "two"]
    assert seen[1][0] - seen[0][0] > 0.3, "lines came in one lump at the end"


def test_a_failure_carries_the_end_of_the_output(tmp_path):
    with pytest.raises(StageFailed, match=r"ended with 4:\n(.|\n)*drug_names raised on row 7") as caught:
        stream(python("import sys; print('drug_names raised on row 7'); sys.exit(4)"), lambda _: None, project=tmp_path)
    assert not isinstance(caught.value, StageBusy)


@pytest.mark.parametrize(
    ("text", "code", "busy"),
    [
        ("ERROR: '/x' is busy, it is being blocked by: (PID 7)", 255, True),
        ("failed to run: labelmill stage ingest, exited with 12", 255, True),
        ("failed to run: labelmill stage label, exited with 8", 255, True),
        ("failed to run: labelmill stage label, exited with 4", 255, False),
        ("killed", -9, False),
    ],
)
def test_only_what_may_pass_is_worth_a_retry(tmp_path, text, code, busy):
    end = f"os.kill(os.getpid(), {-code})" if code < 0 else f"sys.exit({code})"
    body = f"import os, sys; print({text!r}, flush=True); {end}"
    with pytest.raises(StageFailed) as caught:
        stream(python(body), lambda _: None, project=tmp_path)
    assert isinstance(caught.value, StageBusy) is busy


def test_the_child_dies_when_its_parent_is_killed(tmp_path):
    body = f"""
        import sys
        from pathlib import Path
        from flows._children import stream
        child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
        stream([sys.executable, "-c", child], print, project=Path({str(tmp_path)!r}))
    """
    parent = subprocess.Popen(
        [sys.executable, "-u", "-c", textwrap.dedent(body)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and alive(child):
        time.sleep(0.05)
    assert not alive(child)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody reaped yet does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
