import json
import random
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from labelmill import storage
from labelmill.errors import CorruptFileError, StorageError
from labelmill.storage import atomic


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(500)],
            "vote": pd.Series(range(500), dtype="int64") % 3,
            "links": [["a", "b"] if i % 2 else [] for i in range(500)],
            "at": pd.date_range("2002-01-01", periods=500, tz="UTC"),
        }
    )


def test_a_table_comes_back_as_it_was(tmp_path, frame):
    storage.write_table(tmp_path / "t.parquet", frame)
    found = storage.read_table(tmp_path / "t.parquet")
    assert found["links"].map(type).eq(list).all(), "as arrays, `if row.links:` would raise"
    pd.testing.assert_frame_equal(found, frame, check_dtype=False, check_index_type=False)
    assert found["vote"].dtype == "int64"
    assert str(found["at"].dt.tz) == "UTC"


def test_the_same_table_gives_the_same_bytes(tmp_path, frame):
    for name in "ab":
        storage.write_table(tmp_path / name, frame.copy())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("seed", range(3))
def test_no_flipped_bit_of_a_table_passes_unseen(tmp_path, frame, seed):
    """Faults A4: at Parquet's default settings half of all flips give silently wrong tables."""
    file = tmp_path / "t.parquet"
    storage.write_table(file, frame)
    good = file.read_bytes()
    dice = random.Random(seed)
    for _ in range(100):
        place = dice.randrange(len(good))
        file.write_bytes(good[:place] + bytes([good[place] ^ (1 << dice.randrange(8))]) + good[place + 1 :])
        try:
            found = storage.read_table(file)
        except StorageError:
            continue
        pd.testing.assert_frame_equal(found, frame, check_dtype=False)


@pytest.mark.parametrize("cut", [0, 3, 100, -1])
def test_a_truncated_table_is_named(tmp_path, frame, cut):
    file = tmp_path / "t.parquet"
    storage.write_table(file, frame)
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(CorruptFileError, match=r"t\.parquet"):
        storage.read_table(file)


def test_a_missing_file_says_what_to_do(tmp_path):
    for read in (storage.read_table, storage.read_json):
        with pytest.raises(StorageError, match=r"nowhere.*labelmill run"):
            read(tmp_path / "nowhere")


def test_json_refuses_nan_and_names_a_broken_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        storage.write_json(tmp_path / "m.json", {"score": float("nan")})
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(CorruptFileError, match=r"m\.json"):
        storage.read_json(tmp_path / "m.json")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch, call):
    file = tmp_path / "m.json"
    storage.write_json(file, "old")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os if call == "fsync" else atomic.Path, call, no_space)
    with pytest.raises(StorageError, match=r"m\.json.*No space left"):
        storage.write_json(file, "new")
    assert json.loads(file.read_text()) == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.json"]


@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path):
    file = tmp_path / "big.json"
    storage.write_text(file, "a" * 2_000_000)
    body = f"""
from pathlib import Path
from labelmill.storage.atomic import write_text
print("ready", flush=True)
while True:
    for letter in "ab":
        write_text(Path({str(file)!r}), letter * 2_000_000)
"""
    for pause_ms in (0, 3, 11, 23):
        with subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            try:
                writer.wait(pause_ms / 1000)
            except subprocess.TimeoutExpired:
                writer.kill()
        text = file.read_text()
        assert len(text) == 2_000_000
        assert len(set(text)) == 1, "half of one and half of the other"


def test_lines_of_many_writers_do_not_mix(tmp_path):
    file = tmp_path / "log.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: storage.append_line(file, {"n": n, "text": "x" * 5000}), range(200)))
    assert sorted(json.loads(line)["n"] for line in file.read_text().splitlines()) == list(range(200))


def test_a_line_that_finds_no_room_is_an_error_and_leaves_no_part(tmp_path):
    """Faults F1: the call that fills the disk writes what fits and raises nothing."""
    file = tmp_path / "log.jsonl"
    storage.append_line(file, {"n": 1})
    before = file.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(StorageError, match=r"log\.jsonl: no line can be added"):
            storage.append_line(file, {"text": "x" * 200})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert file.read_bytes() == before
