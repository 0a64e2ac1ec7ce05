"""Every labeling function on single rows: run with `pytest lfs`."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from labelmill.labeling.loading import load_lfs
from lfs.labels import Label

LFS = {lf.name: lf for lf in load_lfs(Path(__file__).parent, cardinality=len(Label))}
EMPTY = {"subject": "", "text": "", "sender_domain": None, "list_id": None, "is_reply": False}


@pytest.mark.parametrize(
    ("name", "row", "vote"),
    [
        ("medicines", {"text": "cheap Viagra"}, Label.SPAM),
        ("act_now", {"text": "Act now!"}, Label.SPAM),
        ("act_now", {"text": "we react nowhere"}, -1),
        ("shouts", {"subject": "FREE MONEY TODAY"}, Label.SPAM),
        ("answers", {"is_reply": True}, Label.HAM),
        ("country_domain", {"sender_domain": "mailer.example.cn"}, Label.SPAM),
    ],
)
def test_vote(name, row, vote):
    """The row has only what the case is about; all else is empty."""
    assert LFS[name](SimpleNamespace(**{**EMPTY, **row})) == vote
