"""What DVC does not look at: whether the bytes of its cache are those that they are named after."""

import random
import shutil
from pathlib import Path

import pytest
from commands import hashes, run

from labelmill import paths, storage
from labelmill.loop import cache_objects
from labelmill.loop.cache_objects import Checked

pytestmark = pytest.mark.slow

OUTPUTS = ("data/clean", "data/probs", "data/gold", "models")
CACHE = Path(".dvc/cache")


def objects():
    return sorted(file for file in (CACHE / "files/md5").glob("??/*") if file.is_file())


def flip(file, place=None):
    """Change one byte of a read-only file, as a bad disk would."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 0x20
    file.chmod(0o644)
    file.write_bytes(data)
    file.chmod(0o444)


def object_of(path):
    (md5,) = (md5 for md5, _ in [cache_objects.outputs_of(Path())[path]])
    return CACHE / "files/md5" / md5[:2] / md5[2:]


def part_of(path, name):
    checked = Checked(CACHE)
    return checked.file(checked.listing(cache_objects.outputs_of(Path())[path].md5)[name])


def test_a_whole_cache_has_nothing_to_tell(stored):
    found = cache_objects.check(CACHE)
    assert found.count == len(objects()) > 10
    assert found.damaged == found.absent == {}


def test_dvc_trusts_and_pushes_a_damaged_object_and_we_find_and_name_it(stored):
    file = part_of("data/probs", "part-00001.parquet")
    flip(file)
    assert run("dvc", "status", "-q", cwd=stored) == "", "DVC has learnt to look: the check may go"
    (line,) = cache_objects.check(CACHE).lines()
    assert str(file) in line and "data/probs/part-00001.parquet" in line


def test_any_flip_or_cut_of_any_object_is_found(stored):
    """Faults F2; `benchmarks/loop/flips.py` does 300."""
    rng = random.Random(1)
    for _ in range(40):
        file = rng.choice(objects())
        good = file.read_bytes()
        if rng.random() < 0.3:
            file.chmod(0o644)
            file.write_bytes(good[: rng.randrange(len(good))])
        else:
            flip(file, rng.randrange(len(good)))
        assert list(cache_objects.check(CACHE).damaged) == [file.parent.name + file.name]
        file.chmod(0o644)
        file.write_bytes(good)
    assert cache_objects.check(CACHE).damaged == {}


def test_the_files_of_the_work_tree_mend_the_cache(stored):
    before = {file: storage.sha256_file(file) for file in objects()}
    for path in ("data/probs", "data/gold/dev.parquet"):
        flip(object_of(path))
    flip(part_of("data/clean", "part-00000.parquet"))
    done = cache_objects.repair(cache_objects.check(CACHE))
    assert len(done.set_aside) == len(done.from_files) == 3
    assert done.fetched == [] and done.lost == {}
    assert {file: storage.sha256_file(file) for file in objects()} == before
    assert all(file.stat().st_mode & 0o777 == 0o444 for file in objects())
    assert all(place.is_file() for place in done.set_aside)


@pytest.mark.parametrize("whole", ["data/clean", None], ids=["listing", "parts"])
def test_what_the_work_tree_lacks_comes_from_the_remote(stored, whole):
    expected = hashes(stored, *OUTPUTS)
    flip(object_of("data/clean") if whole else part_of("data/clean", "part-00000.parquet"))
    shutil.rmtree("data/clean")
    done = cache_objects.repair(cache_objects.check(CACHE))
    assert len(done.fetched) == 1 and done.lost == {}
    run("dvc", "checkout", "-q", cwd=stored)
    assert hashes(stored, *OUTPUTS) == expected


def test_what_is_nowhere_is_named_and_made_again(stored):
    expected = hashes(stored, *OUTPUTS)
    shutil.rmtree("store")
    flip(part_of("models/end_model", "weights.txt"))
    flip(Path("models/end_model/weights.txt"))
    output = run("labelmill", "verify", "--repair", cwd=stored, code=7)
    assert "models/end_model/weights.txt: in no place any more" in output
    run("dvc", "repro", "-q", cwd=stored)
    assert hashes(stored, *OUTPUTS) == expected
    assert "0 damaged" in run("labelmill", "verify", "--cache", cwd=stored)


def test_an_old_version_that_needs_the_object_is_named(stored):
    project = paths.VERSIONS / "4" / "project"
    with storage.new_folder(project.parent, key="k") as new:
        for name in ("dvc.lock", "dvc.yaml"):
            storage.copy_file(Path(name), new / "project" / name)
    Path("dvc.lock").unlink()
    flip(Checked(CACHE).file(cache_objects.outputs_of(project)["data/gold/dev.parquet"].md5))
    (line,) = cache_objects.check(CACHE).lines()
    assert "data/gold/dev.parquet of version 4" in line


def test_outputs_outside_the_cache_are_none_of_its_objects(stored):
    assert "reports/metrics/label.json" not in cache_objects.outputs_of(Path())
