"""Every stage once more and the new model judged, in this process: the train flow without DVC and Prefect."""

from labelmill import tracking
from labelmill.params import Params
from labelmill.quality import champion, promotion
from labelmill.quality.decisions import Decision
from labelmill.stages import TRAINING, run_stage


def retrain(params: Params) -> Decision:
    """Run all stages, then judge the new end model; it takes charge where it is as good as the champion."""
    for name in TRAINING:
        run_stage(name, params)
    return judge(params)


def judge(params: Params) -> Decision:
    """Judge the newest end model: against the champion, or against plain systems where there is none."""
    if champion.current_seq():
        return promotion.promote(params, made_from=tracking.made_from(params))
    return promotion.promote_first(params, made_from=tracking.made_from(params))
