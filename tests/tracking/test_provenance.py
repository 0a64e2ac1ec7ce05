import subprocess

import pytest

from labelmill import paths, storage
from labelmill.tracking import provenance


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    for path in ("lfs/words.py", "dvc.lock", "reports/metrics/label.json", "sub/params.yaml"):
        storage.write_text(tmp_path / path, "x\n")
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "start")
    return tmp_path


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def test_what_a_run_changes_itself_is_no_dirt(repository):
    commit, dirty = provenance.git_state(repository)
    assert len(commit or "") == 40 and not dirty
    storage.write_text(repository / "dvc.lock", "y\n")
    storage.write_text(repository / "reports/metrics/label.json", "y\n")
    assert provenance.git_state(repository) == (commit, False)


@pytest.mark.parametrize("changed", ["lfs/words.py", "lfs/new.py"])
def test_a_changed_or_new_file_anywhere_is_dirt(repository, changed):
    storage.write_text(repository / changed, "y\n")
    assert provenance.git_state(repository)[1]
    assert provenance.git_state(repository / "sub")[1]


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    assert provenance.git_state(tmp_path) == (None, False)
    monkeypatch.setenv("PATH", "")
    assert provenance.git_state(tmp_path) == (None, False)


def test_lf_set_hash_changes_with_votes_only(tmp_path):
    storage.write_text(tmp_path / "words.py", "a = 1\n")
    storage.write_text(tmp_path / "gazetteers/drugs.txt", "pill\n")
    before = provenance.lf_set_hash(tmp_path)
    storage.write_text(tmp_path / "test_lfs.py", "assert True\n")
    storage.write_text(tmp_path / "__pycache__/words.cpython-311.pyc", "x")
    storage.write_text(tmp_path / ".cache/x", "x")
    assert provenance.lf_set_hash(tmp_path) == before
    storage.write_text(tmp_path / "gazetteers/drugs.txt", "pills\n")
    after = provenance.lf_set_hash(tmp_path)
    assert after != before
    (tmp_path / "gazetteers/drugs.txt").rename(tmp_path / "gazetteers/pharmacy.txt")
    assert provenance.lf_set_hash(tmp_path) not in (before, after)


def test_a_table_is_named_by_the_hash_of_dvc(project, results):
    size = sum(file.stat().st_size for file in paths.CLEAN.iterdir())
    results.write_lock(paths.CLEAN, "0123456789abcdef0123456789abcdef.dir", size)
    found = provenance.dataset("clean", paths.CLEAN, "rows")
    assert found.digest == "0123456789abcdef0123456789abcdef.dir"
    assert found.sha256 == storage.folder_hash(paths.CLEAN)
    assert found.rows == 40


@pytest.mark.parametrize("lock", ["stale", "broken", "absent"])
def test_a_lock_of_other_bytes_is_not_believed(project, results, lock):
    if lock == "stale":
        results.write_lock(paths.CLEAN, "0" * 32 + ".dir", 12345)
    elif lock == "broken":
        storage.write_text(paths.DVC_LOCK, "stages: [1, 2")
    digest = provenance.dataset("clean", paths.CLEAN, "rows").digest
    assert digest == storage.folder_hash(paths.CLEAN)[:32]
