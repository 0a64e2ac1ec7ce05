"""Labeling functions about when something happened."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.templates import Joint, TemplateLF, Wanted
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.votes import check_label

Day = dt.date | dt.datetime | str

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
TIMES = Wanted(
    "timestamps",
    lambda kind: pa.types.is_timestamp(kind) or pa.types.is_date(kind),
    " Make texts timestamps once, where the rows are made: pd.to_datetime(texts, utc=True).",
)


@dataclass(frozen=True)
class Conditions:
    """What must hold of a timestamp, checked: hours and weekdays (Monday is 0) on a clock, times in UTC, ages."""

    hours: tuple[int, int] | None
    weekdays: list[int] | None
    after: dt.datetime | None
    before: dt.datetime | None
    min_age_days: float | None
    max_age_days: float | None
    reference_time: dt.datetime | None


def time_lf(
    name: str,
    *,
    column: str,
    label: int,
    hours: Sequence[int] | None = None,
    weekdays: str | Sequence[str] | None = None,
    after: Day | None = None,
    before: Day | None = None,
    min_age_days: float | None = None,
    max_age_days: float | None = None,
    reference_column: str | None = None,
    reference_time: Day | None = None,
    timezone: str = "UTC",
    **upkeep: Unpack[UpkeepArguments],
) -> TemplateLF:
    """Vote `label` where a timestamp meets all of some conditions.

    Parameters
    ----------
    name
        Name in the label matrix.
    column
        The column of timestamps or days; those without a time zone are UTC. Texts are refused.
    label
        The class to vote for.
    hours
        From the first full hour until just before the second, `(22, 6)` over midnight.
    weekdays
        Names of days, or their first letters: `"sat", "sun"`.
    after, before
        At this time or later; earlier than this time. A day begins at midnight of `timezone`.
    min_age_days, max_age_days
        Bounds, both included, of the days from this timestamp to that of `reference_column`, or to
        `reference_time`. Never to now: the same row must get the same vote tomorrow.
    reference_column, reference_time
        What the age is measured at.
    timezone
        Where the clock hangs, such as `"Europe/Berlin"`, for hours, weekdays, and times given without a zone.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        No condition, one that makes no sense, a time zone that does not exist.

    Examples
    --------
    >>> import datetime as dt
    >>> night = time_lf("night", column="sent_at", label=1, hours=(22, 6), timezone="Europe/Berlin")
    >>> night({"sent_at": dt.datetime(2024, 7, 1, 20, 30, tzinfo=dt.UTC)}), night({"sent_at": None})
    (1, -1)
    >>> stale = time_lf("stale", column="sent_at", label=1, min_age_days=7, reference_column="received_at")
    >>> stale({"sent_at": dt.datetime(2024, 7, 1), "received_at": dt.datetime(2024, 7, 9)})
    1
    """
    origin = Origin.of_caller(1)
    label = check_label(label, lf=name)
    zone = _zone(timezone, lf=name)
    conditions = Conditions(
        hours=_hours(hours, lf=name),
        weekdays=_weekdays(weekdays, lf=name),
        after=_moment(after, zone, lf=name),
        before=_moment(before, zone, lf=name),
        min_age_days=_days(min_age_days, lf=name),
        max_age_days=_days(max_age_days, lf=name),
        reference_time=_moment(reference_time, zone, lf=name),
    )
    columns = (column,) if reference_column is None else (column, reference_column)
    _check_conditions(conditions, with_column=reference_column is not None, lf=name)

    def match(arrays: Sequence[pa.Array]) -> NDArray[np.int8]:
        if conditions.hours is not None and pa.types.is_date(arrays[0].type):
            raise LFError(f"labeling function {name!r}: column {column!r} holds days, which have no hours.")
        times = [_times(array, zone) for array in arrays]
        reference = times[1] if len(times) == 2 else conditions.reference_time
        return np.where(_met(conditions, times[0], reference, zone), label, ABSTAIN).astype(np.int8)

    given = {key: value for key, value in asdict(conditions).items() if value is not None}
    given = {key: value.isoformat() if isinstance(value, dt.datetime) else value for key, value in given.items()}
    return TemplateLF(
        name,
        origin,
        column=columns,
        labels=[label],
        spec={"kind": "time", **given, "timezone": timezone, "label": label},
        about=", ".join(f"{key.replace('_', ' ')} {value}" for key, value in given.items()),
        match=Joint(match),
        upkeep=upkeep,
        wanted=TIMES,
    )


def _check_conditions(conditions: Conditions, *, with_column: bool, lf: str) -> None:
    ages = conditions.min_age_days is not None or conditions.max_age_days is not None
    references = with_column + (conditions.reference_time is not None)
    if not any(value is not None for value in asdict(conditions).values()):
        raise LFError(f"labeling function {lf!r}: give a condition, such as hours= or weekdays=.")
    if references != (1 if ages else 0):
        raise LFError(
            f"labeling function {lf!r}: an age in days needs either reference_column= or reference_time= beside it, "
            "and these need an age."
        )
    for low, high, what in (
        (conditions.after, conditions.before, "after and before"),
        (conditions.min_age_days, conditions.max_age_days, "min_age_days and max_age_days"),
    ):
        if low is not None and high is not None and low > high:  # type: ignore[operator]
            raise LFError(f"labeling function {lf!r}: between {what} lies nothing: {low} and {high}.")


def _met(
    conditions: Conditions, times: pd.DatetimeIndex, reference: pd.DatetimeIndex | dt.datetime | None, zone: ZoneInfo
) -> NDArray[np.bool_]:
    """Where all conditions hold; no comparison holds of a missing time."""
    met = ~np.asarray(times.isna())
    local = times.tz_convert(zone)
    if conditions.hours is not None:
        begin, end = conditions.hours
        hour = np.asarray(local.hour)
        met &= (begin <= hour) & (hour < end) if begin < end else (begin <= hour) | (hour < end)
    if conditions.weekdays is not None:
        met &= np.isin(np.asarray(local.weekday), conditions.weekdays)
    if conditions.after is not None:
        met &= np.asarray(times >= conditions.after)
    if conditions.before is not None:
        met &= np.asarray(times < conditions.before)
    if reference is not None:
        days = np.asarray((reference - times) / pd.Timedelta(days=1), dtype=float)
        met &= days >= (-np.inf if conditions.min_age_days is None else conditions.min_age_days)
        met &= days <= (np.inf if conditions.max_age_days is None else conditions.max_age_days)
    return met


def _times(array: pa.Array, zone: ZoneInfo) -> pd.DatetimeIndex:
    """A column in UTC. A day begins where the clock hangs; a time without a zone is UTC."""
    times = pd.DatetimeIndex(array.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False))
    if pa.types.is_date(array.type):
        return times.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").tz_convert("UTC")
    return times.tz_localize("UTC")


def _zone(timezone: str, *, lf: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise LFError(
            f"labeling function {lf!r}: timezone must be a name such as 'Europe/Berlin', found {timezone!r}."
        ) from error


def _hours(hours: Sequence[int] | None, *, lf: str) -> tuple[int, int] | None:
    if hours is None:
        return None
    given = list(hours) if isinstance(hours, Sequence) else [hours]
    whole = [hour for hour in given if isinstance(hour, int) and not isinstance(hour, bool) and 0 <= hour <= 24]
    if len(whole) != 2 or len(given) != 2 or whole[0] == whole[1]:
        raise LFError(
            f"labeling function {lf!r}: hours are two different whole numbers, 0 to 24, such as (22, 6); "
            f"found {hours!r}."
        )
    return whole[0], whole[1]


def _weekdays(weekdays: str | Sequence[str] | None, *, lf: str) -> list[int] | None:
    if weekdays is None:
        return None
    numbers = set()
    for name in weekdays if isinstance(weekdays, Sequence) and not isinstance(weekdays, str) else [weekdays]:
        found = [day for day in WEEKDAYS if isinstance(name, str) and len(name) >= 3 and day.startswith(name.lower())]
        if len(found) != 1:
            raise LFError(f"labeling function {lf!r}: {name!r} is no day of the week; write mon, tue, wed, ….")
        numbers.add(WEEKDAYS.index(found[0]))
    if not numbers:
        raise LFError(f"labeling function {lf!r}: weekdays= names no day.")
    return sorted(numbers)


def _moment(value: Day | None, zone: ZoneInfo, *, lf: str) -> dt.datetime | None:
    """A moment in UTC; a day is its midnight, and what has no zone is of the given one."""
    if value is None:
        return None
    try:
        moment = value if isinstance(value, dt.date) else dt.datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise LFError(
            f"labeling function {lf!r}: a time must be like '2024-06-30' or '2024-06-30T18:00+02:00', found {value!r}."
        ) from error
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)


def _days(days: Any, *, lf: str) -> float | None:
    if days is None or (isinstance(days, int | float) and not isinstance(days, bool) and days == days):
        return days
    raise LFError(f"labeling function {lf!r}: an age must be a number of days, found {days!r}.")
