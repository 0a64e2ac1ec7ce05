"""Any byte of any stored file that is not what was written is found, named, and mended where another has it."""

import random
import shutil
from pathlib import Path

import pytest

from labelmill import paths, storage
from labelmill.loop import stored_files
from labelmill.loop.cache_objects import Checked

pytestmark = pytest.mark.slow

CACHE = Path(".dvc/cache")


def flip(file, place=None):
    """Change one byte of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 0x20
    file.write_bytes(data)


@pytest.mark.parametrize(
    "name",
    [
        "data/probs/part-00000.parquet",
        "data/clean/manifest.json",
        "data/gold/dev.parquet",
        "models/label_model/weights.txt",
        "models/end_model/manifest.json",
    ],
)
def test_any_flip_is_found_named_and_mended_from_the_cache(stored, name):
    file, checked = Path(name), Checked(CACHE)
    good = file.read_bytes()
    rng = random.Random(name)
    for place in [*rng.sample(range(len(good)), 12), 0, len(good) - 1]:
        flip(file, place)
        damages = stored_files.verify().damages
        assert damages and all(name.rpartition("/")[0] in damage.problem for damage in damages)
        assert all(stored_files.restore(damage, checked) for damage in damages)
        assert file.read_bytes() == good
        assert stored_files.verify().damages == []


def test_a_champion_comes_back_from_the_model_that_it_was(stored):
    folder = paths.STATE / "models" / "1"
    with storage.new_folder(folder) as new:
        shutil.copytree(paths.END_MODEL, new / "end_model")
    flip(folder / "end_model" / "weights.txt")
    (damage,) = stored_files.verify().damages
    assert "Put another model in charge with `labelmill rollback`" in damage.problem
    assert stored_files.restore(damage, Checked(CACHE))
    storage.verify_folder(folder / "end_model")


def test_a_batch_that_is_nowhere_else_is_named_and_left(stored):
    with storage.new_folder(paths.INCOMING / "00001", seq=1) as new:
        storage.write_text(new / "rows.txt", "a\nb\n")
    flip(paths.INCOMING / "00001" / "rows.txt")
    (damage,) = stored_files.verify().damages
    assert not stored_files.restore(damage, Checked(CACHE))
    assert damage.file.is_file()
    assert "add the file that it came from again" in damage.problem


def test_a_stray_file_goes_out_of_the_way(stored):
    (paths.PROBS / "part-00009.parquet").write_bytes(b"?")
    (damage,) = stored_files.verify().damages
    assert stored_files.restore(damage, Checked(CACHE))
    assert stored_files.verify().damages == []
    assert (stored_files.DAMAGED / paths.PROBS / "part-00009.parquet").is_file()
