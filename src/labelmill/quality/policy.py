"""What follows from a diagnosis: hold a batch, ask an author to look, train again, or wait; told, not done.

What was found broken does not train: an outage looks like drift, so its batches are held, and flow `train` watches
before it reads. Rows that wait for `drift.min_rows` were looked at by nobody, and may train; so may those of batches
that came after an edit of `lfs/`, since nothing tells then how the new rules vote on sound rows.

A labeling function that went stale is for its author to mend, and training again on its votes would only teach the
mistake. All else may retrain, one at a time, so that a hundred alarms in a minute are one retrain with as many reasons.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from labelmill.params import RetrainParams
from labelmill.quality.drift.findings import Diagnosis

Line = Mapping[str, Any]
"""A line of the log of decisions."""

_DAY_HOURS = 24.0


@dataclass(frozen=True)
class Decision:
    """What is to be done and recorded.

    Attributes
    ----------
    kind
        As the log of decisions has it.
    facts
        What its line says beside kind and time; of kind hold `seq` and `reason`.
    """

    kind: Literal["hold", "stale_lf", "drift"]
    facts: dict[str, Any]


def decide(
    diagnoses: Sequence[Diagnosis],
    log: Sequence[Line],
    params: RetrainParams,
    *,
    window: int,
    batches: Sequence[int],
    lf_keys: Mapping[str, str],
    now: dt.datetime,
    owners: Mapping[str, str] | None = None,
) -> list[Decision]:
    """What to do about one window, and no more than the log does not have yet.

    Parameters
    ----------
    diagnoses
        What was found in the window; only what is confirmed counts.
    log
        Every decision so far, oldest first.
    params
        Section `retrain` of `params.yaml`.
    window
        Number of the window: that of its last batch.
    batches
        Numbers of all its batches.
    lf_keys
        Fingerprints of the labeling functions by name: an edited one is another.
    now
        The time, in UTC.
    owners
        Who looks after the labeling functions, by name, as far as that is said.

    Examples
    --------
    >>> shift = Diagnosis("prior_shift", "spam", "spam went from 40 % to 13 %.", confirmed=True)
    >>> monday = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    >>> same = {"params": RetrainParams(), "batches": [7], "lf_keys": {}, "now": monday}
    >>> [first] = decide([shift], [], window=7, **same)
    >>> first.facts["action"]
    'retrain'
    >>> log = [{"kind": "drift", "at": monday.isoformat(), **first.facts}]
    >>> [second] = decide([shift], log, window=8, **same)
    >>> second.facts["action"], second.facts["why"].split(",")[0]
    ('none', 'the one that was asked for 2026-01-05 00:00 has not ended yet')
    """
    sure = [diagnosis for diagnosis in diagnoses if diagnosis.confirmed]
    broken = [diagnosis for diagnosis in sure if diagnosis.kind == "broken_feed"]
    if broken:
        return _holds(broken, log, window=window, batches=batches)
    drifted = [diagnosis for diagnosis in sure if diagnosis.kind != "stale_lf"]
    asked = any(line["kind"] == "drift" and line.get("window") == window for line in log)
    decisions = _stale(sure, log, window=window, lf_keys=lf_keys, owners=owners or {})
    if drifted and not asked:
        decisions.append(_drift(drifted, log, params, window=window, now=now))
    return decisions


def _holds(broken: Sequence[Diagnosis], log: Sequence[Line], *, window: int, batches: Sequence[int]) -> list[Decision]:
    """Every batch of the window, but those that a person let go: who released a batch has looked at it."""
    known = {line.get("seq") for line in log if line["kind"] in ("hold", "release")}
    reason = " ".join(diagnosis.reason for diagnosis in broken)
    return [Decision("hold", {"seq": seq, "reason": reason, "window": window}) for seq in batches if seq not in known]


def _stale(
    sure: Sequence[Diagnosis],
    log: Sequence[Line],
    *,
    window: int,
    lf_keys: Mapping[str, str],
    owners: Mapping[str, str],
) -> list[Decision]:
    """Each labeling function once, until it is edited."""
    known = {(line.get("lf"), line.get("fingerprint")) for line in log if line["kind"] == "stale_lf"}
    found: dict[str, Decision] = {}
    for diagnosis in sure:
        name, key = diagnosis.subject, lf_keys.get(diagnosis.subject, "")
        if diagnosis.kind == "stale_lf" and (name, key) not in known and name not in found:
            facts = {"lf": name, "fingerprint": key, "window": window, "reason": diagnosis.reason}
            facts |= {"owner": owners[name]} if name in owners else {}
            found[name] = Decision(
                "stale_lf", {**facts, "rows": list(diagnosis.rows), "before": list(diagnosis.before)}
            )
    return list(found.values())


def _drift(
    drifted: Sequence[Diagnosis], log: Sequence[Line], params: RetrainParams, *, window: int, now: dt.datetime
) -> Decision:
    wanted = [diagnosis for diagnosis in drifted if diagnosis.kind in params.diagnoses]
    kinds = list(dict.fromkeys(diagnosis.kind for diagnosis in drifted))
    reason = " ".join(diagnosis.reason for diagnosis in drifted)
    facts: dict[str, Any] = {"window": window, "diagnoses": kinds, "reason": reason}
    if not wanted:
        listed = ", ".join(params.diagnoses) or "nothing"
        return Decision("drift", {**facts, "action": "none", "why": f"retrain.diagnoses names {listed} only"})
    hindrance = _hindrance(log, params, now)
    if hindrance:
        return Decision("drift", {**facts, "action": "none", "why": hindrance, "deferred": True})
    deferred = _deferred(log)
    if deferred:
        earlier = " ".join(f"Window {line['window']}, put off then: {line['reason']}" for line in deferred)
        facts |= {"reason": f"{reason} {earlier}", "windows": [*(line["window"] for line in deferred), window]}
    return Decision("drift", {**facts, "action": "retrain", "why": "no other retrain is under way or was lately"})


def _hindrance(log: Sequence[Line], params: RetrainParams, now: dt.datetime) -> str | None:
    """Why no retrain may begin now, None where one may."""
    retrains = [place for place, line in enumerate(log) if _retrains(line)]
    if not retrains:
        return None
    last = log[retrains[-1]]
    hours = _hours_since(last, now)
    ended = any(line["kind"] in ("promotion", "refusal") for line in log[retrains[-1] :])
    if not ended and hours < params.timeout_hours:
        return (
            f"the one that was asked for {_shown(last)} has not ended yet, by a promotion or a refusal "
            f"(retrain.timeout_hours: {params.timeout_hours:g})"
        )
    if hours < params.cooldown_hours:
        return f"the last retrain began {_shown(last)}, and retrain.cooldown_hours is {params.cooldown_hours:g}"
    lately = sum(_hours_since(log[place], now) < _DAY_HOURS for place in retrains)
    if lately >= params.daily_cap:
        return f"there were {lately} retrains in 24 hours, and retrain.daily_cap is {params.daily_cap}"
    return None


def _deferred(log: Sequence[Line]) -> list[Line]:
    """Decisions since the last retrain that would have been one."""
    since = max((place for place, line in enumerate(log) if _retrains(line)), default=-1)
    return [line for line in log[since + 1 :] if line["kind"] == "drift" and line.get("deferred")]


def _retrains(line: Line) -> bool:
    return line["kind"] == "drift" and line.get("action") == "retrain"


def _hours_since(line: Line, now: dt.datetime) -> float:
    """Hours between the two, whichever way the clock was set: one far off in the future must not block for ever."""
    return abs((now - dt.datetime.fromisoformat(line["at"])).total_seconds()) / 3600


def _shown(line: Line) -> str:
    return dt.datetime.fromisoformat(line["at"]).strftime("%Y-%m-%d %H:%M")
