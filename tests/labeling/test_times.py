import datetime as dt

import pandas as pd
import pytest

from labelmill import apply_lfs, time_lf
from labelmill.errors import LFError

UTC = dt.UTC
MONDAY = dt.datetime(2024, 7, 1, 21, 30, tzinfo=UTC)


def on(lf, values, **more):
    frame = pd.DataFrame({"at": values, **more})
    found = apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist()
    assert found == [lf(row) for row in frame.to_dict("records")]
    return found


def hours_of(day, *hours):
    return [pd.Timestamp(f"{day}T{hour}", tz="UTC") for hour in hours]


def test_hours_begin_at_the_first_and_end_before_the_second():
    moments = hours_of("2024-01-10", "08:59:59", "09:00", "16:59", "17:00", "23:00")
    assert on(time_lf("t", column="at", label=1, hours=(9, 17)), moments) == [-1, 1, 1, -1, -1]
    assert on(time_lf("t", column="at", label=1, hours=(17, 9)), moments) == [1, -1, -1, 1, 1]
    assert on(time_lf("t", column="at", label=1, hours=(0, 24)), [*moments, pd.NaT]) == [1, 1, 1, 1, 1, -1]


def test_the_clock_hangs_in_a_time_zone_with_its_summer():
    lf = time_lf("t", column="at", label=1, hours=(9, 10), timezone="Europe/Berlin")
    assert on(lf, hours_of("2024-01-10", "08:30", "07:30")) == [1, -1]
    assert on(lf, hours_of("2024-07-10", "08:30", "07:30")) == [-1, 1]


def test_weekdays_are_those_of_the_zone():
    moments = [MONDAY, MONDAY + dt.timedelta(hours=1)]
    assert on(time_lf("t", column="at", label=1, weekdays=["mon"]), moments) == [1, 1]
    assert on(time_lf("t", column="at", label=1, weekdays="Tuesday", timezone="Europe/Berlin"), moments) == [-1, 1]


def test_what_has_no_zone_is_utc_and_a_day_is_where_the_clock_hangs():
    naive = [MONDAY.replace(tzinfo=None)]
    assert on(time_lf("t", column="at", label=1, hours=(21, 22)), naive) == [1]
    day = pd.Series([dt.date(2024, 7, 1), None], dtype=object)
    assert on(time_lf("t", column="at", label=1, weekdays="mon", timezone="America/New_York"), day) == [1, -1]
    assert on(time_lf("t", column="at", label=1, after="2024-07-01", timezone="America/New_York"), day) == [1, -1]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_stored_zone_and_unit_do_not_matter(unit):
    moments = pd.Series([MONDAY]).dt.tz_convert("Asia/Tokyo").dt.as_unit(unit)
    assert on(time_lf("t", column="at", label=1, hours=(21, 22)), moments) == [1]


def test_after_includes_and_before_excludes():
    lf = time_lf("t", column="at", label=1, after="2024-07-01", before=dt.date(2024, 7, 2))
    moments = [
        pd.Timestamp(text, tz="UTC") for text in ("2024-06-30T23:59", "2024-07-01", "2024-07-01T23:59", "2024-07-02")
    ]
    assert on(lf, moments) == [-1, 1, 1, -1]
    aware = time_lf("t", column="at", label=1, after="2024-07-01T00:00+02:00")
    assert aware.spec["after"] == "2024-06-30T22:00:00+00:00"
    assert (
        aware.spec["after"]
        == time_lf("t", column="at", label=1, after="2024-07-01", timezone="Europe/Berlin").spec["after"]
    )


def test_age_at_another_column():
    lf = time_lf("t", column="at", label=1, min_age_days=1, max_age_days=2, reference_column="seen")
    at = [MONDAY] * 5
    seen = [MONDAY + dt.timedelta(days=days) for days in (0.9, 1, 2, 2.1)] + [None]
    assert on(lf, at, seen=seen) == [-1, 1, 1, -1, -1]
    assert lf.columns == ("at", "seen")


def test_age_at_a_fixed_day():
    lf = time_lf("t", column="at", label=1, max_age_days=30, reference_time="2024-07-31")
    assert on(lf, [pd.Timestamp("2024-07-01"), pd.Timestamp("2024-06-30"), pd.NaT]) == [1, -1, -1]


def test_all_conditions_must_hold():
    lf = time_lf("t", column="at", label=1, hours=(21, 22), weekdays=["mon", "sun"], before="2024-07-08")
    moments = [MONDAY, MONDAY + dt.timedelta(hours=1), MONDAY + dt.timedelta(days=1), MONDAY + dt.timedelta(days=7)]
    assert on(lf, moments) == [1, -1, -1, -1]


def test_texts_are_refused_with_a_hint():
    lf = time_lf("t", column="at", label=1, hours=(1, 2))
    with pytest.raises(LFError, match=r"'t' needs timestamps, but column 'at' holds .*string values.*pd\.to_datetime"):
        apply_lfs(pd.DataFrame({"at": ["2024-07-01"]}), [lf], cardinality=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give a condition"),
        ({"hours": (9,)}, "hours are two"),
        ({"hours": (9, 9)}, "hours are two"),
        ({"hours": (9, 25)}, "hours are two"),
        ({"hours": (9.5, 10)}, "hours are two"),
        ({"hours": 9}, "hours are two"),
        ({"weekdays": 5}, "5 is no day"),
        ({"weekdays": ["s"]}, "'s' is no day"),
        ({"weekdays": ["noday"]}, "'noday' is no day"),
        ({"weekdays": []}, "names no day"),
        ({"after": "soon"}, "'soon'"),
        ({"after": "2024-07-02", "before": "2024-07-01"}, "lies nothing"),
        ({"min_age_days": 3}, "either reference_column= or reference_time="),
        ({"reference_time": "2024-07-02"}, "these need an age"),
        ({"min_age_days": 3, "reference_time": "2024-07-02", "reference_column": "x"}, "either"),
        ({"min_age_days": 3, "max_age_days": 2, "reference_column": "x"}, "lies nothing"),
        ({"min_age_days": "old", "reference_column": "x"}, "number of days"),
        ({"hours": (1, 2), "timezone": "Berlin"}, "timezone must be"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(LFError, match=f"'t': .*{message}"):
        time_lf("t", column="at", label=1, **arguments)


def test_days_have_no_hours():
    lf = time_lf("t", column="at", label=1, hours=(23, 5))
    with pytest.raises(LFError, match="'t': column 'at' holds days, which have no hours"):
        lf({"at": dt.date(2024, 7, 1)})
    with_age = time_lf("t", column="at", label=1, hours=(23, 5), max_age_days=1, reference_column="day")
    assert with_age({"at": dt.datetime(2024, 7, 1, 23), "day": dt.date(2024, 7, 2)}) == 1
