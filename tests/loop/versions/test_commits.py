"""A version in git: its own files, and nothing else that is staged."""

import subprocess

import pytest

from labelmill import paths, storage
from labelmill.errors import StorageError
from labelmill.loop import versions


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def repository(project, monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@localhost")
    git("init", "-q")
    storage.write_text(paths.Path(".gitignore"), "data/\nmodels/\nstate/\n.cache/\n__pycache__/\n")
    git("add", ".gitignore", "params.yaml")
    git("commit", "-qm", "start")
    return project


def test_it_commits_what_brings_the_version_back_and_leaves_what_else_is_staged(repository):
    storage.write_text(paths.Path("notes.txt"), "mine")
    git("add", "notes.txt")
    storage.write_text(paths.Path("stray.txt"), "mine")
    version, _ = versions.publish(repository.params(), note="first")
    assert versions.committed([version]) == set()
    made = versions.commit(version)
    assert made == git("rev-parse", "HEAD").strip()
    files = set(git("show", "--name-only", "--format=%s", "HEAD").split("\n")) - {""}
    assert files == {
        "Version 1: first",
        "dvc.lock",
        "dvc.yaml",
        "gold/annotations.jsonl",
        "lfs/words.py",
        "reports/metrics/scores.json",
    }
    assert git("status", "--porcelain", "notes.txt", "stray.txt") == "A  notes.txt\n?? stray.txt\n"
    assert versions.committed([version]) == {1}
    assert versions.commit(version) is None


def test_a_file_removed_from_lfs_is_removed_in_git(repository):
    storage.write_text(paths.LFS / "old.py", "# nothing\n")
    versions.commit(versions.publish(repository.params())[0])
    (paths.LFS / "old.py").unlink()
    versions.commit(versions.publish(repository.params())[0])
    assert "D\tlfs/old.py" in git("show", "--name-status", "--format=", "HEAD")


def test_edits_that_git_has_are_no_reason_to_refuse_a_checkout(repository):
    first, _ = versions.publish(repository.params())
    versions.commit(first)
    storage.write_text(paths.LFS / "words.py", (paths.LFS / "words.py").read_text() + "# more\n")
    with pytest.raises(StorageError, match="edited"):
        versions.restore(first)
    git("commit", "-qam", "more")
    assert versions.restore(first).written == [paths.LFS / "words.py"]


def test_without_git_it_says_so(project):
    version, _ = versions.publish(project.params())
    with pytest.raises(StorageError, match="git"):
        versions.commit(version)
    assert versions.committed([version]) == set()
