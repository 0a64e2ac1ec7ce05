"""The stream that was set aside, played through the loop of a real project."""

import datetime as dt
import json
import shutil
from itertools import islice

import pandas as pd
import pytest
from commands import run

from labelmill import paths, storage
from labelmill.errors import PromotionError
from labelmill.loop.periods import periods
from labelmill.loop.replay import Replay
from labelmill.quality import champion, decisions
from labelmill.sources.batches import list_batches, read_batch, read_ids, read_scores

DAYS = {"start": dt.date(2024, 5, 1), "end": dt.date(2024, 7, 1), "days": 20}
DELAY = dt.timedelta(days=20)


@pytest.fixture
def in_charge(params):
    """The end model as champion."""
    return put_in_charge(0)


def put_in_charge(expected_seq):
    entry = {
        "sha256": storage.folder_hash(paths.END_MODEL),
        "featurizer_sha256": storage.folder_hash(paths.FEATURIZER),
    }
    return champion.swap_champion(expected_seq, entry, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)


def test_without_a_champion_nobody_could_score_the_first_batch(params):
    with pytest.raises(PromotionError, match="promote --first"):
        Replay(params, retrain=refuse)


def test_periods_are_scored_watched_and_audited_with_a_delay(params, in_charge):
    params = params.model_copy(update={"drift": params.drift.model_copy(update={"min_rows": 50})})
    asked = []
    played = Replay(params, retrain=asked.append, audit_delay=DELAY)
    steps = list(played.play(periods(params, **DAYS)))
    assert [step.batch.seq for step in steps] == [1, 2, 3, 4]
    assert all(step.batch.champion["seq"] == 1 == step.champion for step in steps)
    assert [window.seq for step in steps for window in step.windows] == [1, 2, 3], "the last is one day"
    ends = {dt.datetime.combine(step.period.end, dt.time(), tzinfo=dt.UTC) for step in steps}
    assert set(asked) <= ends, "a retrain is of the days that asked for it"
    assert [line for step in steps for line in step.decisions] == decisions.decisions()[1:]
    assert all(line["at"] < "2024-07-02" for line in decisions.decisions()[1:]), "the clock is that of the stream"

    # Gold came for rows that are audited, of all periods whose delay has passed, and of no other row.
    labeled = {line["id"] for line in annotated()}
    early = {id_ for batch in list_batches()[:3] for id_ in read_ids(batch)}
    assert 0 < len(labeled) < len(early) / 3
    assert labeled <= early

    scores = played.scores()
    rows = sum(len(read_scores(batch)) for batch in list_batches())
    assert scores["loop"]["all"]["n"] == rows
    assert scores["loop"]["all"] == scores["frozen"]["all"], "nobody else was ever in charge"
    assert scores["differences"]["loop-frozen"]["all"]["f1"]["value"] == 0

    assert list(scores["loop"]["months"]) == ["2024-05", "2024-06"]
    received = pd.concat([read_batch(batch).frame["received_at"] for batch in list_batches()])
    may = (received < "2024-06-01").sum()
    assert scores["loop"]["months"]["2024-05"]["n"] == may, "each row is of its own month, whatever its period is"


def test_killed_and_played_again_it_ends_as_if_nothing_had_happened(params, in_charge, trained, monkeypatch):
    whole, again = shutil.copytree(trained, trained.with_name("whole")), trained
    monkeypatch.chdir(whole)
    expected = (play(params), *what_is_left())
    monkeypatch.chdir(again)
    play(params, periods_before_the_kill=2)
    for seq in (1, 2, 3):  # the same model, again and again: the files of the first champion go
        put_in_charge(seq)
    assert not champion.load_champion().folder.with_name("1").exists()
    assert (play(params), *what_is_left()) == expected
    assert annotated(), "there were labels to lose"


def test_a_retrain_that_a_kill_cut_short_is_made_up_for(params, in_charge):
    play(params, periods_before_the_kill=2)
    decisions.record("drift", at="2024-06-10T00:00:00+00:00", action="retrain", reason="lottery is gone")
    asked = []
    steps = Replay(params, retrain=asked.append, audit_delay=DELAY).play(periods(params, **DAYS))
    first, second = next(steps), next(steps)
    assert (first.batch, first.refused) == (None, "was played before")
    assert second.batch.seq == 2, "only the last one may be unfinished"
    assert asked == [dt.datetime(2024, 6, 10, tzinfo=dt.UTC)]
    next(steps)
    assert len(asked) == 1


def play(params, periods_before_the_kill=None):
    """The scores of a replay that plays all periods, or is killed behind some."""
    played = Replay(params, retrain=refuse, audit_delay=DELAY)
    for _ in islice(played.play(periods(params, **DAYS)), periods_before_the_kill):
        pass
    return played.scores()


def refuse(at):
    decisions.record("refusal", at=at.isoformat(), promote=False, reasons=["it is a test"], numbers={})


def what_is_left():
    """What a replay leaves behind: labels of audited rows, decisions about the stream, batches."""
    about_the_stream = [line for line in decisions.decisions() if line["kind"] != "promotion"]
    return annotated(), about_the_stream, [(batch.source, batch.rows) for batch in list_batches()]


def annotated():
    return [json.loads(line) for line in paths.ANNOTATIONS.read_text().splitlines() if line[0] == "{"]


@pytest.mark.slow
def test_the_command_plays_and_tells(trained, in_charge):
    arguments = ("--from", "2024-05-01", "--to", "2024-05-15", "--days", "7")
    output = run("labelmill", "replay", *arguments, cwd=trained)
    lines = output.splitlines()
    assert [line.split("  ")[0] for line in lines[:2]] == ["2024-05-01", "2024-05-08"]
    assert "waits for more rows" in lines[0]
    assert any(line.startswith("pooled") and "balanced_accuracy" in line for line in lines)
    again = run("labelmill", "replay", *arguments, "--json", cwd=trained)
    first, second, scores = (json.loads(line) for line in again.splitlines())
    assert first["refused"] == "was played before"
    assert (second["seq"], second["decisions"]) == (2, [])
    assert scores["loop"]["all"]["n"] > 0
