import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, PromotionError
from labelmill.quality import champion
from labelmill.quality import decisions as decisions_module
from labelmill.quality.champion_record import KEPT
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


def swap(expected, *, best=None, **more):
    return champion.swap_champion(
        expected, entry(**more), end_model=paths.END_MODEL, featurizer=paths.FEATURIZER, best=best
    )


def kept_models():
    return sorted(path.name for path in (paths.STATE / "models").iterdir())


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
    assert kept_models() == ["3", "4", "5"]
    assert champion.load_champion().seq == 5


def test_the_best_is_kept_however_long_ago_it_was(project):
    for seq in range(5):
        models(seq)
        swap(seq, best=None if seq < 2 else 2)
    assert kept_models() == ["2", "3", "4", "5"]
    assert champion.best_champion().model_seq == 2
    models(5)
    swap(5)
    assert kept_models() == ["4", "5", "6"]
    assert champion.best_champion() is None


def test_a_damaged_best_is_told_from_none(project):
    for seq in range(2):
        models(seq)
        swap(seq, best=1 if seq else None)
    (champion.best_champion().folder / "end_model/weights.txt").write_text("x")
    with pytest.raises(CorruptFileError, match=r"weights\.txt"):
        champion.best_champion()
    assert champion.best_seq() == 1


def test_what_came_after_a_rollbacks_target_is_the_best_no_more(project):
    for seq in range(3):
        models(seq)
        swap(seq)
    champion.roll_back(3)
    assert champion.best_champion() is None
    models(9)
    swap(4, best=2)
    assert champion.best_champion().model_seq == 2


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


