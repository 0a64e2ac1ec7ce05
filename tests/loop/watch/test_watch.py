"""Watching a real project: real labeling functions on real batches, in this process and in ones that are killed."""

import datetime as dt
import re
import shutil
import signal
import subprocess
import sys

import pandas as pd
import pytest
from commands import ENVIRONMENT

from labelmill import paths, stages, storage
from labelmill.errors import CorruptFileError, DataError
from labelmill.loop import audits
from labelmill.loop.watch import waiting, watch
from labelmill.params import load_params
from labelmill.quality import champion, decisions, policy
from labelmill.quality.watched import read_watched
from labelmill.sources import batches
from labelmill.sources.batches import list_batches

NOW = dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC)


def disguise_office(frame):
    """The words of labeling function `office` are written otherwise."""
    words = r"(?i)\b(m)(eeting|inutes)|\b(a)(genda|ttached draft)|\b(s)(lides)"
    text = frame["text"].str.replace(words, lambda found: f"{found[0][0]}_{found[0][1:]}", regex=True)
    return frame.assign(text=text)


def cut(frame):
    """A feed that delivers no more than the beginnings of texts."""
    return frame.assign(text=frame["text"].str[:4], subject=frame["subject"].str[:2])


def sha256_of(folder):
    return storage.folder_hash(folder)


def kinds(log=None):
    return [line["kind"] for line in decisions.decisions()]


class TestQuietStream:
    def test_a_window_like_training_is_written_down_and_nothing_follows(self, arrive, params):
        arrive(seed=1)
        (seen,) = watch(params, now=NOW)
        assert seen.findings.state == "stable"
        assert seen.decisions == ()
        assert decisions.decisions() == []
        assert read_watched() == [seen]
        assert seen.at == "2026-02-01T12:00:00+00:00"
        assert seen.reference == storage.folder_hash(paths.REFERENCE)
        assert seen.scored_by == storage.folder_hash(paths.END_MODEL)
        assert seen.figures["prequential/scored"] == 500
        assert seen.figures["prequential/agreement"] > 0.7
        assert "Window 1 is like training." in paths.DRIFT_PAGE.read_text()
        assert (paths.MONITOR / "latest.md").read_text().startswith("## Window 1 is like training.")

    def test_the_same_command_again_does_nothing(self, arrive, params):
        arrive(seed=1)
        watch(params, now=NOW)
        before = {file: file.stat().st_mtime_ns for file in [paths.DRIFT_PAGE, *paths.MONITOR.glob("*.json")]}
        assert watch(params, now=NOW) == []
        assert {file: file.stat().st_mtime_ns for file in before} == before

    def test_small_batches_wait_and_join_the_next(self, arrive, params):
        arrive(100, seed=1)
        arrive(150, seed=2)
        assert watch(params, now=NOW) == []
        assert [batch.seq for batch in waiting(params)] == [1, 2]
        arrive(100, seed=3)
        arrive(20, seed=4)
        (seen,) = watch(params, now=NOW)
        assert (seen.seq, seen.rows) == (3, 350)
        assert [batch.seq for batch in seen.batches] == [1, 2, 3]
        assert [batch.seq for batch in waiting(params)] == [4]

    def test_batches_that_no_champion_scored_are_scored_for_the_comparison(self, arrive, params):
        arrive(seed=1, scored=False)
        (seen,) = watch(params, now=NOW)
        assert seen.scored_by == storage.folder_hash(paths.END_MODEL)
        assert "newest end model" in seen.notes[0]
        assert seen.findings.layers["outputs"].state == "stable"

    def test_a_column_that_training_leaves_out_is_a_note_and_no_drift(self, arrive, params):
        arrive(seed=1, change=lambda frame: frame.assign(campaign="c"))
        (seen,) = watch(params, now=NOW)
        assert seen.findings.state == "stable"
        assert seen.notes == ("new columns, which training leaves out and nothing is compared of: campaign",)

    def test_rows_of_training_are_told_and_not_scored_by_the_model_that_saw_them(self, arrive, params):
        train = storage.read_shards(paths.CLEAN)
        arrive(seed=1, scored=False, change=lambda _: train[train["split"] == "train"].drop(columns="split").head(400))
        (seen,) = watch(params, now=NOW)
        assert seen.notes[0].startswith("400 of the 400 rows are among those that the reference was made from")
        assert seen.scored_by == ""


