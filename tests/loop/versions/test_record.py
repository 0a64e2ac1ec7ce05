"""Versions are whole or not there, one per state, and hold what brings a state back."""

import multiprocessing
import os
import resource
import signal
from pathlib import Path

import pandas as pd
import pytest
from commands import run

from labelmill import paths, storage
from labelmill.errors import StorageError
from labelmill.loop import versions
from labelmill.loop.versions import contents

FORK = multiprocessing.get_context("fork")

# Python 3.12 warns of a fork beside the threads that pyarrow started; the children use none of them.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def publish(project, **facts):
    return versions.publish(project.params(), **facts)


def ingested(batches):
    with storage.shard_writer(paths.INGESTED, batches=batches):
        pass


def batch(name):
    with storage.new_folder(paths.INCOMING / name, seq=int(name)) as new:
        storage.write_text(new / "rows.txt", name)
    return storage.folder_hash(paths.INCOMING / name)


def numbers():
    return [version.number for version in versions.list_versions()]


def test_a_version_holds_hashes_counts_and_what_brings_the_project_back(project):
    version, is_new = publish(project, note="first")
    manifest = storage.verify_folder(paths.VERSIONS / "1")
    assert is_new and version.number == 1 and manifest["note"] == "first"
    assert manifest["hashes"]["probs"] == storage.folder_hash(paths.PROBS)
    assert manifest["labels"] == {"ham": 20, "spam": 10, contents.NO_LABEL: 10}
    assert set(manifest["lfs"]) == {"cash", "work"}
    assert manifest["scores"]["end_model"]["balanced_accuracy"] == 0.8
    for file in (paths.PARAMS, paths.DVC_YAML, paths.DVC_LOCK, paths.LFS / "words.py", paths.ANNOTATIONS, paths.SCORES):
        assert (version.project / file).read_bytes() == file.read_bytes()
    assert version.labels()["id"].tolist() == [f"r{i}" for i in range(40)]


def test_the_same_state_twice_is_one_version_also_after_others(project):
    publish(project)
    assert publish(project) == (versions.get(1), False)
    project.label(spam=range(12))
    assert publish(project)[1]
    project.label()
    assert publish(project)[0].number == 1
    assert numbers() == [1, 2]


@pytest.mark.parametrize(
    "edit",
    [
        lambda: storage.write_text(paths.ANNOTATIONS, '# more\n{"id": "r1", "label": "ham", "purpose": "dev"}\n'),
        lambda: storage.write_text(paths.LFS / "words.py", (paths.LFS / "words.py").read_text() + "\n# new\n"),
        lambda: storage.write_text(paths.PARAMS, paths.PARAMS.read_text() + "promote: {margin: 0.1}\n"),
        lambda: ingested({"00001": "another batch"}),
    ],
    ids=["annotations", "lfs", "params", "batch"],
)
def test_whatever_decides_labels_makes_another_version(project, edit):
    publish(project)
    edit()
    assert publish(project)[1]


@pytest.mark.slow
def test_it_is_of_the_batches_that_were_read_whatever_came_or_was_held_since(project):
    paths.DVC_YAML.write_text("stages: {ingest: {cmd: touch rows, deps: [data/incoming, make.py], outs: [rows]}}\n")
    Path("make.py").touch()
    ingested({"00001": batch("00001")})
    for command in (("git", "init", "-q"), ("dvc", "init", "-q"), ("dvc", "repro", "-q")):
        run(*command, cwd=project.folder)
    first, _ = versions.add(project.params())
    assert list(first.manifest["hashes"]["batches"]) == ["00001"]
    batch("00002")
    assert versions.add(project.params()) == (first, False)
    Path("make.py").write_text("edited")
    with pytest.raises(StorageError, match="ingest is out of date"):
        versions.add(project.params())
    Path("make.py").write_text("")
    storage.move_folder(paths.INCOMING / "00001", paths.HELD / "00001")
    with pytest.raises(StorageError, match="it has rows of batch 00001, which data/incoming has no more"):
        versions.add(project.params())


def test_a_version_that_is_not_there_names_those_that_are(project):
    publish(project)
    with pytest.raises(StorageError, match=r"no version 7\. Versions: 1\."):
        versions.get(7)


def test_a_damaged_manifest_is_told_and_hides_no_other_version(project, caplog):
    publish(project)
    project.label(spam=range(12))
    publish(project)
    manifest = paths.VERSIONS / "1" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"rows": 40', b'"rows": 41'))
    assert numbers() == [2]
    assert str(manifest) in caplog.text
    project.label(spam=range(13))
    assert publish(project)[0].number == 3, "its number is not given twice"


@pytest.mark.slow
def test_killed_at_any_step_the_list_is_the_old_or_the_new(project):
    """Faults F4: kill -9 before each rename and fsync; then the same command ends what was begun."""
    publish(project)
    project.label(spam=range(12))
    seen, step = [], 0
    while True:
        child = FORK.Process(target=publish_until, args=(project, step))
        child.start()
        child.join(60)
        seen.append(numbers())
        for version in versions.list_versions():
            storage.verify_folder(version.folder)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        step += 1
    assert step > 20
    assert all(found in ([1], [1, 2]) for found in seen)
    assert seen[0] == [1] and seen[-1] == [1, 2]
    assert publish(project) == (versions.get(2), False)
    assert not list(paths.VERSIONS.glob(".*")), "a killed run left files behind"


def publish_until(project, step):
    """Make a version, and die before the call to the disk with that number."""
    left = step

    def counted(call):
        def counting(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)

        return counting

    for name in ("fsync", "replace", "rename"):
        setattr(os, name, counted(getattr(os, name)))
    publish(project)
    os._exit(0)  # at once: what other tests imported has exit hooks that fail in a fork


def test_a_full_disk_leaves_the_old_list(project):
    """Faults F1: no file may grow beyond a kilobyte; then the limit goes, and the same command works."""
    publish(project)
    project.label(spam=range(12))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError, match="cannot be written"):
            publish(project)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert numbers() == [1]
    assert [place.name for place in paths.VERSIONS.iterdir()] == ["1"]
    assert publish(project)[1]


def test_of_very_many_rows_a_sample_is_kept_and_samples_lie_in_one_another():
    ids = pd.Series([f"r{i}" for i in range(20_000)])
    small, large = contents.sampled(ids, 0.1), contents.sampled(ids, 0.5)
    assert 0.08 < small.mean() < 0.12
    assert not (small & ~large).any()
    assert contents.sampled(ids, 1.0).all()


def test_counts_are_of_all_rows_where_labels_are_of_a_sample(project, monkeypatch):
    monkeypatch.setattr(contents, "MAX_LABELS", 20)
    version, _ = publish(project)
    assert version.manifest["rows"] == sum(version.manifest["labels"].values()) == 40
    assert version.manifest["share"] == 0.5
    assert 0 < len(version.labels()) < 40
