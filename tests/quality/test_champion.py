import json
import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, PromotionError
from labelmill.quality import champion
from labelmill.quality.decisions import decisions

FORK = multiprocessing.get_context("fork")

# Python 3.12 warns of a fork beside the threads that pyarrow started; the children use none of them.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def folder(path, content):
    with storage.new_folder(path) as new:
        storage.write_text(new / "weights.txt", content)
    return path


def entry(**more):
    hashes = {"sha256": paths.END_MODEL, "featurizer_sha256": paths.FEATURIZER}
    return {name: storage.folder_hash(path) for name, path in hashes.items()} | {"reasons": ["it is better"], **more}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    models(0)
    return tmp_path


def models(version):
    folder(paths.END_MODEL, f"model {version}")
    folder(paths.FEATURIZER, f"features {version}")


def swap(expected, **more):
    return champion.swap_champion(expected, entry(**more), end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)


def test_there_is_no_champion_at_first(project):
    assert champion.load_champion() is None
    assert champion.current_seq() == 0
    assert decisions() == []


def test_the_champion_is_a_copy_that_survives_the_next_training(project):
    first = swap(0)
    models("retrained")
    found = champion.load_champion()
    assert found == first
    assert found.seq == 1
    assert (found.folder / "end_model" / "weights.txt").read_text() == "model 0"
    assert (found.folder / "featurizer" / "weights.txt").read_text() == "features 0"
    recorded = storage.read_json(paths.STATE / "champion.json")
    assert recorded["sha256"] == storage.folder_hash(found.folder / "end_model")
    assert [(line["promote"], line["seq"]) for line in decisions()] == [(True, 1)]


def test_another_expected_number_loses_and_changes_nothing(project):
    swap(0)
    with pytest.raises(PromotionError, match="champion number 0 was expected, number 1 is in charge"):
        swap(0)
    assert champion.current_seq() == 1
    assert len(decisions()) == 1


def test_the_last_three_are_kept(project):
    for seq in range(5):
        models(seq)
        swap(seq)
    assert sorted(path.name for path in (paths.STATE / "models").iterdir()) == ["3", "4", "5"]
    assert champion.load_champion().seq == 5


def test_a_model_that_changed_since_it_was_judged_is_refused(project):
    judged = entry()
    models("changed")
    with pytest.raises(CorruptFileError, match="judged model"):
        champion.swap_champion(0, judged, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)
    assert champion.load_champion() is None
    assert not (paths.STATE / "models" / "1").exists()


def test_a_damaged_model_is_refused_before_it_is_in_charge(project):
    (paths.END_MODEL / "weights.txt").write_text("damaged")
    with pytest.raises(CorruptFileError):
        swap(0)
    assert champion.load_champion() is None


@pytest.mark.parametrize("name", ["end_model/weights.txt", "featurizer/weights.txt", "end_model/manifest.json"])
def test_a_champion_that_was_altered_is_refused(project, name):
    swap(0)
    file = paths.STATE / "models" / "1" / name
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(CorruptFileError):
        champion.load_champion()


def test_a_whole_other_model_in_its_place_is_refused(project):
    swap(0)
    models("other")
    with storage.new_folder(paths.STATE / "models" / "1") as new:
        for name, path in (("end_model", paths.END_MODEL), ("featurizer", paths.FEATURIZER)):
            champion._copy(path, new / name)
    with pytest.raises(CorruptFileError, match="SHA-256"):
        champion.load_champion()


@pytest.mark.parametrize("content", ["{", "[]", '{"seq": 1}'])
def test_a_broken_record_is_named(project, content):
    storage.write_text(paths.STATE / "champion.json", content)
    with pytest.raises(CorruptFileError, match=r"champion\.json"):
        champion.load_champion()


def test_refusals_are_recorded_and_a_line_cut_short_harms_no_other(project):
    champion.record_refusal(entry())
    with (paths.STATE / "decisions.jsonl").open("a") as file:
        file.write('{"promote": tr')
    swap(0)
    champion.record_refusal(entry(reasons=["a line separator \u2028 inside of a text"]))
    assert [line["promote"] for line in decisions()] == [False, True, False]


def race(project, barrier, results, name):
    os.chdir(project)
    made = entry(by=name)
    barrier.wait()
    try:
        swap(0, by=made["by"])
        results.put((name, "won"))
    except PromotionError:
        results.put((name, "lost"))


@pytest.mark.slow
def test_g1_of_two_promoters_exactly_one_wins(project):
    for n in range(20):
        arena = project / f"race{n}"
        arena.mkdir()
        os.chdir(arena)
        models(n)
        barrier, results = FORK.Barrier(2), FORK.Queue()
        racers = [FORK.Process(target=race, args=(arena, barrier, results, name)) for name in ("a", "b")]
        for racer in racers:
            racer.start()
        outcome = dict(results.get(timeout=60) for _ in racers)
        for racer in racers:
            racer.join()
        assert sorted(outcome.values()) == ["lost", "won"]
        assert outcome[storage.read_json(paths.STATE / "champion.json")["by"]] == "won"
        assert champion.load_champion().seq == 1
        assert [line["seq"] for line in decisions()] == [1]


def dying_swap(limit, expected):
    """Swap in a process that dies before its n-th call to the file system."""
    calls = 0

    def dying(real):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    os.fsync, os.write = dying(os.fsync), dying(os.write)
    Path.replace, Path.mkdir = dying(Path.replace), dying(Path.mkdir)
    swap(expected)
    os._exit(0)  # at once: what other tests imported has exit hooks that fail in a fork


@pytest.mark.slow
def test_g2_killed_anywhere_a_whole_champion_is_in_charge(project, capfd):
    """The old or the new one, never a part; the same command then succeeds, and each promotion has one line."""
    swap(0)
    models("second")
    killed = 0
    for limit in range(1, 60):
        before = champion.load_champion()
        process = FORK.Process(target=dying_swap, args=(limit, before.seq))
        process.start()
        process.join()
        after = champion.load_champion()
        assert after.seq - before.seq in (0, 1)
        assert (after.folder / "end_model" / "weights.txt").read_text() in ("model 0", "model second")
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL, capfd.readouterr().err
        killed += 1
        swap(after.seq)
        promoted = [line["seq"] for line in decisions()]
        assert promoted == list(range(1, champion.current_seq() + 1))
    else:
        pytest.fail("the swap never came to its end")
    assert killed > 10
    strays = [path.name for path in (paths.STATE / "models").iterdir() if not path.name.isdecimal()]
    assert not strays
    assert json.loads((paths.STATE / "champion.json").read_text())["seq"] == champion.current_seq()
