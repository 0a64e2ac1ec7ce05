import random
from pathlib import Path

import pandas as pd
import pytest

from labelmill import storage
from labelmill.errors import CorruptFileError, StorageError


@pytest.fixture
def folder(tmp_path):
    with storage.new_folder(tmp_path / "model", kind="linear") as new:
        (new / "weights.bin").write_bytes(bytes(range(256)) * 4)
        storage.write_json(new / "inner" / "config.json", {"k": 2})
    return tmp_path / "model"


def test_the_manifest_lists_every_file_and_the_facts(folder):
    manifest = storage.verify_folder(folder)
    assert set(manifest["files"]) == {"weights.bin", "inner/config.json"}
    assert manifest["kind"] == "linear"


def test_equal_content_has_an_equal_hash(folder, tmp_path):
    with storage.new_folder(tmp_path / "again", kind="linear") as new:
        storage.write_json(new / "inner" / "config.json", {"k": 2})
        (new / "weights.bin").write_bytes(bytes(range(256)) * 4)
    assert storage.folder_hash(folder) == storage.folder_hash(tmp_path / "again")


def test_every_flipped_byte_is_found_and_named(folder):
    """Faults G4: 100 flips, 100 refused."""
    file = folder / "weights.bin"
    good = file.read_bytes()
    for place in random.Random(1).sample(range(len(good)), 100):
        file.write_bytes(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :])
        with pytest.raises(CorruptFileError, match=r"weights\.bin"):
            storage.verify_folder(folder)


@pytest.mark.parametrize("harm", ["remove", "add", "manifest", "no manifest"])
def test_other_damage_is_named(folder, harm):
    if harm == "remove":
        (folder / "weights.bin").unlink()
    elif harm == "add":
        (folder / "stray.bin").write_bytes(b"?")
    elif harm == "manifest":
        (folder / "manifest.json").write_text('{"files": 3}')
    else:
        (folder / "manifest.json").unlink()
    with pytest.raises(StorageError, match=r"weights|stray|manifest"):
        storage.verify_folder(folder)


def test_a_block_that_raises_leaves_the_old_folder(folder):
    before = storage.folder_hash(folder)
    with pytest.raises(RuntimeError, match="half way"), storage.new_folder(folder) as new:
        (new / "weights.bin").write_bytes(b"new")
        raise RuntimeError("half way")
    assert storage.folder_hash(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_litter_of_a_killed_run_is_cleared(folder):
    litter = folder.with_name(".model.99999.tmp")
    litter.mkdir()
    with storage.new_folder(folder) as new:
        (new / "a").write_bytes(b"a")
    assert not litter.exists()


def test_what_a_run_killed_between_the_renames_left_is_cleared(folder):
    folder.replace(folder.with_name(".model.99999.old"))
    with storage.new_folder(folder) as new:
        (new / "a").write_bytes(b"a")
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_the_old_folder_comes_back_where_the_new_one_cannot_take_its_place(folder, monkeypatch):
    before, replace = storage.folder_hash(folder), Path.replace

    def fail(self, target):
        if self.name.endswith(".tmp") and Path(target) == folder:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StorageError, match="What was there is untouched"), storage.new_folder(folder) as new:
        (new / "weights.bin").write_bytes(b"new")
    assert storage.folder_hash(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_a_shard_that_cannot_be_written_is_told_as_the_table(tmp_path, monkeypatch):
    def fail(handle):
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(StorageError, match=r"rows: cannot be written \(No space left on device\)"),
        storage.shard_writer(tmp_path / "rows") as write,
    ):
        monkeypatch.setattr("os.fsync", fail)
        write(pd.DataFrame({"id": ["a"]}))


def test_shards_stream_in_order(tmp_path):
    frames = [pd.DataFrame({"id": [f"{i}-{j}" for j in range(3)]}) for i in range(12)]
    with storage.shard_writer(tmp_path / "rows") as write:
        for frame in frames:
            write(frame)
    found = list(storage.iter_shards(tmp_path / "rows"))
    assert [f["id"].tolist() for f in found] == [f["id"].tolist() for f in frames]
    assert storage.count_rows(tmp_path / "rows") == 36
    assert storage.read_shards(tmp_path / "rows")["id"].nunique() == 36


def test_a_damaged_shard_stops_the_stream_by_name(tmp_path):
    with storage.shard_writer(tmp_path / "rows") as write:
        write(pd.DataFrame({"id": ["a"]}))
        write(pd.DataFrame({"id": ["b"]}))
    (tmp_path / "rows/part-00001.parquet").write_bytes((tmp_path / "rows/part-00000.parquet").read_bytes())
    stream = storage.iter_shards(tmp_path / "rows")
    assert next(stream)["id"].tolist() == ["a"]
    with pytest.raises(CorruptFileError, match="part-00001"):
        next(stream)
