"""What the docs say of flows is what there is."""

import re
from pathlib import Path

from flows._alerts import FAILED
from flows._outbox import EVENTS
from labelmill.settings import Settings

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text()


def test_every_event_is_explained_and_no_other():
    assert set(re.findall(r"^\| `(labelmill\.[a-z.]+)` \|", OPERATIONS, re.M)) == {*EVENTS.values(), FAILED}


def test_the_alert_command_is_explained():
    assert "LABELMILL_ALERT_COMMAND" in OPERATIONS
    assert "alert_command" in Settings.model_fields
