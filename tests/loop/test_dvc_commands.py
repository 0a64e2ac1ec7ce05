"""What the loop asks of DVC, in a project that has another one in a folder below."""

import shutil

import pytest

from labelmill.loop import dvc_commands

pytestmark = pytest.mark.slow


def test_a_project_in_a_folder_below_is_none_of_ours(stored):
    below = stored / "examples" / "other"
    below.mkdir(parents=True)
    for name in ("dvc.yaml", "make.py"):
        shutil.copy(stored / name, below)
    assert dvc_commands.stale_stages() == []
    assert dvc_commands.checkout(force=True) is None
    (stored / "make.py").write_text((stored / "make.py").read_text() + "\n")
    assert dvc_commands.stale_stages() == ["make"]
