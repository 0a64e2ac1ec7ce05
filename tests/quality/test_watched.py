import pytest
from watched import window

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.quality import watched
from labelmill.quality.watched import read_watched, watched_batches, watched_seqs, write_watched

pytestmark = pytest.mark.usefixtures("records")


@pytest.fixture
def records(tmp_path, monkeypatch):
    """Six windows in an empty project; of the last it is not written what followed."""
    monkeypatch.chdir(tmp_path)
    for seq in range(1, 6):
        write_watched(window(seq))
    storage.write_json(watched.monitor() / "00006.json", {**window(6).to_json(), "decisions": None})


@pytest.fixture
def reads(monkeypatch):
    """Numbers of the records that are read."""
    found, read = [], watched.read_window
    monkeypatch.setattr(watched, "read_window", lambda seq: found.append(seq) or read(seq))
    return found


def test_the_newest_windows_are_read_and_no_others(reads):
    assert [one.seq for one in read_watched(last=2)] == [5, 6]
    assert [one.seq for one in read_watched(before=4, last=2)] == [2, 3]
    assert reads == [5, 6, 2, 3]
    assert watched_seqs() == [1, 2, 3, 4, 5, 6]


def test_finished_windows_are_read_once_for_their_batches(reads):
    assert watched_batches()[0] == {1, 2, 3, 4, 5, 6}
    reads.clear()
    batches, unfinished = watched_batches()
    assert (batches, [one.seq for one in unfinished]) == ({1, 2, 3, 4, 5, 6}, [6])
    assert reads == [6]


def test_batches_of_a_record_that_was_moved_away_are_watched_again():
    watched_batches()
    (watched.monitor() / "00003.json").unlink()
    assert watched_batches()[0] == {1, 2, 4, 5, 6}


def test_what_is_kept_of_them_may_be_damaged_or_gone():
    watched_batches()
    kept = paths.CACHE / "drift" / "watched.json"
    kept.write_text(kept.read_text()[:20])
    assert watched_batches()[0] == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(("content", "says"), [("{}", "is no record of a window"), ("{", "is not valid JSON")])
def test_a_damaged_record_is_named(content, says):
    (watched.monitor() / "00002.json").write_text(content)
    with pytest.raises(CorruptFileError, match=rf"00002\.json: {says}.*Move it away: its batches are watched again"):
        watched_batches()