class TestDrift:
    def test_a_shift_of_the_classes_retrains_once(self, arrive, params):
        for seed in (1, 2):
            arrive(seed=seed, spam_share=0.6)
        first, second = watch(params, now=NOW)
        assert "prior_shift" in [found.kind for found in first.confirmed]
        assert [line["action"] for line in first.decisions] == ["retrain"]
        assert [line["action"] for line in second.decisions] == ["none"]
        assert "has not ended yet" in second.decisions[0]["why"]
        assert [line["at"] for line in decisions.decisions()] == ["2026-02-01T12:00:00+00:00"] * 2

    def test_a_stale_labeling_function_is_named_once_with_rows_before_and_after(self, arrive, params):
        for seed in (1, 2):
            arrive(seed=seed, change=disguise_office)
        first, second = watch(params, now=NOW)
        told = [line for line in decisions.decisions() if line["kind"] == "stale_lf"]
        assert [(line["lf"], line["window"]) for line in told] == [("office", 1)]
        place = [found.subject for found in first.diagnoses].index("office")
        assert "office" in [found.subject for found in second.confirmed]
        shown = first.samples[place]
        assert shown.before
        assert all(row.vote == "ham" for row in shown.before)
        assert all(row.texts["text"] for row in (*shown.rows, *shown.before))

    def test_a_broken_feed_is_held_and_neither_retrains_nor_blames_anyone(self, arrive, params):
        arrive(200, seed=1)
        arrive(400, seed=2, change=cut)
        arrive(seed=3)
        first, second = watch(params, now=NOW)
        assert [line["kind"] for line in first.decisions] == ["hold", "hold"]
        assert [batch.seq for batch in list_batches()] == [3]
        assert kinds() == ["hold", "hold"]
        assert second.findings.state == "stable"
        assert watch(params, now=NOW) == []

    @pytest.mark.parametrize("column", ["list_id", "text"])
    def test_a_batch_without_a_column_that_a_labeling_function_reads_is_held_alone(self, arrive, params, column):
        arrive(200, seed=1)
        arrive(60, seed=2, change=lambda frame: frame.drop(columns=column), scored=False)
        arrive(400, seed=3)
        first, second = watch(params, now=NOW)
        assert [(found.kind, found.subject, found.confirmed) for found in first.diagnoses] == [
            ("broken_feed", column, True)
        ]
        assert [(line["kind"], line["seq"]) for line in first.decisions] == [("hold", 2)]
        assert [batch.seq for batch in list_batches()] == [1, 3]
        assert [batch.seq for batch in second.batches] == [1, 3]
        assert second.findings.state == "stable"
        assert watch(params, now=NOW) == []


class TestLateGold:
    def label_audits(self, params, *, right):
        """People label every audited row; the champion was right on so many of them."""
        scores = pd.concat(map(batches.read_scores, list_batches()))
        rows = audits.waiting(params)[["id"]].merge(scores)
        for place, row in enumerate(rows.itertuples()):
            said, other = ("ham", "spam") if row.p_ham > row.p_spam else ("spam", "ham")
            label = said if place < right * len(rows) else other
            storage.append_line(paths.ANNOTATIONS, {"id": row.id, "label": label, "purpose": "gate"})
        return len(rows)

    def test_gold_that_comes_after_the_window_shows_that_the_champion_is_worse(self, arrive, params):
        arrive(400, seed=1)
        arrive(400, seed=2)
        assert not any(window.diagnoses for window in watch(params, now=NOW))
        judged = self.label_audits(params, right=0.6)
        (seen,) = watch(params, now=NOW)
        assert (seen.seq, seen.figures["gold/rows"]) == (2, judged)
        (found,) = seen.confirmed
        assert (found.kind, found.subject) == ("harmful", "on gold")
        assert [line["action"] for line in seen.decisions] == ["retrain"]
        assert read_watched()[-1] == seen
        assert watch(params, now=NOW) == []

    def test_gold_that_agrees_with_the_champion_asks_for_nothing(self, arrive, params):
        arrive(700, seed=1)
        self.label_audits(params, right=1)
        (seen,) = watch(params, now=NOW)
        assert seen.figures["gold/right"] == seen.figures["gold/rows"] > 50
        assert (seen.diagnoses, seen.decisions) == ((), ())


