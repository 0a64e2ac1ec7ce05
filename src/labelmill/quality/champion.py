"""The champion: which model is in charge, kept in `state/`, changed under a lock by compare on its number.

`state/champion.json` names the model that is in charge and those that were before; `state/models/<seq>/` holds
their files; `state/decisions.jsonl` has one line per decision, also of those against a model. Every change gets
the next number, a rollback too, so that the number alone tells whether something happened in between.

A change is one rename of `champion.json`, which carries the line that the log is still to get. A crash before it
leaves a folder that nothing points to, a crash after it a line that is missing: `finish`, which every change begins
with, removes the one and appends the other.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, OvertakenError, PromotionError, StorageError
from labelmill.quality import decisions
from labelmill.quality.champion_record import (
    ONLY_IN_THE_LOG,
    PARTS,
    as_kept,
    best_of,
    champion_file,
    kept_for_next,
    model_seq,
    read_entry,
    remove_strays,
    target_of,
    targets,
    verify_model,
    verify_parts,
)
from labelmill.quality.decisions import WAIT_S, state

if TYPE_CHECKING:
    from labelmill.end_model.features import Featurizer
    from labelmill.end_model.model import EndModel

log = logging.getLogger(__name__)

CHANGES = ("promotion", "rollback")
"""Kinds of decisions that put another model in charge."""


@dataclass(frozen=True)
class Champion:
    """The model in charge.

    Attributes
    ----------
    seq
        How many times a champion was put in charge, rollbacks counted.
    folder
        Where it lies; its name is the number under which it was promoted.
    sha256, featurizer_sha256
        Hash of the end model and of its featurizer.
    made_from
        Hashes of what it was made from (data, label_matrix, lf_set, ...), as far as they were recorded.
    """

    seq: int
    folder: Path
    sha256: str
    featurizer_sha256: str
    made_from: Mapping[str, str] = field(default_factory=dict)

    @property
    def model_seq(self) -> int:
        """The number under which this model was promoted: lower than `seq` after a rollback."""
        return int(self.folder.name)


def current_seq() -> int:
    """Number of the champion, 0 where there is none yet."""
    entry = read_entry()
    return int(entry["seq"]) if entry else 0


def load_champion() -> Champion | None:
    """The champion, every file of it re-hashed; None where there is none yet.

    Raises
    ------
    CorruptFileError
        A file of the model is not what was promoted.
    """
    entry = read_entry()
    if entry is None:
        return None
    try:
        verify_model(entry)
    except StorageError as error:
        others = ", ".join(str(number) for number in targets(entry))
        ways = (
            f"`labelmill rollback` (kept: {others})"
            if others
            else f"take {champion_file()} away and promote with --first"
        )
        raise CorruptFileError(
            f"champion number {entry['seq']}: {error} To put a whole model in charge: {ways}."
        ) from error
    return _champion(entry)


def best_seq() -> int | None:
    """The number of `best_champion`, whole or not."""
    entry = read_entry()
    found = best_of(entry) if entry else None
    return int(found["seq"]) if found else None


def best_champion() -> Champion | None:
    """The kept champion that did best on gate gold, where it is not the one in charge itself.

    Raises
    ------
    CorruptFileError
        A file of it is not what was promoted.
    """
    entry = read_entry()
    found = best_of(entry) if entry else None
    if found is None:
        return None
    try:
        verify_model(found)
    except StorageError as error:
        raise CorruptFileError(str(error)) from error
    return _champion(found)


def load_model(champion: Champion | None) -> "tuple[Featurizer, EndModel]":
    """The champion's featurizer and end model, or the newest ones where none is given; each verified."""
    from labelmill.end_model.features import Featurizer
    from labelmill.end_model.model import EndModel

    folders = (paths.FEATURIZER, paths.END_MODEL)
    if champion is not None:
        folders = (champion.folder / "featurizer", champion.folder / "end_model")
    featurizer, model = Featurizer.load(folders[0]), EndModel.load(folders[1])
    model.check_featurizer(featurizer.hash)
    return featurizer, model


