import datetime as dt

import pytest

from labelmill.params import RetrainParams
from labelmill.quality.drift.findings import Diagnosis
from labelmill.quality.policy import decide

NOON = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
SHIFT = Diagnosis("prior_shift", "spam", "spam went from 40 % to 13 %.", confirmed=True)
CONTENT = Diagnosis("new_content", "", "new words.", confirmed=True)
STALE = Diagnosis("stale_lf", "offer", "offer votes no more.", confirmed=True, rows=("a",), before=("b",))
BROKEN = Diagnosis("broken_feed", "text", "text is empty.", confirmed=True)
KEYS = {"offer": "1"}


def on(diagnoses, log, *, window=7, batches=None, params=None, keys=KEYS, now=NOON):
    return decide(
        diagnoses,
        log,
        params or RetrainParams(),
        window=window,
        batches=batches or [window],
        lf_keys=keys,
        now=now,
    )


def recorded(decisions, at=NOON):
    return [{"kind": decision.kind, "at": at.isoformat(), **decision.facts} for decision in decisions]


def actions(decisions):
    return [decision.facts["action"] for decision in decisions if decision.kind == "drift"]


def later(**time):
    return NOON + dt.timedelta(**time)


def test_nothing_follows_from_what_is_not_confirmed():
    unsure = [Diagnosis(found.kind, found.subject, found.reason, confirmed=False) for found in (SHIFT, STALE, BROKEN)]
    assert on(unsure, []) == []


def test_a_broken_feed_is_held_and_never_retrains():
    decided = on([BROKEN, SHIFT, STALE], [], window=9, batches=[8, 9])
    assert [(one.kind, one.facts["seq"]) for one in decided] == [("hold", 8), ("hold", 9)]
    assert on([BROKEN, SHIFT], recorded(decided), window=9, batches=[8, 9]) == []


def test_a_batch_that_a_person_released_is_not_held_again():
    log = [{"kind": "release", "at": NOON.isoformat(), "seq": 9}]
    assert on([BROKEN], log, window=9) == []


def test_its_owner_is_named_where_one_is_known():
    same = {"window": 7, "batches": [7], "lf_keys": KEYS, "now": NOON}
    (known,) = decide([STALE], [], RetrainParams(), owners={"offer": "ana", "reply": "ben"}, **same)
    (unknown,) = decide([STALE], [], RetrainParams(), owners={"reply": "ben"}, **same)
    assert known.facts["owner"] == "ana"
    assert "owner" not in unknown.facts


def test_a_stale_labeling_function_is_told_once_until_it_is_edited_and_never_retrains():
    first = on([STALE], [])
    assert [one.kind for one in first] == ["stale_lf"]
    assert first[0].facts["rows"] == ["a"]
    assert first[0].facts["before"] == ["b"]
    assert on([STALE, STALE], recorded(first), window=8) == []
    assert [one.kind for one in on([STALE], recorded(first), window=8, keys={"offer": "2"})] == ["stale_lf"]


def test_what_is_not_asked_for_does_not_retrain():
    decided = on([CONTENT], [], params=RetrainParams(diagnoses=("prior_shift",)))
    assert actions(decided) == ["none"]
    assert decided[0].facts["why"] == "retrain.diagnoses names prior_shift only"


def test_a_hundred_alarms_in_a_minute_are_one_retrain():
    log, asked = [], []
    for number in range(100):
        now = later(seconds=number * 0.6)
        decided = on([SHIFT, CONTENT], log, window=number, now=now)
        asked += actions(decided)
        log += recorded(decided, now)
    assert asked == ["retrain", *["none"] * 99]
    assert all(
        line["why"].startswith("the one that was asked for 2026-03-02 12:00 has not ended yet") for line in log[1:]
    )


def test_the_same_window_is_decided_once():
    log = recorded(on([SHIFT], []))
    assert on([SHIFT], log, now=later(days=30)) == []


@pytest.mark.parametrize("end", ["promotion", "refusal"])
def test_a_retrain_is_under_way_until_a_promotion_or_refusal(end):
    params = RetrainParams(cooldown_hours=1, timeout_hours=6)
    log = recorded(on([SHIFT], [], window=1))
    assert actions(on([SHIFT], log, window=2, params=params, now=later(hours=3))) == ["none"]
    log.append({"kind": end, "at": later(hours=2).isoformat()})
    assert actions(on([SHIFT], log, window=2, params=params, now=later(hours=3))) == ["retrain"]


def test_a_retrain_without_an_end_is_given_up_after_the_timeout():
    params = RetrainParams(cooldown_hours=1, timeout_hours=6)
    log = recorded(on([SHIFT], [], window=1))
    assert actions(on([SHIFT], log, window=2, params=params, now=later(hours=6))) == ["retrain"]


def test_the_cooldown_holds_though_the_retrain_is_over():
    log = [*recorded(on([SHIFT], [], window=1)), {"kind": "refusal", "at": later(hours=1).isoformat()}]
    decided = on([SHIFT], log, window=2, now=later(hours=2))
    assert actions(decided) == ["none"]
    assert "cooldown_hours is 12" in decided[0].facts["why"]
    assert actions(on([SHIFT], log, window=2, now=later(hours=12))) == ["retrain"]


def test_the_daily_cap_holds_though_the_cooldown_is_over():
    params = RetrainParams(cooldown_hours=1, daily_cap=2)
    log = []
    for hour in (0, 4):
        log += recorded(on([SHIFT], log, window=hour, params=params, now=later(hours=hour)), later(hours=hour))
        log.append({"kind": "refusal", "at": later(hours=hour + 1).isoformat()})
    decided = on([SHIFT], log, window=9, params=params, now=later(hours=9))
    assert actions(decided) == ["none"]
    assert "daily_cap is 2" in decided[0].facts["why"]
    assert actions(on([SHIFT], log, window=9, params=params, now=later(hours=24))) == ["retrain"]


def test_reasons_that_were_put_off_are_told_with_the_next_retrain():
    log = recorded(on([SHIFT], [], window=1))
    log += recorded(on([CONTENT], log, window=2, now=later(hours=1)), later(hours=1))
    log.append({"kind": "refusal", "at": later(hours=2).isoformat()})
    (decided,) = on([SHIFT], log, window=3, now=later(hours=20))
    assert decided.facts["windows"] == [2, 3]
    assert decided.facts["reason"] == "spam went from 40 % to 13 %. Window 2, put off then: new words."


def test_a_clock_that_was_far_ahead_blocks_nothing():
    """A line of the year 2030 would put off every retrain until then."""
    log = recorded(on([SHIFT], [], window=1), later(days=1500))
    assert actions(on([SHIFT], log, window=2)) == ["retrain"]


def test_a_clock_that_was_set_back_an_hour_does_not_retrain_twice():
    log = recorded(on([SHIFT], [], window=1))
    assert actions(on([SHIFT], log, window=2, now=later(hours=-1))) == ["none"]