class TestWhoScores:
    def test_where_a_challenger_was_refused_the_champion_in_charge_is_compared_with_itself(self, arrive, params):
        first = champion.swap_champion(
            0,
            {"sha256": sha256_of(paths.END_MODEL), "featurizer_sha256": sha256_of(paths.FEATURIZER)},
            end_model=paths.END_MODEL,
            featurizer=paths.FEATURIZER,
        )
        arrive(seed=1)
        text = paths.PARAMS.read_text()
        paths.PARAMS.write_text(re.sub(r"^  epochs: \S+", "  epochs: 1", text, flags=re.MULTILINE))
        params = load_params()
        for stage in ("train", "profile"):
            stages.run_stage(stage, params)
        assert sha256_of(paths.END_MODEL) != first.sha256
        earlier = paths.CACHE / "drift" / "scores-of-an-earlier-reference"
        earlier.mkdir(parents=True)
        (seen,) = watch(params, now=NOW)
        assert seen.scored_by == first.sha256
        assert seen.notes == ()
        assert not earlier.exists()
        assert len(list(earlier.parent.glob("scores-*"))) == 1
        assert seen.findings.state == "stable"
        told = {(signal.kind, signal.name): signal for signal in seen.findings.layers["outputs"].signals}
        confidence = told["confidence", "champion"]
        stored = batches.read_scores(list_batches()[0])[["p_ham", "p_spam"]].to_numpy().max(axis=1)
        assert confidence.window == pytest.approx(stored.mean(), abs=1e-5)


class TestRefusals:
    def test_an_edited_labeling_function_is_named_before_anything_is_compared(self, arrive, params, trained):
        arrive(seed=1)
        words = trained / "lfs/words.py"
        words.write_text(words.read_text().replace('"birthday", ', ""))
        with pytest.raises(DataError, match=r"labeling functions changed: private_note.*dvc repro"):
            watch(params, now=NOW)
        assert read_watched() == []

    def test_other_classes_are_named(self, arrive, params):
        arrive(seed=1)
        task = params.task.model_copy(update={"text_columns": ("text",)})
        with pytest.raises(DataError, match="the text columns were subject, text, are text"):
            watch(params.model_copy(update={"task": task}), now=NOW)

    def test_a_damaged_batch_is_named(self, arrive, params):
        file = arrive(seed=1).folder / "part-00000.parquet"
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
        with pytest.raises(CorruptFileError, match="00001"):
            watch(params, now=NOW)


def test_a_batch_that_is_gone_when_it_is_to_be_held_keeps_no_other_waiting(arrive, params, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    gone = arrive(400, seed=1, change=cut)
    arrive(400, seed=2)
    with monkeypatch.context() as between, pytest.raises(KeyboardInterrupt):
        between.setattr(policy, "decide", interrupt)
        watch(params, now=NOW)
    shutil.rmtree(gone.folder)
    first, second = watch(params, now=NOW)
    assert first.notes == ("batch 1 was gone before it could be held",)
    assert first.decisions == ()
    assert second.findings.state == "stable"
    assert watch(params, now=NOW) == []


KILLED = """
import datetime as dt, os, signal
from labelmill.loop import arrivals, watch
from labelmill.params import load_params
from labelmill.params import load_params
from labelmill.quality import champion, decisions, policy

def dies(where, name, nth):
    real, calls = getattr(where, name), []
    def call(*arguments, **more):
        calls.append(1)
        if len(calls) == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **more)
    setattr(where, name, call)

dies({where}, {name!r}, {nth})
watch.watch(load_params(), now=dt.datetime(2026, 2, 1, 12, tzinfo=dt.UTC))
"""


def killed(where, name, nth):
    code = KILLED.format(where=where, name=name, nth=nth)
    environment = {**ENVIRONMENT, "LABELMILL_WORKERS": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "name", "nth"),
    [
        ("watch", "write_watched", 1),  # before anything is written down
        ("watch.policy", "decide", 1),  # the record is there, no decision
        ("decisions", "append", 2),  # one decision of two
        ("watch", "write_watched", 2),  # every decision, and nobody knows
        ("watch", "write_drift_page", 1),  # all but the page
    ],
)
def test_killed_between_its_steps_the_same_command_finishes_and_doubles_nothing(arrive, trained, where, name, nth):
    paths.PARAMS.write_text(paths.PARAMS.read_text().replace("plain: 2.0", "plain: 1.0"))
    params = load_params()
    arrive(seed=1, spam_share=0.8, change=disguise_office)
    killed(where, name, nth)
    watch(params, now=NOW)
    watch(params, now=NOW)
    (seen,) = read_watched()
    assert sorted(kinds()) == ["drift", "stale_lf"]
    assert sorted(line["kind"] for line in seen.decisions) == ["drift", "stale_lf"]
    assert "Window 1 is not like training" in paths.DRIFT_PAGE.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(("where", "name", "nth"), [("arrivals.storage", "move_folder", 2), ("decisions", "record", 1)])
def test_killed_while_it_holds_batches_the_same_command_finishes(arrive, params, where, name, nth):
    arrive(200, seed=1)
    arrive(400, seed=2, change=cut)
    killed(where, name, nth)
    watch(params, now=NOW)
    assert kinds() == ["hold", "hold"]
    assert list_batches() == []
    assert [batch.seq for batch in list_batches(paths.HELD)] == [1, 2]
