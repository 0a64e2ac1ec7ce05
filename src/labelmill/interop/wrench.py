"""Folders of the WRENCH benchmark: rows, votes and gold as JSON.

A folder has `label.json`, class names by number, and up to three of `train.json`, `valid.json` and `test.json`: an
object with, for each row, `label` (its class), `weak_labels` (one vote per labeling function, -1 for abstain) and
`data` (the columns). The format is that of
https://github.com/JieyuZ2/wrench/wiki/Dataset:-Format-and-Usage for classification (Zhang et al., WRENCH: A
Comprehensive Benchmark for Weak Supervision, NeurIPS 2021). It names no labeling functions: labelmill keeps their
names in a further file, `meta.json`, under `lf_names`, and anything else that is in this file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.arrays import UNKNOWN, Gold, LabelMatrix
from labelmill.errors import DataError
from labelmill.interop.named_votes import check_ids, check_names, check_votes
from labelmill.interop.strict_json import as_json, column_of, read_json

SPLITS = ("train", "valid", "test")
_KEYS = {"label", "weak_labels", "data"}
_TAKEN = ("id", "split")


@dataclass(frozen=True)
class WrenchData:
    """What a folder of WRENCH holds, row beside row.

    Attributes
    ----------
    frame
        `id` (the split, a slash and the key of the row), `split` (train, valid or test), then the columns of `data`;
        a column that is called `id` or `split` there is called `data.id` or `data.split` here.
    L
        n x m int8, -1 where a labeling function abstains.
    lf_names
        The m names: those of `meta.json`, else `lf_0`, `lf_1` …
    gold
        The true classes, -1 where unknown.
    classes
        Names of the classes, by number.
    meta
        What else `meta.json` holds.
    """

    frame: pd.DataFrame
    L: LabelMatrix
    lf_names: list[str]
    gold: Gold
    classes: list[str]
    meta: dict[str, Any] = field(default_factory=dict)


def read_wrench(folder: Path) -> WrenchData:
    """Read a folder of WRENCH.

    Parameters
    ----------
    folder
        Has `label.json` and at least one of `train.json`, `valid.json` and `test.json`.

    Raises
    ------
    DataError
        A file or a row of it is not what it should be; the message names file, row and key.

    Examples
    --------
    >>> folder = Path("tiny")
    >>> storage.write_json(folder / "label.json", {"0": "ham", "1": "spam"})
    >>> row = {"label": 1, "weak_labels": [1, -1], "data": {"text": "act now"}}
    >>> storage.write_json(folder / "train.json", {"0": row})
    >>> data = read_wrench(folder)
    >>> data.frame["id"].tolist(), data.L.tolist(), data.gold.tolist()
    (['train/0'], [[1, -1]], [1])
    """
    folder = Path(folder)
    classes = _classes(folder / "label.json")
    files = {split: folder / f"{split}.json" for split in SPLITS if (folder / f"{split}.json").exists()}
    if not files:
        raise DataError(f"{folder}: has none of {', '.join(f'{split}.json' for split in SPLITS)}.")
    rows = [(split, key, row) for split, file in files.items() for key, row in _rows(file)]
    places = [f"{files[split]}: row {key!r}" for split, key, _ in rows]
    ids = check_ids([f"{split}/{key}" for split, key, _ in rows], where=folder)
    meta = _meta(folder / "meta.json")
    width = len(rows[0][2]["weak_labels"]) if rows else len(meta.get("lf_names", ()))
    names = meta.pop("lf_names", None) or [f"lf_{j}" for j in range(width)]
    lf_names = check_names(names, "labeling function", where=folder / "meta.json")
    L = np.full((len(rows), len(lf_names)), -1, dtype=np.int8)
    for i, (place, (_, _, row)) in enumerate(zip(places, rows, strict=True)):
        L[i] = _votes(row["weak_labels"], lf_names, len(classes), place)
    gold = [_gold(row["label"], len(classes), place) for place, (_, _, row) in zip(places, rows, strict=True)]
    frame = {"id": pd.Series(ids, dtype="str"), "split": pd.Series([split for split, *_ in rows], dtype="str")}
    frame |= _columns([row["data"] for *_, row in rows], places)
    return WrenchData(pd.DataFrame(frame), L, lf_names, np.array(gold, dtype=np.int64), classes, meta)


def write_wrench(folder: Path, data: WrenchData) -> None:
    """Write a folder of WRENCH: all of it appears at once, with the checksums of its files in `manifest.json`.

    Parameters
    ----------
    folder
        Must be absent or empty.
    data
        A row is written under its id, without the name of its split where it begins with that. Missing values become
        null, dates text.

    Raises
    ------
    DataError
        The folder has files, or a value that cannot be written; the message names row and column.
    StorageError
        The folder cannot be written.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a"], "split": ["test"], "text": ["act now"]})
    >>> L, gold = np.array([[1]], dtype=np.int8), np.array([-1])
    >>> write_wrench(Path("mine"), WrenchData(frame, L, ["words"], gold, ["ham", "spam"]))
    >>> sorted(file.name for file in Path("mine").iterdir())
    ['label.json', 'manifest.json', 'meta.json', 'test.json']
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: is there already and not empty. Name a folder that is absent or empty.")
    _check(data, folder)
    names = {name: name.removeprefix("data.") if _is_renamed(name) else name for name in data.frame.columns[2:]}
    if len(set(names.values())) < len(names):
        raise DataError(f"{folder}: two columns would get one key: {list(names)}. Rename one.")
    columns = {names[name]: data.frame[name].tolist() for name in names}
    splits, ids = data.frame["split"].tolist(), data.frame["id"].tolist()
    content: dict[str, dict[str, Any]] = {split: {} for split in SPLITS if split in splits}
    for i, (split, row_id) in enumerate(zip(splits, ids, strict=True)):
        key = row_id.removeprefix(f"{split}/")
        if key in content[split]:
            raise DataError(f"{folder}: two rows of {split} would get one key, {key!r}. Rename one.")
        content[split][key] = {
            "label": int(data.gold[i]),
            "weak_labels": data.L[i].tolist(),
            "data": {
                key: as_json(values[i], where=f"row {row_id!r}: column {key!r}") for key, values in columns.items()
            },
        }
    with storage.new_folder(folder) as new:
        storage.write_json(new / "label.json", {str(y): name for y, name in enumerate(data.classes)})
        storage.write_json(new / "meta.json", {**data.meta, "lf_names": data.lf_names})
        for split, rows in content.items():
            storage.write_json(new / f"{split}.json", rows)


