"""What was seen in a window of the stream: `state/monitor/<seq>.json`, one file per window, written once."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, StorageError
from labelmill.quality.drift.findings import Diagnosis, Findings

_MEND = "Move it away: its batches are watched again then."


@dataclass(frozen=True)
class SeenBatch:
    """A batch of the window, as it was then."""

    seq: int
    source: str
    rows: int
    arrived: str
    sha256: str
    champion: dict[str, Any] | None


@dataclass(frozen=True)
class SampleRow:
    """A row that shows something: its texts, shortened, and what a labeling function said of it."""

    id: str
    texts: dict[str, str]
    vote: str | None = None


@dataclass(frozen=True)
class Shown:
    """Sample rows of one diagnosis: those of the window, and those of training to compare them with."""

    rows: tuple[SampleRow, ...] = ()
    before: tuple[SampleRow, ...] = ()


@dataclass(frozen=True)
class Watched:
    """A window beside the reference, and what followed.

    Attributes
    ----------
    seq
        Number of its last batch.
    at
        When it was looked at.
    batches
        The batches in it, in order.
    reference
        SHA-256 of the reference.
    lfs
        Fingerprints of the labeling functions by name.
    scored_by
        SHA-256 of the end model behind the scores that were compared; "" where there were none.
    findings
        What the comparison tells.
    diagnoses
        What that means.
    samples
        Sample rows of each diagnosis, in the same order.
    figures
        What is drawn over time beside the signals of the findings: shares of classes by who sees them, agreement.
    notes
        What limits the comparison, in words.
    decisions
        The lines that were recorded; None until all are.
    owners
        Who looks after the labeling functions, by name, as far as that is said.
    """

    seq: int
    at: str
    batches: tuple[SeenBatch, ...]
    reference: str
    lfs: dict[str, str]
    scored_by: str
    findings: Findings
    diagnoses: tuple[Diagnosis, ...]
    samples: tuple[Shown, ...] = ()
    figures: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    decisions: tuple[dict[str, Any], ...] | None = None
    owners: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows of the window."""
        return sum(batch.rows for batch in self.batches)

    @property
    def arrived(self) -> dt.datetime:
        """When its last batch came."""
        return dt.datetime.fromisoformat(self.batches[-1].arrived)

    @property
    def confirmed(self) -> tuple[Diagnosis, ...]:
        """The diagnoses that something follows from."""
        return tuple(diagnosis for diagnosis in self.diagnoses if diagnosis.confirmed)

    def decided(self, lines: Iterable[dict[str, Any]]) -> "Watched":
        """The same, with what followed from it."""
        return replace(self, decisions=tuple(lines))

    def to_json(self) -> dict[str, Any]:
        """The same in numbers, texts, lists and dicts."""
        return {**asdict(self), "findings": self.findings.to_json()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Watched":
        """The window again."""
        told = {
            "batches": tuple(SeenBatch(**batch) for batch in content["batches"]),
            "findings": Findings.from_json(content["findings"]),
            "diagnoses": tuple(_diagnosis(found) for found in content["diagnoses"]),
            "samples": tuple(_shown(sample) for sample in content["samples"]),
            "notes": tuple(content["notes"]),
            "decisions": None if content["decisions"] is None else tuple(content["decisions"]),
        }
        return cls(**{**content, **told})


def _diagnosis(content: dict[str, Any]) -> Diagnosis:
    return Diagnosis(**{**content, **{name: tuple(content[name]) for name in ("rows", "before", "words")}})


def _shown(content: dict[str, Any]) -> Shown:
    return Shown(*(tuple(SampleRow(**row) for row in content[side]) for side in ("rows", "before")))


def monitor() -> Path:
    """The folder of the records, that of the main work tree where an experiment runs in a copy."""
    return paths.main_project() / paths.MONITOR


def write_watched(window: Watched) -> None:
    """Write the record of a window, in place of the one that was there."""
    known = _known(_index())
    if window.decisions is None and str(window.seq) in known:
        del known[str(window.seq)]
        storage.write_json(_index(), known)  # what follows from it is open again
    storage.write_json(_file(window.seq), window.to_json())


def read_watched(*, before: int | None = None, last: int | None = None) -> list[Watched]:
    """Windows that were watched, oldest first.

    Parameters
    ----------
    before
        Number that those of all windows are below; every window, if absent.
    last
        How many of the newest of them; all, if absent: of a stream of months that is slow.

    Raises
    ------
    CorruptFileError
        A record is damaged; the message names it.
    """
    seqs = [seq for seq in watched_seqs() if before is None or seq < before]
    return [read_window(seq) for seq in (seqs if last is None else seqs[-last:])]


def watched_seqs() -> list[int]:
    """Numbers of the windows that were watched, in order; no record is read."""
    return sorted(int(file.stem) for file in monitor().glob("[0-9]*.json"))


def watched_batches() -> tuple[set[int], list[Watched]]:
    """Numbers of all batches that were watched, and the windows of which it is not written what followed.

    Which batches finished windows had is kept in the cache, so that only new records are read.

    Raises
    ------
    CorruptFileError
        A record is damaged; the message names it.
    """
    known, seqs = _known(_index()), watched_seqs()
    new = [read_window(seq) for seq in seqs if str(seq) not in known]
    finished = {str(seq): known[str(seq)] for seq in seqs if str(seq) in known}
    finished |= {str(one.seq): [batch.seq for batch in one.batches] for one in new if one.decisions is not None}
    if finished != known:
        storage.write_json(_index(), finished)
    batches = {seq for window in finished.values() for seq in window}
    unfinished = [window for window in new if window.decisions is None]
    return batches | {batch.seq for window in unfinished for batch in window.batches}, unfinished


def _index() -> Path:
    return paths.main_project() / paths.CACHE / "drift" / "watched.json"


def _known(file: Path) -> dict[str, list[int]]:
    """Batches by window; nothing where the file is not there or damaged, since the records have it all."""
    try:
        return {str(seq): [int(batch) for batch in batches] for seq, batches in storage.read_json(file).items()}
    except (StorageError, AttributeError, TypeError, ValueError):
        return {}


def read_window(seq: int) -> Watched:
    """The record of one window.

    Raises
    ------
    StorageError
        There is none.
    CorruptFileError
        It is damaged.
    """
    return _read(_file(seq))


def last_seen() -> int:
    """The number of the newest batch that was watched, 0 where none was; no record is read."""
    return max((int(file.stem) for file in monitor().glob("[0-9]*.json")), default=0)


def _read(file: Path) -> Watched:
    content = storage.read_json(file, mend=_MEND)
    try:
        return Watched.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"{file}: is no record of a window ({error!r}). {_MEND}") from error


def _file(seq: int) -> Path:
    return monitor() / f"{seq:05d}.json"
