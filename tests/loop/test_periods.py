"""The stream, period by period: every row once and in order, gold only where somebody audited it."""

import datetime as dt

import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import DataError
from labelmill.loop import arrivals
from labelmill.loop.audits import waiting
from labelmill.loop.periods import days_of_stream, periods, publish_audits
from labelmill.sources.annotations import read_annotations
from labelmill.stages import ingest

MAY, JULY = dt.date(2024, 5, 1), dt.date(2024, 7, 1)
NOON = dt.datetime(2024, 5, 20, 12, tzinfo=dt.UTC)


def weeks(params):
    return list(periods(params, start=MAY, end=JULY, days=7))


def test_each_row_of_the_stream_is_in_one_period_in_order_of_time(params):
    found = weeks(params)
    assert [(p.start.isoformat(), p.end.isoformat()) for p in (found[0], found[-1])] == [
        ("2024-05-01", "2024-05-08"),
        ("2024-06-26", "2024-07-01"),
    ]
    rows = pd.concat([period.intake.frame for period in found], ignore_index=True)
    stream = storage.read_shards(paths.STREAM)
    assert sorted(rows["id"]) == sorted(stream["id"])
    assert rows["received_at"].is_monotonic_increasing
    assert list(rows.columns) == [name for name in stream.columns if name != "split"]
    for period in found:
        days = period.intake.frame["received_at"].dt.date
        assert ((days >= period.start) & (days < period.end)).all()


def test_the_intake_tells_no_gold_and_the_period_all_of_it(params):
    period = weeks(params)[0]
    assert (period.intake.gold == -1).all()
    gold = storage.read_gold(paths.GOLD_STREAM, period.intake.frame["id"])
    assert period.gold.tolist() == gold.tolist()
    assert set(period.gold) == {0, 1}


def test_days_without_a_row_are_periods_too(params):
    found = list(periods(params, start=dt.date(2025, 1, 1), end=dt.date(2025, 1, 4), days=1))
    assert [len(period.intake.frame) for period in found] == [0, 0, 0]
    assert found[0].name == "replay 2025-01-01 to 2025-01-01"


def test_the_days_of_the_stream_are_those_of_its_rows(params):
    days = storage.read_shards(paths.STREAM)["received_at"].dt.date
    assert days_of_stream(params) == (days.min(), days.max())


def test_it_needs_dates(params):
    splits = params.ingest.splits.model_copy(update={"date_column": None, "test_from": None})
    undated = params.model_copy(update={"ingest": params.ingest.model_copy(update={"splits": splits})})
    with pytest.raises(DataError, match=r"ingest\.splits\.date_column"):
        next(periods(undated, start=MAY, end=JULY, days=7))


def test_gold_is_let_out_for_audited_rows_of_batches_and_never_twice(params):
    first, second, *_ = weeks(params)
    assert publish_audits(first, params, at=NOON) == 0  # no batch has brought it yet
    for period in (first, second):
        arrivals.add_rows(period.intake, params, name=period.name)
    asked = waiting(params)
    appended = publish_audits(first, params, at=NOON)
    assert appended == (asked["seq"] == 1).sum() > 0
    assert publish_audits(first, params, at=NOON) == 0
    labels = read_annotations(paths.ANNOTATIONS, params.task.classes)
    truth = dict(zip(first.intake.frame["id"], first.gold, strict=True))
    assert {label.id: label.label for label in labels} == {
        id_: truth[id_] for id_ in asked.loc[asked["seq"] == 1, "id"]
    }
    assert {label.purpose for label in labels} == {"gate"}
    assert waiting(params)["seq"].tolist() == [2] * int((asked["seq"] == 2).sum())
    line = paths.ANNOTATIONS.read_text().splitlines()[-1]
    assert '"annotator": "replay", "time": "2024-05-20T12:00:00+00:00"' in line


def test_a_replay_to_its_end_keeps_ids_apart_and_test_and_stream_as_they_were(params):
    """Weeks come in, their gold a week later: train, dev, gate and test share no row at any moment."""
    stream, test = paths.STREAM / "part-00000.parquet", paths.GOLD_TEST
    before = storage.sha256_file(stream), storage.sha256_file(test)
    dev = set(storage.read_table(paths.GOLD_DEV)["id"])
    late = None
    for period in weeks(params)[:4]:
        arrivals.add_rows(period.intake, params, name=period.name)
        if late is not None:
            publish_audits(late, params, at=NOON)
        late = period
        ingest.run(params)
        rows = storage.read_shards(paths.INGESTED, ["id", "split"])
        assert rows["id"].is_unique
        by_split = {split: set(ids) for split, ids in rows.groupby("split")["id"]}
        assert by_split["dev"] == dev
        assert by_split["train"].isdisjoint(storage.read_table(paths.GOLD_GATE)["id"])
    assert (storage.sha256_file(stream), storage.sha256_file(test)) == before
    gate = storage.read_table(paths.GOLD_GATE)
    assert (gate["label"] == -1).sum() == (waiting(params)["seq"] == 4).sum()
    assert storage.read_json(paths.metrics("ingest"))["annotations_of_unknown_rows"] == 0
