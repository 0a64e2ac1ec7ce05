"""Whether a model may take charge, by gate gold, which nothing else reads.

The first champion must beat the plain systems, a challenger be as good as the champion.
"""

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from labelmill import paths, storage
from labelmill.errors import PromotionError
from labelmill.params import Params, PromoteParams
from labelmill.quality import attempts, champion, comparison, erosion, evidence, first_champion
from labelmill.quality.champion import Champion
from labelmill.quality.decisions import Decision, decided, decisions, unanswered
from labelmill.quality.evidence import Contender

log = logging.getLogger(__name__)


def promote_first(
    params: Params, *, made_from: Mapping[str, str] | None = None, at: dt.datetime | None = None
) -> Decision:
    """Judge the newest end model on gate gold and, if it wins, make it the first champion.

    Parameters
    ----------
    params
        The project's params.
    made_from
        Hashes of what the model was made from, to be kept with it.
    at
        When this is decided; now, if absent.

    Returns
    -------
    The decision, which is also appended to `state/decisions.jsonl`. Where this very model is in charge already,
    nothing changes.

    Raises
    ------
    PromotionError
        Another model is in charge already.
    OvertakenError
        Another model was put in charge meanwhile.
    """
    champion.finish()
    entry = _entry(params, made_from or {}) | decided(at)
    in_charge = champion.load_champion()
    if in_charge is not None:
        if in_charge.sha256 == entry["sha256"]:
            return _already(in_charge)
        raise PromotionError(
            f"champion number {in_charge.seq} (SHA-256 {in_charge.sha256[:12]}) is in charge already; "
            "--first is for a project that has none."
        )
    return _carry_out(first_champion.judge_newest(params), entry, expected_seq=0)


def promote(params: Params, *, made_from: Mapping[str, str], at: dt.datetime | None = None) -> Decision:
    """Compare the newest end model with the champion and, if it is as good, put it in charge.

    Both are judged on the same gate rows, each by its own featurizer, and, as weak evidence that decides
    nothing, on the newest rows outside training by what the label model says. Losses that are each too small to
    matter do not add up: beside the best champion so far, too, a loss of `promote.worst_loss` must be ruled out. The
    more challengers of this champion were refused on about as much gold, the more confidence that takes.

    Where there is no gate gold, or none of a class that the champion knows, weak labels decide only with
    `promote.on_weak_labels`, and never where the labeling functions changed: both models would be judged by the thing
    that moved.

    Parameters
    ----------
    params
        The project's params.
    made_from
        Hashes of what the model was made from, to be kept with it; `lf_set` tells whether the rules changed.
    at
        When this is decided; now, if absent.

    Returns
    -------
    The decision, which is also appended to `state/decisions.jsonl`. Where this very model is in charge already,
    nothing changes; that is noted as a refusal where a retrain was asked for.

    Raises
    ------
    PromotionError
        There is no champion yet.
    OvertakenError
        Another model was put in charge meanwhile; the same call compares with that one.
    CorruptFileError
        A file of the champion or of the challenger is not what was written.
    """
    champion.finish()
    entry = _entry(params, made_from) | decided(at)
    in_charge = champion.load_champion()
    if in_charge is None:
        raise PromotionError("there is no champion yet. Make the first with `labelmill promote --first`.")
    if (in_charge.sha256, in_charge.featurizer_sha256) == (entry["sha256"], entry["featurizer_sha256"]):
        if unanswered(decisions()):  # whoever asked for the training must learn that it is over
            champion.record_refusal(
                entry | {"reasons": ["training gave the very model that is in charge"], "numbers": {}}
            )
        return _already(in_charge)
    before = _rolled_back(entry["sha256"])
    if before is not None:
        said = f"this model was rolled back at {before['at']}, as that of champion number {before['from']['model']}"
        decision = Decision(False, [f"{said}: only `labelmill rollback --to` puts it in charge again"], {})
    else:
        decision = _compare(in_charge, params, made_from)
    entry["champion"] = {"seq": in_charge.seq, "sha256": in_charge.sha256}
    return _carry_out(decision, entry, expected_seq=in_charge.seq)


def _entry(params: Params, made_from: Mapping[str, str]) -> dict[str, Any]:
    """What is recorded of the newest end model, whatever the decision will be."""
    return {
        "task": params.task.name,
        "classes": list(params.task.classes),
        "sha256": storage.folder_hash(paths.END_MODEL),
        "featurizer_sha256": storage.folder_hash(paths.FEATURIZER),
        "made_from": dict(made_from),
    }