def _check(data: WrenchData, folder: Path) -> None:
    if tuple(data.frame.columns[:2]) != _TAKEN:
        raise DataError(f"{folder}: the frame begins with {list(data.frame.columns[:2])}; expected {list(_TAKEN)}.")
    check_names(data.lf_names, "labeling function", where=folder)
    ids = check_ids(data.frame["id"].tolist(), where=folder)
    check_votes(data.L, cardinality=len(data.classes), lf_names=data.lf_names, ids=ids, where=folder)
    if len(data.gold) != len(ids) or not np.isin(data.gold, [UNKNOWN, *range(len(data.classes))]).all():
        raise DataError(f"{folder}: gold must be {len(ids)} classes from 0 to {len(data.classes) - 1}, or -1.")
    if others := sorted(set(data.frame["split"]) - set(SPLITS)):
        raise DataError(f"{folder}: there are rows of split {others[0]!r}; WRENCH has {', '.join(SPLITS)} only.")
    if not len(ids):
        raise DataError(f"{folder}: there is no row to write.")
    if len(set(data.classes)) < len(data.classes) or not all(isinstance(name, str) for name in data.classes):
        raise DataError(f"{folder}: the classes {data.classes} are no different names.")


def _is_renamed(name: str) -> bool:
    return name in {f"data.{taken}" for taken in _TAKEN}


def _classes(file: Path) -> list[str]:
    content = read_json(file)
    expected = [str(y) for y in range(len(content))] if isinstance(content, dict) else []
    if not expected or sorted(content, key=str) != sorted(expected):
        raise DataError(f'{file}: expected an object of class names by number, {{"0": "ham", "1": "spam"}}.')
    classes = [content[y] for y in expected]
    for y, name in enumerate(classes):
        if not isinstance(name, str) or classes.index(name) != y:
            raise DataError(f"{file}: class {y} is {name!r}; expected a name that no other class has.")
    return classes


def _meta(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    content = read_json(file)
    if not isinstance(content, dict) or not isinstance(content.get("lf_names", []), list):
        raise DataError(f"{file}: expected an object, its lf_names a list of the names of labeling functions.")
    return content


def _rows(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    content = read_json(file)
    if not isinstance(content, dict):
        raise DataError(f"{file}: expected an object of rows by key, found a {type(content).__name__}.")
    for key, row in content.items():
        if not isinstance(row, dict) or row.keys() != _KEYS:
            found = sorted(row) if isinstance(row, dict) else type(row).__name__
            raise DataError(f"{file}: row {key!r} has {found}; expected the keys {sorted(_KEYS)} and no others.")
        for name, kind in (("weak_labels", list), ("data", dict)):
            if not isinstance(row[name], kind):
                raise DataError(f"{file}: row {key!r}: {name} is {str(row[name])[:80]!r}; expected a {kind.__name__}.")
        yield key, row


def _votes(votes: list[Any], lf_names: Sequence[str], cardinality: int, place: str) -> list[int]:
    if len(votes) != len(lf_names):
        raise DataError(f"{place} has {len(votes)} weak_labels; expected {len(lf_names)}, as the others have.")
    for name, vote in zip(lf_names, votes, strict=True):
        if isinstance(vote, bool) or not isinstance(vote, int) or not -1 <= vote < cardinality:
            raise DataError(
                f"{place}: weak_labels: {name!r} votes {str(vote)[:80]!r}; expected -1 (abstain) or a class from 0 to "
                f"{cardinality - 1}."
            )
    return votes


def _gold(label: Any, cardinality: int, place: str) -> int:
    if label is None:
        return UNKNOWN
    if isinstance(label, bool) or not isinstance(label, int) or not UNKNOWN <= label < cardinality:
        raise DataError(
            f"{place}: label is {str(label)[:80]!r}; expected a class from 0 to {cardinality - 1}, or -1 where it is "
            "unknown. Sequences of labels cannot be read."
        )
    return label


def _columns(rows: Sequence[dict[str, Any]], places: Sequence[str]) -> dict[str, pd.Series]:
    keys = list(rows[0]) if rows else []
    for row, place in zip(rows, places, strict=True):
        if row.keys() != set(keys):
            odd = sorted(row.keys() ^ set(keys))[0]
            raise DataError(f"{place}: data: {odd!r} is {'in' if odd in row else 'not in'} this row, unlike the first.")
    if renamed := [key for key in keys if _is_renamed(key)]:
        raise DataError(f"{places[0]}: data: {renamed[0]!r} is what labelmill calls another column. Rename it.")
    names = {key: f"data.{key}" if key in _TAKEN else key for key in keys}
    return {names[key]: column_of([row[key] for row in rows]) for key in keys}
