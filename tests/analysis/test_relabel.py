"""A folder as git knew it."""

import subprocess

import pytest

from labelmill import paths
from labelmill.analysis.relabel import folder_at
from labelmill.errors import LFError


def git(*arguments):
    subprocess.run(["git", "-c", "user.name=ann", "-c", "user.email=ann@example.org", *arguments], check=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose project is a folder of it, with a file that changed after the commit."""
    project = tmp_path / "project"
    (project / paths.LFS).mkdir(parents=True)
    monkeypatch.chdir(project)
    (project / "lfs/words.py").write_text("OLD = 1\n")
    git("init", "--quiet")
    git("add", "-A")
    git("commit", "--quiet", "-m", "start")
    (project / "lfs/words.py").write_text("NEW = 1\n")
    return project


def test_it_is_there_for_the_time_of_the_block(repository):
    with folder_at("HEAD") as folder:
        assert (folder / "words.py").read_text() == "OLD = 1\n"
    assert not folder.exists()
    assert (repository / "lfs/words.py").read_text() == "NEW = 1\n"


@pytest.mark.parametrize("revision", ["nowhere", "--output=lfs/words.py", ""])
def test_a_wrong_revision_is_named_and_nothing_is_written(repository, revision):
    with pytest.raises(LFError, match=revision or "cannot be had"), folder_at(revision):
        raise AssertionError("it must not come so far")
    assert (repository / "lfs/words.py").read_text() == "NEW = 1\n"
