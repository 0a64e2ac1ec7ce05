"""Input files: what is refused, and that nothing hangs or fills the memory."""

import gzip
import os

import pytest

from labelmill.errors import DataError
from labelmill.sources import files
from labelmill.sources.files import find_files, lines, open_checked, read_whole


def read(path):
    with open_checked(path) as stream:
        return stream.read()


def test_a_file_a_folder_and_a_pattern(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("in/b.csv", "in/a.CSV", "in/deep/c.csv", "in/notes.txt", "in/.hidden.csv"):
        (tmp_path / name).write_text("x")
    assert [str(p) for p in find_files("in", (".csv",))] == ["in/a.CSV", "in/b.csv", "in/deep/c.csv"]
    assert [str(p) for p in find_files("in/*.csv", (".csv",))] == ["in/.hidden.csv", "in/b.csv"]
    assert [str(p) for p in find_files("in/notes.txt", (".csv",))] == ["in/notes.txt"]


@pytest.mark.parametrize("path", [None, "", "absent.csv", "absent/", "absent/*.csv", "empty", "x\x00y", "y" * 5000])
def test_nothing_there_is_a_named_error(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"ingest\.path|cannot be read"):
        find_files(path, (".csv",))


def test_pipes_and_devices_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", tmp_path):
        with pytest.raises(DataError, match=r"pipe\.csv: is a pipe"):
            find_files(str(path), (".csv",))
    with pytest.raises(DataError, match="not a regular file"):
        read(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(DataError, match="not a regular file"):
        find_files("/dev/zero", (".csv",))


def test_links_out_of_the_folder_are_refused(tmp_path):
    outside = tmp_path / "secret.txt"
    outside.write_text("x")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("x")
    (folder / "link.csv").symlink_to(folder / "a.csv")
    assert len(find_files(str(folder), (".csv",))) == 2
    (folder / "b.csv").symlink_to(outside)
    with pytest.raises(DataError, match=r"b\.csv: is a link to .*secret\.txt"):
        find_files(str(folder), (".csv",))


def test_files_behind_a_linked_folder_are_refused_too(tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/a.csv").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/sub").symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="is a link to"):
        find_files(str(tmp_path / "in/*/a.csv"), (".csv",))


def test_a_link_that_is_the_only_file_of_its_folder_is_refused_too(tmp_path):
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/b.csv").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(DataError, match="is a link"):
        find_files(str(tmp_path / "in"), (".csv",))


def test_links_that_lead_nowhere_are_named(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "absent")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    for name in ("a.csv", "loop.csv"):
        with pytest.raises(DataError, match=name):
            find_files(str(tmp_path / name), (".csv",))


def test_empty_and_changing_files_are_refused(tmp_path):
    file = tmp_path / "a.csv"
    file.touch()
    with pytest.raises(DataError, match="is empty"):
        read(file)
    file.write_text("x\n")
    with pytest.raises(DataError, match="changed while it was read"), open_checked(file):
        file.write_text("x\ny\n")


def test_gzip_is_unpacked_within_bounds(tmp_path, monkeypatch):
    file = tmp_path / "a.csv.gz"
    file.write_bytes(gzip.compress(b"a\nb\n"))
    assert read(file) == b"a\nb\n"
    monkeypatch.setattr(files, "GZIP_FREE_BYTES", 1000)
    file.write_bytes(gzip.compress(b"\0" * 10_000_000))
    with pytest.raises(DataError, match=r"a\.csv\.gz: grows to more than 100 times"), open_checked(file) as stream:
        list(lines(stream, 10))


@pytest.mark.parametrize("damage", [lambda d: d[:-9], lambda d: d[:15] + b"\xff\xff\xff" + d[18:], lambda d: d[:4]])
def test_damaged_gzip_is_a_named_error(damage, tmp_path):
    file = tmp_path / "a.gz"
    file.write_bytes(damage(gzip.compress(b"some text that is long enough to be damaged" * 3)))
    with pytest.raises(DataError, match=r"a\.gz: cannot be read"):
        read(file)


def test_long_lines_are_told_and_skipped(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"ab\n" + b"x" * 5_000_000 + b"\nabcd\nabcde\r\ncd")
    with open_checked(file) as stream:
        assert list(lines(stream, 4)) == [(1, b"ab\n"), (2, None), (3, b"abcd\n"), (4, None), (5, b"cd")]


def test_whole_files_beyond_the_limit_are_told(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"abcd")
    for limit, expected in ((3, None), (4, b"abcd")):
        with open_checked(file) as stream:
            assert read_whole(stream, limit) == expected
