"""The champion: which model is in charge, kept in `state/`, changed under a lock by compare on its number.

`state/champion.json` names the model that is in charge; `state/models/<seq>/` holds the last three with their
checksums; `state/decisions.jsonl` has one line per decision, also of those against a model. A crash
at any point leaves the old champion or the new one in charge, never a part of one.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelmill import storage
from labelmill.errors import CorruptFileError, PromotionError, StorageError
from labelmill.quality import decisions
from labelmill.quality.decisions import WAIT_S, state

KEPT = 3
"""Champions whose models stay in `state/models/`."""

PARTS = ("end_model", "featurizer")


@dataclass(frozen=True)
class Champion:
    """The model in charge: its number, where it lies, and SHA-256 of the end model and of its featurizer."""

    seq: int
    folder: Path
    sha256: str
    featurizer_sha256: str


def current_seq() -> int:
    """Number of the champion, 0 where there is none yet."""
    entry = _entry()
    return int(entry["seq"]) if entry else 0


def load_champion() -> Champion | None:
    """The champion, every file of it re-hashed; None where there is none yet.

    Raises
    ------
    CorruptFileError
        A file of the model is not what was promoted.
    """
    entry = _entry()
    if entry is None:
        return None
    champion = Champion(entry["seq"], state() / entry["model"], entry["sha256"], entry["featurizer_sha256"])
    _verify(champion.folder, champion.sha256, champion.featurizer_sha256)
    return champion


def swap_champion(expected_seq: int, entry: dict[str, Any], *, end_model: Path, featurizer: Path) -> Champion:
    """Put a model in charge, if the champion is still the one that it was compared with.

    Parameters
    ----------
    expected_seq
        Number of the champion at the time of the decision, 0 for none.
    entry
        What to record: `sha256` and `featurizer_sha256` of the two folders (hash of their manifests)
        as they were judged, and whatever else the decision should carry, such as its reasons.
    end_model, featurizer
        The folders to copy.

    Raises
    ------
    PromotionError
        Another model was put in charge meanwhile; it stays.
    CorruptFileError
        A folder is not the one that was judged.
    """
    with storage.exclusive(state() / "champion.lock", wait_s=WAIT_S):
        _complete_decisions()
        found = current_seq()
        if found != expected_seq:
            raise PromotionError(
                f"{_file()}: champion number {expected_seq} was expected, number {found} is in charge: another "
                "promotion came first, and stays. Compare with that one, then promote again."
            )
        seq = found + 1
        folder = state() / "models" / str(seq)
        with storage.new_folder(folder) as new:
            for name, source in zip(PARTS, (end_model, featurizer), strict=True):
                _copy(source, new / name)
            # Before it is in place: the champion never points to a model that was not verified.
            _verify(new, entry["sha256"], entry["featurizer_sha256"], whole=False)
        decided = decisions.as_line("promotion", promote=True, expected_seq=expected_seq, seq=seq, **entry)
        storage.write_json(_file(), {"seq": seq, "model": f"models/{seq}", **entry, "decision": decided})
        _complete_decisions()
        _prune(seq)
    return Champion(seq, folder, entry["sha256"], entry["featurizer_sha256"])


def record_refusal(entry: dict[str, Any]) -> None:
    """Append a decision against a model."""
    with storage.exclusive(state() / "champion.lock", wait_s=WAIT_S):
        _complete_decisions()
        decisions.record("refusal", promote=False, expected_seq=current_seq(), seq=None, **entry)


def _entry() -> dict[str, Any] | None:
    try:
        entry = storage.read_json(_file())
    except CorruptFileError:
        raise
    except StorageError:
        return None
    if not isinstance(entry, dict) or not {"seq", "model", "sha256", "featurizer_sha256"} <= entry.keys():
        raise CorruptFileError(
            f"{_file()}: is no record of a champion. Take it away, then run `labelmill promote --first` again."
        )
    return entry


def _verify(folder: Path, sha256: str, featurizer_sha256: str, *, whole: bool = True) -> None:
    if whole:
        storage.verify_folder(folder)
    for name, expected in zip(PARTS, (sha256, featurizer_sha256), strict=True):
        storage.verify_folder(folder / name)
        found = storage.folder_hash(folder / name)
        if found != expected:
            raise CorruptFileError(
                f"{folder / name}: its SHA-256 is {found[:12]}, that of the judged model {expected[:12]}. "
                "Run `dvc repro`, then promote again."
            )


def _complete_decisions() -> None:
    """Append the decision of the champion in charge, where a crash came between the two writes."""
    entry = _entry()
    if entry and "decision" in entry and all(line.get("seq") != entry["seq"] for line in decisions.decisions()):
        decisions.append(entry["decision"])


def _copy(source: Path, target: Path) -> None:
    storage.verify_folder(source)
    for file in sorted(source.rglob("*")):
        if file.is_file():
            storage.write_bytes(target / file.relative_to(source), file.read_bytes())


def _prune(seq: int) -> None:
    for folder in (state() / "models").iterdir():
        if folder.name.isdecimal() and int(folder.name) <= seq - KEPT:
            shutil.rmtree(folder, ignore_errors=True)


def _file() -> Path:
    return state() / "champion.json"
