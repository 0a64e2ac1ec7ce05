"""B2, B3, B9: labeling functions that hang, crash, eat the memory or print without end, one each among twenty."""

import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
import textwrap
import time

import pandas as pd
import psutil
import pytest

from labelmill import Limits, apply_lfs, labeling_function
from labelmill.errors import LFError

N = 2000
ROWS = pd.DataFrame({"id": [f"r{i}" for i in range(N)], "number": range(N)})


def hangs(row):
    while row.number == 777:
        pass


def exits(row):
    if row.number == 1234:
        os._exit(1)


def crashes(row):
    if row.number == 1500:
        faulthandler.disable()  # pytest's: it would tell at length what is expected here
        ctypes.string_at(0)


def eats(row):
    if row.number == 1800:
        return [0] * (4 * 2**30 // 8)
    return None


def prints(row):
    print("so it goes " * 100)


BAD = {
    hangs: ("r777", "TimeLimitExceeded", "took longer than 1 s"),
    exits: ("r1234", "ProcessDied", "its process ended with exit code 1"),
    crashes: ("r1500", "ProcessDied", "its process was ended by SIGSEGV"),
    eats: ("r1800", "MemoryError", "needs more than 512 MB"),
    prints: None,
}
LIMITS = Limits(memory_mb=512)


def good(count):
    return [labeling_function(name=f"good_{k}")(lambda row, k=k: (row.number + k) % 2) for k in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.__name__)
def test_b2_b3_b9_it_is_named_and_the_other_nineteen_complete(bad, workers):
    lfs = good(19)
    lfs.insert(7, labeling_function(bad))
    applied = apply_lfs(ROWS, lfs, cardinality=2, workers=workers, limits=LIMITS)
    expected = [] if BAD[bad] is None else [[bad.__name__, *BAD[bad]]]
    assert applied.errors.values.tolist() == expected
    others = [j for j in range(20) if j != 7]
    assert applied.L[:, others].tobytes() == apply_lfs(ROWS, good(19), cardinality=2).L.tobytes()


@pytest.mark.slow
def test_b2_b3_all_at_once():
    lfs = [*map(labeling_function, BAD), *good(15)]
    applied = apply_lfs(ROWS, lfs, cardinality=2, workers=2, limits=LIMITS)
    assert applied.errors.values.tolist() == [[bad.__name__, *BAD[bad]] for bad in BAD if BAD[bad] is not None]
    assert applied.L[:, 5:].tobytes() == apply_lfs(ROWS, good(15), cardinality=2).L.tobytes()


@pytest.mark.slow
def test_b2_one_that_always_hangs_is_stopped():
    def always(row):
        while True:
            pass

    began = time.monotonic()
    limits = Limits(row_s=0.2, batch_s=0.5, killed_rows=3)
    applied = apply_lfs(ROWS, [labeling_function(always), *good(3)], cardinality=2, workers=2, limits=limits)
    assert time.monotonic() - began < 60
    assert applied.errors["exception"].value_counts().to_dict() == {"Stopped": N - 3, "TimeLimitExceeded": 3}
    assert (applied.L[:, 1:] >= 0).all()


def test_b3_where_errors_stop_the_run_the_row_is_named():
    with pytest.raises(LFError, match="'exits' failed on row 'r1234': ProcessDied: its process ended with exit code 1"):
        apply_lfs(ROWS, [labeling_function(exits)], cardinality=2, workers=2, on_error="raise")


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone tells children")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_e3_a_signal_ends_all_processes_at_once(number):
    code = """
        import signal, time
        import pandas as pd
        from labelmill import Limits, apply_lfs, labeling_function

        @labeling_function
        def hangs(row):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            print("up", flush=True)
            while True:
                pass

        apply_lfs(pd.DataFrame({"x": range(100)}), [hangs], cardinality=2, workers=2, limits=Limits(row_s=600))
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background of a shell passes on that SIGINT is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert [parent.stderr.readline() for _ in range(2)] == ["hangs: up\n"] * 2
        workers = psutil.Process(parent.pid).children()
        assert len(workers) == 2
        parent.send_signal(number)
        parent.wait(10)
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive
    finally:
        parent.kill()  # else its workers would go on for as long as the test run
        parent.wait()
        parent.stderr.close()