def test_a_line_about_a_batch_of_the_same_number_is_no_promotion(project, monkeypatch):
    decisions_module.record("hold", seq=1, reason="an outage")
    monkeypatch.setattr(champion.decisions, "append", lambda line, **project: os.kill(os.getpid(), signal.SIGKILL))
    process = FORK.Process(target=swap, args=(0,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    monkeypatch.undo()
    os.chdir(project)
    assert champion.current_seq() == 1
    assert [line["kind"] for line in decisions()] == ["hold"]
    champion.finish()
    champion.finish()
    assert [line["kind"] for line in decisions()] == ["hold", "promotion"]


def test_models_outlive_a_lost_record(project):
    swap(0)
    (paths.STATE / "champion.json").unlink()
    champion.finish()
    assert (paths.STATE / "models" / "1" / "end_model").is_dir()


@pytest.fixture
def three(project):
    """Champions 1, 2 and 3; the last one is in charge."""
    for seq in range(3):
        models(f"of {seq + 1}")
        swap(seq, made_from={"data": str(seq + 1)})
    return champion.load_champion()


def weights():
    return (champion.load_champion().folder / "end_model" / "weights.txt").read_text()


class TestRollback:
    def test_the_one_before_is_in_charge_again_under_the_next_number(self, three):
        made = champion.roll_back(3, reasons=("too many false alarms",))
        assert made == champion.load_champion()
        assert (made.seq, made.model_seq, made.made_from) == (4, 2, {"data": "2"})
        assert weights() == "model of 2"
        line = decisions()[-1]
        assert (line["kind"], line["seq"], line["from"]["model"], line["to"]["model"]) == ("rollback", 4, 3, 2)
        assert line["reasons"] == ["too many false alarms"]

    def test_again_and_forward(self, three):
        champion.roll_back(3)
        assert champion.roll_back(4).model_seq == 1
        with pytest.raises(PromotionError, match=r"no earlier model .* champion number 5 .* later ones are: 3, 2"):
            champion.roll_back(5)
        assert champion.roll_back(5, to=3).model_seq == 3
        assert champion.roll_back(6).model_seq == 2, "the order is that of the promotions"

    def test_the_next_promotion_leaves_what_was_rolled_back_behind(self, three):
        champion.roll_back(3)
        models("of 5")
        assert swap(4).model_seq == 5
        assert kept_models() == ["1", "2", "5"]
        assert champion.roll_back(5).model_seq == 2

    def test_no_promotion_takes_away_where_a_rollback_leads(self, three):
        seq = 3
        for n in range(4):
            models(n)
            swap(seq)
            assert champion.roll_back(seq + 1).model_seq == 3
            seq += 2
        assert weights() == "model of 3"

    def test_a_damaged_model_is_named_and_the_champion_stays(self, three):
        (paths.STATE / "models" / "2" / "end_model" / "weights.txt").write_text("damaged")
        with pytest.raises(CorruptFileError, match=r"champion number 2 .*weights\.txt.* other models that are kept: 1"):
            champion.roll_back(3)
        assert champion.load_champion() == three
        assert champion.roll_back(3, to=1).model_seq == 1

    def test_a_champion_that_is_damaged_itself_can_be_left(self, three):
        (three.folder / "end_model" / "weights.txt").unlink()
        with pytest.raises(CorruptFileError, match=r"`labelmill rollback` \(kept: 2, 1\)"):
            champion.load_champion()
        assert champion.roll_back(3).model_seq == 2
        assert weights() == "model of 2"

    def test_a_number_that_is_not_kept_is_refused(self, three):
        with pytest.raises(PromotionError, match=r"in charge already\. Kept are: 2, 1"):
            champion.roll_back(3, to=3)
        with pytest.raises(PromotionError, match="no model of champion number 9"):
            champion.roll_back(3, to=9)

    def test_where_there_is_none_it_says_so(self, project):
        with pytest.raises(PromotionError, match="there is no champion"):
            champion.roll_back(0)
        swap(0)
        with pytest.raises(PromotionError, match="no earlier model"):
            champion.roll_back(1)

    def test_a_promotion_that_was_judged_before_loses(self, three):
        champion.roll_back(3)
        with pytest.raises(PromotionError, match="number 3 was expected, number 4 is in charge"):
            swap(3)


def flip(rng, folder):
    """Change one bit of one file below a folder; return the file and what it was."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = files[rng.integers(len(files))]
    before = file.read_bytes()
    content = bytearray(before)
    content[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
    file.write_bytes(bytes(content))
    return file, before


def flips_refused(count):
    """How many of so many flipped bits, each in a file of the champion's model, are refused and the file named."""
    rng, refused = np.random.default_rng(0), 0
    for _ in range(count):
        file, before = flip(rng, champion.load_champion().folder)
        try:
            champion.load_champion()
        except CorruptFileError as error:
            # Of a manifest that cannot be read as text, the folder is named.
            refused += str(file) in str(error) or str(file.parent) in str(error)
        file.write_bytes(before)
    return refused


def test_g4_a_flipped_bit_is_refused_at_load(project):
    swap(0)
    assert flips_refused(12) == 12


@pytest.mark.slow
def test_g4_a_hundred_flipped_bits(project):
    swap(0)
    assert flips_refused(100) == 100


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


def dying(limit, change, *args):
    """Make a change in a process that dies before its n-th call to the file system."""
    calls = 0

    def deadly(real):
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return call

    for place, name in (
        *((os, name) for name in ("fsync", "write", "open", "unlink", "rmdir")),
        *((Path, name) for name in ("replace", "mkdir", "unlink")),
    ):
        setattr(place, name, deadly(getattr(place, name)))
    change(*args)
    os._exit(0)  # at once: what other tests imported has exit hooks that fail in a fork


@pytest.mark.slow
@pytest.mark.parametrize("step", [swap, champion.roll_back], ids=["promotion", "rollback"])
def test_g2_killed_anywhere_a_whole_champion_is_in_charge(project, capfd, step):
    """The old or the new one, never a part; the same command then succeeds, and each change has one line."""
    swap(0)
    models("second")
    swap(1)
    killed = 0
    for limit in range(1, 200):
        before = champion.load_champion()
        process = FORK.Process(target=dying, args=(limit, step, before.seq))
        process.start()
        process.join()
        after = champion.load_champion()
        assert after.seq - before.seq in (0, 1)
        assert (after.folder / "end_model" / "weights.txt").read_text() in ("model 0", "model second")
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL, capfd.readouterr().err
        killed += 1
        if step is champion.roll_back and after.seq > before.seq:
            swap(after.seq)  # there must be something to roll back to
        else:
            step(after.seq)
            swap(champion.current_seq())
        assert [line["seq"] for line in decisions()] == list(range(1, champion.current_seq() + 1))
        strays = {path.name for path in (paths.STATE / "models").iterdir()}
        assert len(strays) <= KEPT + 1  # the best, too
        assert all(name.isdecimal() for name in strays)
    else:
        pytest.fail("the change never came to its end")
    assert killed > 10
    assert champion.load_champion().seq == json.loads((paths.STATE / "champion.json").read_text())["seq"]
