"""The newest model of a real project, judged in this process."""

import datetime as dt

from labelmill.loop.retrain import judge
from labelmill.quality.decisions import decisions


def test_a_replay_sets_the_clock_of_decisions(params):
    judge(params, at=dt.datetime(2024, 5, 20, tzinfo=dt.UTC))
    assert [line["at"] for line in decisions()] == ["2024-05-20T00:00:00+00:00"]
