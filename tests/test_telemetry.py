import re
from pathlib import Path

import pytest

from labelmill import telemetry

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in telemetry.OFF:
        monkeypatch.setenv(name, "")  # so that it is put back after the test
        monkeypatch.delenv(name)


def test_every_switch_is_set(monkeypatch):
    import os

    telemetry.switch_off()
    assert {name: os.environ[name] for name in telemetry.OFF} == telemetry.OFF


def test_what_a_user_has_set_stays(monkeypatch):
    import os

    monkeypatch.setenv("DO_NOT_TRACK", "false")
    telemetry.switch_off()
    assert os.environ["DO_NOT_TRACK"] == "false"


def test_the_makefile_sets_the_same():
    exported = dict(re.findall(r"^export (\w+) := (\w+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert exported == telemetry.OFF