def _name(in_charge: Champion) -> str:
    return f"champion number {in_charge.seq}"


def _already(in_charge: Champion) -> Decision:
    return Decision(True, [f"this model is the champion already, number {in_charge.seq}"], {})


def _carry_out(decision: Decision, entry: dict[str, Any], *, expected_seq: int) -> Decision:
    entry = {**entry, "reasons": decision.reasons, "numbers": decision.numbers}
    if not decision.promote:
        champion.record_refusal(entry)
        return decision
    made = champion.swap_champion(
        expected_seq,
        entry,
        end_model=paths.END_MODEL,
        featurizer=paths.FEATURIZER,
        best=decision.numbers.get("best"),
    )
    log.info("champion number %d is in charge: model %s", made.seq, made.sha256[:12])
    return decision


def _rolled_back(sha256: str) -> dict[str, Any] | None:
    """The last rollback that took this model out of charge, if it did not come back since."""
    found = None
    for line in decisions():
        if line.get("kind") == "rollback":
            if line["to"]["sha256"] == sha256:
                found = None
            elif line["from"]["sha256"] == sha256 and line["from"]["model"] > line["to"]["model"]:
                found = line
    return found


def _compare(in_charge: Champion, params: Params, made_from: Mapping[str, str]) -> Decision:
    rule = params.promote
    both = {"champion": champion.load_model(in_charge), "challenger": champion.load_model(None)}
    both["challenger"][1].check_classes(params.task.classes)
    name = _name(in_charge)
    lfs = in_charge.made_from.get("lf_set"), made_from.get("lf_set")
    changed = None if None in lfs else lfs[0] != lfs[1]
    numbers: dict[str, Any] = {
        "rule": rule.model_dump(),
        "lf_set_changed": changed,
        "best": champion.best_seq() or in_charge.model_seq,
    }
    beside = partial(_on_window, in_charge=in_charge, challenger=both["challenger"], params=params)
    weak = beside(both["champion"])
    if weak is not None:
        numbers["window"] = weak.numbers
    if evidence.gate_rows(evidence.known_gate_gold()).empty:
        return _by_weak_labels(weak, numbers, name, beside=beside, lf_set=lfs[1], rule=rule)
    weak_tell = rule.on_weak_labels and changed is False and weak is not None and weak.passed
    decision = _by_gate_gold(both, in_charge, weak_tell=weak_tell, numbers=numbers, params=params)
    if weak is not None:
        decision.reasons.append(_said_of_window(weak, changed=changed))
    return decision


def _on_window(
    other: Contender, *, in_charge: Champion, challenger: Contender, params: Params
) -> comparison.Comparison | None:
    """The challenger beside another model on the newest rows outside training, by weak labels; None without any."""
    window = evidence.newest_window(champion=other, challenger=challenger, params=params)
    if window is None:
        return None
    judged, days = window
    found = comparison.compare(
        judged,
        params=params.promote,
        seed=params.task.seed,
        classes=params.task.classes,
        refusals=_tried(in_charge, rows=len(judged.gold)),
        name="window",
    )
    return replace(found, numbers={"weak": True, "days": days, **found.numbers})


def _by_gate_gold(
    both: dict[str, Contender],
    in_charge: Champion,
    *,
    weak_tell: bool,
    numbers: dict[str, Any],
    params: Params,
) -> Decision:
    """The decision where there is gate gold; `numbers` get those of the comparison.

    Of a class without gate gold weak labels decide where they may (`weak_tell`).
    """
    rule, challenger = params.promote, both["challenger"]
    gold = evidence.known_gate_gold()
    rows, champion_name = evidence.gate_rows(gold), _name(in_charge)
    gold_hash = _gold_hash(rows, gold)
    refusals = _tried(in_charge, rows=len(rows), gold_sha256=gold_hash)

    def beside(other: Contender) -> comparison.Comparison:
        judged = evidence.on_gate(rows, gold, champion=other, challenger=challenger, params=params)
        return comparison.compare(
            judged, params=rule, seed=params.task.seed, classes=params.task.classes, refusals=refusals
        )

    found = beside(both["champion"])
    old_ms, new_ms = evidence.cpu_ms(rows, **both)
    numbers["gate"] = {**found.numbers, "gold_sha256": gold_hash}
    numbers["latency_ms"] = {"champion": round(old_ms, 3), "challenger": round(new_ms, 3)}
    reasons = found.reasons(champion=champion_name, rows="gate rows")
    slow = new_ms > rule.latency_factor * old_ms
    if both["champion"][1].classes != params.task.classes:
        old = ", ".join(both["champion"][1].classes)
        reasons.append(f"{champion_name} knows the classes {old}; of others it says nothing, which counts as wrong")
    if found.unseen:
        reasons.append(_said_of_unseen(found.unseen, numbers.get("window"), weak_tell=weak_tell))
    if slow:
        reasons.append(
            f"slower: {evidence.BATCH_ROWS} rows take {new_ms:.1f} ms of CPU (p99) against {old_ms:.1f} of "
            f"{champion_name}, more than {rule.latency_factor:g} times as much"
        )
    eroded = erosion.judge(beside, now=found, rule=rule)
    reasons += eroded.reasons
    numbers |= eroded.numbers
    if eroded.measured is not None and eroded.measured >= 0:
        numbers["best"] = None  # the challenger itself
    passed = found.passed or (found.passed_on_seen and weak_tell)
    return Decision(passed and not slow and not eroded.found, reasons, numbers)


