"""What was seen in a window of the stream: `state/monitor/<seq>.json`, one file per window, written once."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.quality.drift.findings import Diagnosis, Findings


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
    storage.write_json(_file(window.seq), window.to_json())


def read_watched() -> list[Watched]:
    """Every window that was watched, oldest first.

    Raises
    ------
    CorruptFileError
        A record is damaged; the message names it.
    """
    return [_read(file) for file in sorted(monitor().glob("[0-9]*.json"))]


def last_seen() -> int:
    """The number of the newest batch that was watched, 0 where none was; no record is read."""
    return max((int(file.stem) for file in monitor().glob("[0-9]*.json")), default=0)


def _read(file: Path) -> Watched:
    content = storage.read_json(file)
    try:
        return Watched.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(
            f"{file}: is no record of a window ({error!r}). Move it away: its batches are watched again then."
        ) from error


def _file(seq: int) -> Path:
    return monitor() / f"{seq:05d}.json"
