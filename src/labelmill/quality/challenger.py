"""Whether the newest end model may follow the champion: by gate gold, and where that is wanted by weak labels."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from labelmill import paths, storage
from labelmill.params import Params, PromoteParams
from labelmill.quality import attempts, champion, comparison, erosion, evidence
from labelmill.quality.champion import Champion
from labelmill.quality.decisions import Decision, decisions
from labelmill.quality.evidence import Contender


def judge(in_charge: Champion, params: Params, made_from: Mapping[str, str]) -> Decision:
    """Decide by the files of the project whether the newest end model may follow the champion.

    Raises
    ------
    CorruptFileError
        A file of the champion or of the challenger is not what was written.
    """
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
    gold = evidence.known_gate_gold()
    rows = evidence.gate_rows(gold)
    if rows.empty:
        return _by_weak_labels(weak, numbers, name, beside=beside, lf_set=lfs[1], rule=rule)
    weak_tell = rule.on_weak_labels and changed is False and weak is not None and weak.passed
    decision = _by_gate_gold(rows, gold, both, in_charge, weak_tell=weak_tell, numbers=numbers, params=params)
    if weak is not None:
        decision.reasons.append(_said_of_window(weak, changed=changed))
    return decision


def _name(in_charge: Champion) -> str:
    return f"champion number {in_charge.seq}"


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
    rows: pd.DataFrame,
    gold: "pd.Series[int]",
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
    champion_name = _name(in_charge)
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
