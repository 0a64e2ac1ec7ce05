"""Whether a model may take charge, by gate gold, which nothing else reads.

The first champion must beat the plain systems, a challenger be as good as the champion.
"""

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from labelmill import paths, storage
from labelmill.errors import PromotionError
from labelmill.params import Params
from labelmill.quality import challenger, champion, first_champion
from labelmill.quality.champion import Champion
from labelmill.quality.decisions import Decision, decided, decisions, unanswered

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
        decision = challenger.judge(in_charge, params, made_from)
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