def _tried(in_charge: Champion, *, rows: int, gold_sha256: str | None = None) -> int:
    """How many others challenged this champion in vain on such rows."""
    sha256 = storage.folder_hash(paths.END_MODEL)
    return attempts.refusals(decisions(), in_charge.seq, sha256=sha256, rows=rows, gold_sha256=gold_sha256)


def _said_of_unseen(unseen: Sequence[str], window: Mapping[str, Any] | None, *, weak_tell: bool) -> str:
    """What is to be done about classes without gate gold, and what the newest rows show of them."""
    classes = f"class{'es' * (len(unseen) > 1)} {', '.join(unseen)}"
    if weak_tell:
        return f"of {classes} weak labels tell (promote.on_weak_labels): the challenger is as good on the newest rows"
    shown = ""
    if window:
        old, new = (sum(window["n_said"][side][name] for name in unseen) for side in ("champion", "challenger"))
        shown = f" (of the newest {window['n']:,} rows the champion takes {old:,} for it, the challenger {new:,})"
    return f"label rows of {classes} with purpose gate{shown}, or let weak labels tell by promote.on_weak_labels"


def _by_weak_labels(
    weak: comparison.Comparison | None,
    numbers: dict[str, Any],
    name: str,
    *,
    beside: Callable[[Contender], comparison.Comparison | None],
    lf_set: str | None,
    rule: PromoteParams,
) -> Decision:
    """The decision where no gate row has gold; `lf_set` is that of the challenger.

    Whoever takes charge by weak labels is not the best so far: that only gold can say.
    """
    none = "no gate row has gold"
    if not rule.on_weak_labels:
        label = "label rows with purpose gate, or let weak labels decide by promote.on_weak_labels"
        return Decision(False, [f"{none}, so there is nothing to go by: {label}"], numbers)
    if numbers["lf_set_changed"] is not False:
        what = "which labeling functions it had is not known of"
        if numbers["lf_set_changed"]:
            what = "the labeling functions changed since"
        return Decision(
            False, [f"{none}, and {what} {name}: both models would be judged by the thing that moved"], numbers
        )
    if weak is None:
        return Decision(False, [f"{none}, nor is there a covered row outside training to go by"], numbers)
    reasons = weak.reasons(champion=name, rows="rows outside training, by weak labels")
    eroded = erosion.judge(beside, now=weak, rule=rule, lf_set=lf_set)
    return Decision(
        weak.passed and not eroded.found,
        [f"{none}: weak labels decide (promote.on_weak_labels)", *reasons, *eroded.reasons],
        {**numbers, **eroded.numbers, "judged_by": "window"},
    )


def _said_of_window(weak: comparison.Comparison, *, changed: bool | None) -> str:
    n = weak.numbers
    old, new = (n[side]["balanced_accuracy"] for side in ("champion", "challenger"))
    told = "is not defined (one class only)"
    if old is not None and new is not None:
        told = f"is {new:.3f}, the champion's {old:.3f}"
    judge_ = " of other labeling functions than the champion's" if changed else ""
    return (
        f"weak evidence, which decides nothing: on the newest {n['n']:,} rows outside training the balanced accuracy "
        f"by the label model{judge_} {told}"
    )


def _gold_hash(rows: pd.DataFrame, gold: "pd.Series[int]") -> str:
    """SHA-256 of the gold that both were judged by, so that two decisions can be told to be of one ground."""
    lines = (f"{row}\0{gold[row]}\n" for row in sorted(rows["id"]))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
