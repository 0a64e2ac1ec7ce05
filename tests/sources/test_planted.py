"""The planted stream: known events on known days, the same from the same seed, nothing on the others."""

import numpy as np
import pandas as pd
import pytest

from labelmill.sources.planted import CALENDAR, Event, planted_stream


def says(frame, word):
    return frame["text"].fillna("").str.contains(rf"\b{word}\b", case=False, regex=True).to_numpy()


@pytest.fixture(scope="module")
def stream():
    return list(planted_stream(seed=5, rows=200))


def test_every_event_comes_on_its_days_and_no_other_day(stream):
    expected = {day: event.name for event in CALENDAR for day in range(event.first, event.first + event.days)}
    assert [day.event for day in stream] == [expected.get(number, "stationary") for number in range(30)]
    assert sum(day.event == "stationary" for day in stream) == 15
    assert {event.name for event in CALENDAR} == {
        "outage", "garbled", "prior_shift", "dead_lf", "lf_gone_wrong", "new_topic", "flood"
    }  # fmt: skip


def test_days_are_dated_and_ids_are_unique(stream):
    for number, day in enumerate(stream):
        assert day.date.toordinal() == stream[0].date.toordinal() + number
        assert set(day.frame["received_at"].dt.date) <= {day.date}
        assert len(day.gold) == len(day.frame)
    assert pd.concat([day.frame["id"] for day in stream]).is_unique


def test_the_same_seed_gives_the_same_stream_and_an_event_changes_its_own_days_only(stream):
    quiet = list(planted_stream(seed=5, rows=200, calendar=()))
    for day, other in zip(stream, quiet, strict=True):
        if day.event == "stationary":
            pd.testing.assert_frame_equal(day.frame, other.frame)
            assert np.array_equal(day.gold, other.gold)
    assert not next(planted_stream(seed=6, rows=200, days=1)).frame.equals(stream[0].frame)


def of(stream, event):
    days = [day for day in stream if day.event == event]
    return pd.concat([day.frame for day in days], ignore_index=True), np.concatenate([day.gold for day in days])


def test_each_event_shows_in_the_rows(stream):
    usual, usual_gold = of(stream, "stationary")
    spam = usual_gold == 1
    assert usual_gold.mean() == pytest.approx(0.3, abs=0.05)
    assert of(stream, "outage")[0].empty
    assert says(of(stream, "garbled")[0], "the").mean() < 0.3 < says(usual, "the").mean()
    assert of(stream, "prior_shift")[1].mean() == pytest.approx(0.6, abs=0.02)
    frame, gold = of(stream, "dead_lf")
    assert says(frame, "viagra")[gold == 1].mean() < 0.3 * says(usual, "viagra")[spam].mean()
    frame, gold = of(stream, "lf_gone_wrong")
    assert says(frame, "kernel")[gold == 1].mean() > 0.2 > says(usual, "kernel")[spam].mean()
    frame, gold = of(stream, "new_topic")
    assert says(frame, "solar")[gold == 1].mean() > 0.2
    assert not says(usual, "solar").any()
    frame, gold = of(stream, "flood")
    assert frame["text"].value_counts().iloc[0] / len(frame) == pytest.approx(0.25, abs=0.02)


def test_stationary_days_stay_alike_to_the_end():
    days = list(planted_stream(seed=2, rows=300, days=20, calendar=()))
    early, late = days[:10], days[10:]
    share = [np.mean(np.concatenate([says(day.frame, "parcel") for day in half])) for half in (early, late)]
    assert share[0] == pytest.approx(share[1], abs=0.03)


def test_at_weekends_a_part_of_the_ham_stays_away():
    week = list(planted_stream(seed=3, rows=300, days=7, calendar=(), season=0.5))  # from a Monday on
    ham = [int((day.gold == 0).sum()) for day in week]
    assert max(ham[5:]) < 0.7 * min(ham[:5])
    assert min(int((day.gold == 1).sum()) for day in week) > 60


def test_events_may_overlap():
    both = (Event("prior_shift", 0, 2, 0.6), Event("garbled", 1, strength=1.0))
    first, second = planted_stream(seed=1, days=2, rows=100, calendar=both)
    assert (first.event, second.event) == ("prior_shift", "prior_shift and garbled")
    assert second.gold.mean() == pytest.approx(0.6, abs=0.05)
