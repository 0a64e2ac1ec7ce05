"""A checkout puts back what a version holds, and loses nothing."""

import fcntl

import pytest

from labelmill import paths, storage
from labelmill.errors import BusyError, CorruptFileError, StorageError
from labelmill.loop import versions

WORDS = paths.LFS / "words.py"


def publish(project):
    return versions.publish(project.params())[0]


@pytest.fixture
def two(project):
    """Two versions; the project is at the second."""
    publish(project)
    storage.write_text(WORDS, WORDS.read_text().replace('"cash"]', '"gold"]'))
    storage.write_text(paths.LFS / "more.py", "# nothing yet\n")
    storage.write_text(paths.DVC_LOCK, "schema: '2.0'\nstages: {}\n")
    project.score(0.9)
    publish(project)
    return project


def test_it_writes_removes_and_keeps_copies(two):
    done = versions.restore(versions.get(1))
    assert '"cash"]' in WORDS.read_text() and not (paths.LFS / "more.py").exists()
    assert set(done.written) == {WORDS, paths.DVC_LOCK, paths.SCORES}
    assert done.written[-1] == paths.DVC_LOCK, "it says that all else is there"
    assert done.removed == [paths.LFS / "more.py"]
    assert '"gold"]' in (done.backup / WORDS).read_text()
    assert (done.backup / "lfs/more.py").is_file()
    assert versions.list_versions()[0].manifest["scores"] == storage.read_json(paths.SCORES)


def test_there_and_back_again(two):
    key = versions.current_key(two.params())
    versions.restore(versions.get(1))
    versions.restore(versions.get(2))
    assert versions.current_key(two.params()) == key == versions.get(2).key
    assert versions.restore(versions.get(2)) == versions.Restored([], [], None, [])


@pytest.mark.parametrize("file", [WORDS, paths.PARAMS, paths.ANNOTATIONS], ids=str)
def test_edits_that_nobody_else_has_are_refused_unless_forced(two, file):
    storage.write_text(file, file.read_text() + "# mine\n")
    with pytest.raises(StorageError, match=rf"^{file}: edited"):
        versions.restore(versions.get(1))
    assert file.read_text().endswith("# mine\n") and '"gold"]' in WORDS.read_text()
    done = versions.restore(versions.get(1), force=True)
    assert (done.backup / file).read_text().endswith("# mine\n")


def test_a_batch_that_came_since_is_told(two):
    with storage.new_folder(paths.INCOMING / "00001", seq=1) as new:
        storage.write_text(new / "rows.txt", "")
    (note,) = versions.restore(versions.get(1)).notes
    assert "00001" in note and "hold" in note


def test_outputs_that_are_not_those_of_the_version_are_named(two):
    assert versions.differing_outputs(versions.get(2)) == []
    two.label(spam=range(12))
    (paths.END_MODEL / "weights.txt").write_text("2")
    assert versions.differing_outputs(versions.get(2)) == [paths.PROBS, paths.END_MODEL]


def test_a_damaged_version_is_not_put_back(two):
    file = versions.get(1).project / WORDS
    file.write_bytes(file.read_bytes().replace(b"cash", b"cask"))
    with pytest.raises(CorruptFileError, match=r"versions/1/project/lfs/words\.py.*restore its folder from a copy"):
        versions.restore(versions.get(1))
    assert '"gold"]' in WORDS.read_text()


def test_it_waits_for_no_stage_that_is_at_work(two):
    lock = paths.CACHE / "locks" / "label.lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match=r"label\.lock"):
            versions.restore(versions.get(1))
