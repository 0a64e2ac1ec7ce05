"""What training saw, kept to compare new rows with: `models/reference`, and what it holds true for."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labelmill import storage
from labelmill.errors import CorruptFileError, DataError
from labelmill.labeling.fingerprints import fingerprint
from labelmill.labeling.functions import LabelingFunction
from labelmill.params import TaskParams
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Schema

STATISTICS = "statistics"
FACTS = "made_from.json"


@dataclass(frozen=True)
class MadeFrom:
    """What a reference was made from; compared with anything else it would tell nonsense.

    Attributes
    ----------
    classes, text_columns, hidden_columns
        As section `task` of `params.yaml` had them.
    lfs
        By name of each labeling function, in the order of the label matrix, the key of its fingerprint.
    label_model, end_model
        SHA-256 of the models.
    tables
        By name (data, label_matrix, probs) SHA-256 of the tables that the models were made from.
    """

    classes: tuple[str, ...]
    text_columns: tuple[str, ...]
    hidden_columns: tuple[str, ...]
    lfs: dict[str, str]
    label_model: str
    end_model: str
    tables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, task: TaskParams, lfs: dict[str, str], *, label_model: str, end_model: str) -> "MadeFrom":
        """What a reference would be made from now."""
        return cls(task.classes, task.text_columns, task.hidden_columns, lfs, label_model, end_model)

    @property
    def schema(self) -> Schema:
        """What the columns of rows are."""
        return Schema(self.text_columns, self.classes, tuple(self.lfs), self.hidden_columns)

    def changes(self, now: "MadeFrom") -> list[str]:
        """What is not the same any more, in words; empty where all is."""
        found = []
        for name, what in (
            ("classes", "the classes"),
            ("text_columns", "the text columns"),
            ("hidden_columns", "the hidden columns"),
        ):
            before, after = getattr(self, name), getattr(now, name)
            if before != after:
                found.append(f"{what} were {', '.join(before) or 'none'}, are {', '.join(after) or 'none'}")
        for verb, names in (
            ("changed", [name for name, key in self.lfs.items() if now.lfs.get(name, key) != key]),
            ("new", [name for name in now.lfs if name not in self.lfs]),
            ("gone", [name for name in self.lfs if name not in now.lfs]),
        ):
            if names:
                found.append(f"labeling functions {verb}: {', '.join(names)}")
        if not found and list(self.lfs) != list(now.lfs):
            found.append("the labeling functions are in another order")
        if self.label_model != now.label_model:
            found.append("the label model is another")
        if self.end_model != now.end_model:
            found.append("the end model is another")
        return found


def lf_keys(lfs: Iterable[LabelingFunction], folder: Path) -> dict[str, str]:
    """By name, what decides the votes of each labeling function, as a hash."""
    return {lf.name: fingerprint(lf, folder.resolve()).key for lf in lfs}


def save_profile(folder: Path, reference: Reference, made_from: MadeFrom) -> None:
    """Write both as one folder."""
    with storage.new_folder(folder) as new:
        reference.save(new / STATISTICS)
        storage.write_json(new / FACTS, asdict(made_from))


def load_profile(folder: Path) -> tuple[Reference, MadeFrom]:
    """Read what `save_profile` wrote, its bytes checked.

    Raises
    ------
    StorageError
        Stage `profile` was not run yet.
    CorruptFileError
        A file is not what was written.
    """
    storage.verify_folder(folder)
    return Reference.load(folder / STATISTICS), read_made_from(folder)


def read_made_from(folder: Path) -> MadeFrom:
    """What the reference in a folder was made from."""
    content: dict[str, Any] = storage.read_json(folder / FACTS)
    try:
        tuples = {name: tuple(content[name]) for name in ("classes", "text_columns", "hidden_columns")}
        return MadeFrom(**{**content, **tuples})
    except (KeyError, TypeError) as error:
        raise CorruptFileError(
            f"{folder / FACTS}: does not say what the reference was made from. Make it again with `dvc repro profile`."
        ) from error


def check_same(folder: Path, now: MadeFrom) -> None:
    """Refuse a reference that was made from something else than what is there now.

    Raises
    ------
    DataError
        It was; the message names what.
    """
    changes = read_made_from(folder).changes(now)
    if changes:
        raise DataError(
            f"{folder}: says what rows looked like to something else than is there now ({_joined(changes)}). Numbers "
            "of the two cannot be compared. Run `dvc repro`, then again."
        )


def _joined(changes: Sequence[str]) -> str:
    return "; ".join(changes)
