"""The record of who is in charge, `state/champion.json`, and of the models that may take charge again.

An entry is what was recorded of one champion: `seq`, `model` (its folder below `state/`), hashes, under `kept` the
entries of those before, by the number of their models, and as `best` the number of the one that none after it measured
better than.
"""

import shutil
from pathlib import Path
from typing import Any

from labelmill import storage
from labelmill.errors import CorruptFileError, PromotionError, StorageError
from labelmill.quality.decisions import state
from labelmill.storage.folders import MANIFEST

PARTS = ("end_model", "featurizer")

KEPT = 3
"""The newest champions whose models stay in `state/models/`, the one in charge among them; the best stays, too."""

_MEND = "Restore it from a copy, or take it away and put the newest model in charge with `labelmill promote --first`."

ONLY_IN_THE_LOG = ("reasons", "numbers", "champion", "at")
"""Facts of a decision that its entry does not repeat."""

Entry = dict[str, Any]


def read_entry(project: Path | None = None) -> Entry | None:
    """The entry of the champion in charge; None where there is none yet."""
    file = champion_file(project)
    try:
        entry = storage.read_json(file, mend=_MEND)
    except CorruptFileError:
        raise
    except StorageError:
        return None
    if not isinstance(entry, dict) or not {"seq", "model", "sha256", "featurizer_sha256"} <= entry.keys():
        raise CorruptFileError(f"{file}: is no record of a champion. {_MEND}")
    return entry


def model_seq(entry: Entry) -> int:
    """The number under which the model of an entry was promoted."""
    return int(Path(entry["model"]).name)


def as_kept(entry: Entry) -> Entry:
    """The entry of a champion, as it is kept below the next one: by the number of its model."""
    facts = {name: value for name, value in entry.items() if name not in ("kept", "best", "decision", *ONLY_IN_THE_LOG)}
    return {**facts, "seq": model_seq(entry)}


def kept_before(entry: Entry) -> list[Entry]:
    """Kept models that came before the one in charge, the newest first; later ones were rolled back."""
    return [known for known in entry.get("kept", []) if known["seq"] < model_seq(entry)]


def kept_for_next(entry: Entry, best: int) -> list[Entry]:
    """What is kept of a champion and those before it when another follows: the newest, and the best."""
    # Models that were rolled back stay away: the next rollback leads to the one that this one follows.
    before = [as_kept(entry), *kept_before(entry)]
    return [known for place, known in enumerate(before) if place < KEPT - 1 or known["seq"] == best]


def best_of(entry: Entry) -> Entry | None:
    """The kept champion that measured best, where it is not the one in charge itself."""
    before = kept_before(entry)
    return next((known for known in before if known["seq"] == entry.get("best")), None)


def targets(entry: Entry) -> list[int]:
    """Numbers of the kept models."""
    return [int(known["seq"]) for known in entry.get("kept", [])]


def target_of(current: Entry, to: int | None) -> Entry:
    """The kept model to roll back to."""
    if to is None:
        before = kept_before(current)
        if before:
            return before[0]
        raise PromotionError(
            f"no earlier model than that of champion number {current['seq']} is kept"
            + (f"; later ones are: {', '.join(map(str, targets(current)))} (--to)." if targets(current) else ".")
        )
    found = next((known for known in current.get("kept", []) if known["seq"] == to), None)
    if found is None:
        in_charge = " It is in charge already." if to == model_seq(current) else ""
        kept = ", ".join(map(str, targets(current))) or "none"
        raise PromotionError(f"no model of champion number {to} is kept to roll back to.{in_charge} Kept are: {kept}.")
    return found


def remove_strays(entry: Entry | None, project: Path | None = None) -> None:
    """Remove the models that nothing points to."""
    folder = state(project) / "models"
    wanted = {str(number) for number in [model_seq(entry), *targets(entry)]} if entry else None
    for found in folder.iterdir() if folder.is_dir() else ():
        # Where the record of the champion is gone, its model may be all that is left of it.
        if found.name.startswith(".") or (wanted is not None and found.name not in wanted):
            shutil.rmtree(found, ignore_errors=True)


def verify_model(entry: Entry) -> None:
    """Re-hash the files of a champion and compare them with what was recorded."""
    folder = state() / entry["model"]
    storage.verify_folder(folder, mend="`labelmill verify --repair` brings it back where DVC's cache has it.")
    expected, found = entry.get("folder_sha256"), storage.folder_hash(folder)
    if expected not in (None, found):
        raise CorruptFileError(
            f"{folder / MANIFEST}: its SHA-256 is {found[:12]}, that of the promoted model's {expected[:12]}."
        )
    verify_parts(folder, entry)


def verify_parts(folder: Path, entry: Entry) -> None:
    """Re-hash end model and featurizer in a folder and compare them with what was judged."""
    for name, expected in zip(PARTS, (entry["sha256"], entry["featurizer_sha256"]), strict=True):
        storage.verify_folder(folder / name)
        found = storage.folder_hash(folder / name)
        if found != expected:
            raise CorruptFileError(
                f"{folder / name}: its SHA-256 is {found[:12]}, that of the judged model {expected[:12]}. "
                "Run `dvc repro`, then promote again."
            )


def champion_file(project: Path | None = None) -> Path:
    """Where the record is."""
    return state(project) / "champion.json"