def swap_champion(
    expected_seq: int, entry: dict[str, Any], *, end_model: Path, featurizer: Path, best: int | None = None
) -> Champion:
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
    best
        The number of the model that stays the best measured; None where the new one is.

    Raises
    ------
    OvertakenError
        Another model was put in charge meanwhile; it stays.
    CorruptFileError
        A folder is not the one that was judged.
    """
    with _change(expected_seq) as current:
        seq = expected_seq + 1
        folder = state() / "models" / str(seq)
        with storage.new_folder(folder) as new:
            for name, source in zip(PARTS, (end_model, featurizer), strict=True):
                _copy(source, new / name)
            # Before it is in place: the champion never points to a model that was not verified.
            verify_parts(new, entry)
        facts = {name: value for name, value in entry.items() if name not in ONLY_IN_THE_LOG}
        line = decisions.as_line("promotion", promote=True, expected_seq=expected_seq, seq=seq, **entry)
        best = seq if best is None else best
        made = {
            **facts,
            "seq": seq,
            "model": f"models/{seq}",
            "folder_sha256": storage.folder_hash(folder),
            "best": best,
            "kept": kept_for_next(current, best) if current else [],
            "decision": line,
        }
        storage.write_json(champion_file(), made)
        _finish()
    return _champion(made)


def roll_back(
    expected_seq: int, *, to: int | None = None, reasons: tuple[str, ...] = (), at: dt.datetime | None = None
) -> Champion:
    """Put an earlier champion in charge again; its files are verified, nothing is copied.

    Parameters
    ----------
    expected_seq
        Number of the champion that is to go.
    to
        The number under which the model was promoted; None for the one before.
    reasons
        Why, for the log.
    at
        When this was decided; now, if absent.

    Raises
    ------
    PromotionError
        There is no such model.
    OvertakenError
        Another one was put in charge meanwhile.
    CorruptFileError
        The files of the earlier model are damaged; the champion stays.
    """
    with _change(expected_seq) as current:
        if current is None:
            raise PromotionError("there is no champion, so there is none to roll back.")
        target = target_of(current, to)
        try:
            verify_model(target)
        except StorageError as error:
            others = ", ".join(str(number) for number in targets(current) if number != target["seq"])
            raise CorruptFileError(
                f"the model of champion number {target['seq']} cannot take charge again: {error} Nothing was "
                f"changed; other models that are kept: {others or 'none'}."
            ) from error
        seq = expected_seq + 1
        line = decisions.as_line(
            "rollback",
            expected_seq=expected_seq,
            seq=seq,
            **{"from": {"model": model_seq(current), "sha256": current["sha256"]}},
            **decisions.decided(at),
            to={"model": target["seq"], "sha256": target["sha256"]},
            reasons=list(reasons),
        )
        kept = [known for known in (as_kept(current), *current.get("kept", [])) if known["seq"] != target["seq"]]
        kept.sort(key=lambda known: int(known["seq"]), reverse=True)
        # Whoever goes back says that what came later is no measure, whatever gate gold said.
        best = min(int(current.get("best") or target["seq"]), int(target["seq"]))
        made = {**target, "seq": seq, "best": best, "kept": kept, "decision": line}
        storage.write_json(champion_file(), made)
        _finish()
    return _champion(made)


def record_refusal(entry: dict[str, Any]) -> None:
    """Append a decision against a model."""
    with storage.exclusive(state() / "champion.lock", wait_s=WAIT_S):
        _finish()
        decisions.record("refusal", promote=False, expected_seq=current_seq(), seq=None, **entry)


def finish(project: Path | None = None) -> None:
    """Finish or undo what a crash left of a change."""
    with storage.exclusive(state(project) / "champion.lock", wait_s=WAIT_S):
        _finish(project)


@contextmanager
def _change(expected_seq: int) -> Iterator[dict[str, Any] | None]:
    """Hold the lock, with what is in charge, which must be the champion of this number."""
    with storage.exclusive(state() / "champion.lock", wait_s=WAIT_S):
        _finish()
        current = read_entry()
        found = int(current["seq"]) if current else 0
        if found != expected_seq:
            raise OvertakenError(
                f"{champion_file()}: champion number {expected_seq} was expected, number {found} is in charge: another "
                "promotion came first, and stays. Compare with that one, then promote again."
            )
        yield current


def _champion(entry: dict[str, Any]) -> Champion:
    return Champion(
        entry["seq"],
        state() / entry["model"],
        entry["sha256"],
        entry["featurizer_sha256"],
        entry.get("made_from") or {},
    )


def _finish(project: Path | None = None) -> None:
    """Append the line of the last change where it is missing, and remove models that nothing points to."""
    entry = read_entry(project)
    if entry and "decision" in entry:
        changes = (line for line in decisions.decisions(project) if line.get("kind", "promotion") in CHANGES)
        if all(line.get("seq") != entry["seq"] for line in changes):
            decisions.append(entry["decision"], project=project)
    remove_strays(entry, project)


def _copy(source: Path, target: Path) -> None:
    storage.verify_folder(source)
    for file in sorted(source.rglob("*")):
        if file.is_file():
            storage.write_bytes(target / file.relative_to(source), file.read_bytes())
