"""Every stage once more and the new model judged, in this process: the train flow without DVC and Prefect."""

import datetime as dt

from labelmill.loop.origin import trained_from
from labelmill.params import Params
from labelmill.quality import champion, promotion
from labelmill.quality.decisions import Decision
from labelmill.stages import TRAINING, run_stage


def retrain(params: Params, *, at: dt.datetime | None = None) -> Decision:
    """Run all stages, then judge the new end model; it takes charge where it is as good as the champion."""
    for name in TRAINING:
        run_stage(name, params)
    return judge(params, at=at)


def judge(params: Params, *, at: dt.datetime | None = None) -> Decision:
    """Judge the newest end model: against the champion, or against plain systems where there is none.

    `at` is when that is decided, now if absent: a replay sets the clock.
    """
    decide = promotion.promote if champion.current_seq() else promotion.promote_first
    return decide(params, made_from=trained_from(params), at=at)
