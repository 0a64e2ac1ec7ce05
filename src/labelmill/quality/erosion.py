"""Whether losses that were each too small to matter have added up: the challenger beside the best champion so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labelmill.errors import CorruptFileError
from labelmill.params import PromoteParams
from labelmill.quality import champion
from labelmill.quality.attempts import percent
from labelmill.quality.comparison import Comparison
from labelmill.quality.evidence import Contender


@dataclass(frozen=True)
class Erosion:
    """What is known of it.

    Attributes
    ----------
    found
        Whether it speaks against the challenger.
    reasons
        The same in words; none where the champion in charge is the best one.
    numbers
        `best_so_far`, for the log; nothing where the champion in charge is the best one.
    measured
        The challenger's difference to the best champion; None where that cannot be told.
    """

    found: bool
    reasons: list[str]
    numbers: dict[str, Any]
    measured: float | None


def judge(
    beside: Callable[[Contender], Comparison | None], *, now: Comparison, rule: PromoteParams, lf_set: str | None = None
) -> Erosion:
    """Hold the challenger beside the best champion so far.

    Where that one is damaged, the bar must not sink unseen: no measured loss to the champion in charge is borne then.
    So it is where weak labels judge by other labeling functions than the best champion's: it would be judged by what
    moved.

    Parameters
    ----------
    beside
        Compares the challenger with another model on the same rows.
    now
        The comparison with the champion in charge.
    rule
        Section `promote` of `params.yaml`.
    lf_set
        Hash of the labeling functions that judge; None where gold does.
    """
    seq, value = champion.best_seq(), now.numbers["difference"]["value"]
    if seq is None:
        return Erosion(False, [], {}, value)
    try:
        best = champion.best_champion()
    except CorruptFileError as error:
        return _unknown(seq, value, f"is damaged ({error})")
    assert best is not None
    if lf_set not in (None, best.made_from.get("lf_set")):
        return _unknown(seq, value, "had other labeling functions than those that judge here")
    found = beside(champion.load_model(best))
    assert found is not None  # the rows are those that `now` is of
    between = found.numbers["difference"]
    eroded = between["value"] is not None and between["at_worst"] < -rule.worst_loss
    said = _said(between, seq, sure=percent(found.numbers["confidence"]) if eroded else None, rule=rule)
    return Erosion(eroded, [said], {"best_so_far": {"model": seq, **between}}, between["value"])


def _unknown(seq: int, value: float | None, why: str) -> Erosion:
    measured = "nothing can be measured" if value is None else f"this one measures {value:+.3f}"
    reason = (
        f"the best champion so far, number {seq}, {why}: whether small losses add up cannot be told, so none to the "
        f"champion in charge is borne; {measured}"
    )
    numbers = {"model": seq, "value": None, "why": why}
    return Erosion(value is None or value < 0, [reason], {"best_so_far": numbers}, None)


def _said(between: Mapping[str, Any], seq: int, *, sure: str | None, rule: PromoteParams) -> str:
    if between["value"] is None:
        return f"nothing can be told of it beside the best champion so far, number {seq}"
    told = f"beside the best champion so far, number {seq}, it measures {between['value']:+.3f}"
    if sure:
        return (
            f"small losses add up: {told}, and with {sure} confidence no more is known than that it is not "
            f"below {between['at_worst']:+.3f} (borne: {rule.worst_loss:g})"
        )
    return f"{told}: small losses have not added up (at worst {between['at_worst']:+.3f})"
