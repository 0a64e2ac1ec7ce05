import subprocess
import sys

import pytest

from labelmill import storage
from labelmill.errors import BusyError

HOLD = """
import sys, time
from pathlib import Path
from labelmill.storage.locks import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_owner_is_told_who_the_first_is(tmp_path):
    with holder(tmp_path) as process:
        with pytest.raises(BusyError, match=f"process {process.pid}"), storage.exclusive(tmp_path / "a.lock"):
            pass
        process.kill()


@pytest.mark.slow
def test_a_lock_dies_with_its_owner(tmp_path):
    """Faults E6: a killed owner never blocks the next run."""
    for _ in range(5):
        with holder(tmp_path) as process:
            process.kill()
        with storage.exclusive(tmp_path / "a.lock", wait_s=1):
            pass


def test_it_can_be_taken_again_after_the_block(tmp_path):
    for _ in range(2):
        with storage.exclusive(tmp_path / "a.lock"):
            pass


def test_whether_it_is_held_can_be_seen_from_outside(tmp_path):
    lock = tmp_path / "a.lock"
    assert not storage.is_held(lock)
    assert not lock.exists(), "looking makes nothing"
    with storage.exclusive(lock):
        assert storage.is_held(lock)
    assert not storage.is_held(lock)


def holder(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder / "a.lock")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process
