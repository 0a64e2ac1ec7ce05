"""The stream that was set aside, played through the loop of a real project."""

import datetime as dt
import json

import pandas as pd
import pytest
from commands import run

from labelmill import paths, storage
from labelmill.errors import PromotionError
from labelmill.loop.periods import periods
from labelmill.loop.replay import Replay
from labelmill.quality import champion
from labelmill.quality.decisions import decisions
from labelmill.sources.batches import list_batches, read_batch, read_ids, read_scores

DAYS = {"start": dt.date(2024, 5, 1), "end": dt.date(2024, 7, 1), "days": 20}


@pytest.fixture
def in_charge(params):
    """The end model as champion, and how often somebody asked for another one."""
    entry = {
        "sha256": storage.folder_hash(paths.END_MODEL),
        "featurizer_sha256": storage.folder_hash(paths.FEATURIZER),
    }
    return champion.swap_champion(0, entry, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)


def test_without_a_champion_nobody_could_score_the_first_batch(params):
    with pytest.raises(PromotionError, match="promote --first"):
        Replay(params, retrain=lambda at: None)


def test_periods_are_scored_watched_and_audited_with_a_delay(params, in_charge):
    params = params.model_copy(update={"drift": params.drift.model_copy(update={"min_rows": 50})})
    asked = []
    played = Replay(params, retrain=asked.append, audit_delay=dt.timedelta(days=20))
    steps = list(played.play(periods(params, **DAYS)))
    assert [step.batch.seq for step in steps] == [1, 2, 3, 4]
    assert all(step.batch.champion["seq"] == 1 == step.champion for step in steps)
    assert [window.seq for step in steps for window in step.windows] == [1, 2, 3], "the last is one day"
    ends = {dt.datetime.combine(step.period.end, dt.time(), tzinfo=dt.UTC) for step in steps}
    assert set(asked) <= ends, "a retrain is of the days that asked for it"
    assert [line for step in steps for line in step.decisions] == decisions()[1:]
    assert all(line["at"] < "2024-07-02" for line in decisions()[1:]), "the clock is that of the stream"

    # Gold came for rows that are audited, of all periods whose delay has passed, and of no other row.
    labeled = {json.loads(line)["id"] for line in paths.ANNOTATIONS.read_text().splitlines() if line[0] == "{"}
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

    assert all(step.batch is None and "known already" in step.refused for step in played.play(periods(params, **DAYS)))


@pytest.mark.slow
def test_the_command_plays_and_tells(trained, in_charge):
    arguments = ("--from", "2024-05-01", "--to", "2024-05-15", "--days", "7")
    output = run("labelmill", "replay", *arguments, cwd=trained)
    lines = output.splitlines()
    assert [line.split("  ")[0] for line in lines[:2]] == ["2024-05-01", "2024-05-08"]
    assert "waits for more rows" in lines[0]
    assert any(line.startswith("pooled") and "balanced_accuracy" in line for line in lines)
    again = run("labelmill", "replay", *arguments, "--json", cwd=trained)
    assert [json.loads(line).get("seq") for line in again.splitlines()] == [None, None, None]
