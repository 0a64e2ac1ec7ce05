"""Tables of any columns from CSV, JSONL and Parquet files: ids, gold and dates found, columns typed."""

import hashlib
import json
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from labelmill.errors import DataError, NothingToDoError
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.sources.columns import date_column, parse_day, parse_text, typed_column
from labelmill.sources.files import find_files
from labelmill.sources.intake import Intake, as_read, gold_number, provenance, rejections, require_columns
from labelmill.sources.table_files import MAX_COLUMNS, READERS, SUFFIXES, RawRow

RESERVED = ("split",)


def read_tables(params: Params, *, labeled: bool = True) -> Intake:
    """All rows of the files at `ingest.path`, as `ingest.source` says.

    Parameters
    ----------
    params
        Sections `task` and `ingest` are used.
    labeled
        Whether the label column must be there; if not, what it holds is left aside.

    Raises
    ------
    DataError
        A file cannot be read, a column that `params.yaml` names is missing, a label is no class, or
        two rows have one id and different content.
    NothingToDoError
        There is no row.
    """
    kind, where = params.ingest.source, str(params.ingest.path)
    rows, rejected = _read(params)
    if not rows and not rejected:
        raise NothingToDoError(f"{where}: there is no row in it.")
    if not rows:
        raise _unreadable(where, rejected)
    names = list(dict.fromkeys(name for row in rows for name in row.values or ()))
    if kind == "jsonl":
        names.sort()  # there is no header: the order of rows must not matter
    _check_columns(names, params, where, labeled=labeled)
    ingest = params.ingest
    id_column = ingest.id_column or ("id" if "id" in names else None)
    dates = _dates(rows, ingest.splits.date_column, rejected)
    ids = [_identity(row, id_column, ingest.label_column) for row in rows]
    rejected += [(row.source, f"no id in column {id_column!r}") for row, id_ in zip(rows, ids, strict=True) if not id_]
    bad = {source for source, _ in rejected}
    kept = [i for i, row in enumerate(rows) if row.source not in bad]
    if not kept:
        raise _unreadable(where, rejected)
    rows, ids = [rows[i] for i in kept], [ids[i] for i in kept]
    frame = {"id": pd.Series(ids, dtype="str")}
    for name in names:
        values = [(row.values or {}).get(name) for row in rows]
        if name == ingest.splits.date_column:
            frame[name] = date_column([dates[i] for i in kept])
        elif name not in (id_column, ingest.label_column):
            is_text = kind != "csv" or name in params.task.text_columns
            frame[name] = typed_column(_blank_to_none(values) if is_text else parse_text(values))
    labels = [(row.values or {}).get(ingest.label_column or "") if labeled else None for row in rows]
    gold = [gold_number(label, params.task.classes, where=row.source) for label, row in zip(labels, rows, strict=True)]
    return Intake(
        pd.DataFrame(frame),
        np.array(gold, dtype=np.int64),
        provenance([row.source for row in rows]),
        rejections(rejected),
        same_columns=tuple(name for name in frame if name != "id"),
    )


def _read(params: Params) -> tuple[list[RawRow], list[tuple[str, str]]]:
    kind = params.ingest.source
    rows: list[RawRow] = []
    rejected: list[tuple[str, str]] = []
    header: tuple[str, list[str]] | None = None
    for file in progress(find_files(params.ingest.path, SUFFIXES[kind]), f"reading {kind}"):
        names: dict[str, None] = {}
        for row in READERS[kind](file, int(params.ingest.max_row_mb * 1e6)):
            if row.values is None:
                rejected.append((row.source, row.reason))
            else:
                rows.append(row)
                names.update(dict.fromkeys(row.values))
        if len(names) > MAX_COLUMNS:
            raise DataError(f"{file}: has {len(names):,} columns; at most {MAX_COLUMNS:,} can be read.")
        if kind != "jsonl" and names:  # rows of JSONL may leave out what they have no value for
            header = header or (str(file), list(names))
            _check_same_columns(header, str(file), list(names))
    return rows, rejected


def _unreadable(where: str, rejected: list[tuple[str, str]]) -> DataError:
    source, reason = min(rejected, key=lambda place: as_read(place[0]))
    return DataError(f"{where}: no readable row; the first of {len(rejected):,} rejected: {source}: {reason}.")


def _check_same_columns(first: tuple[str, list[str]], file: str, names: list[str]) -> None:
    for a, b, here, there in ((first[1], names, file, first[0]), (names, first[1], first[0], file)):
        missing = [name for name in a if name not in b]
        if missing:
            near = get_close_matches(missing[0], b, n=1, cutoff=0.5)
            hint = f" It has {near[0]!r}." if near else ""
            raise DataError(f"{here}: there is no column {missing[0]!r}, which {there} has.{hint}")


def _check_columns(names: list[str], params: Params, where: str, *, labeled: bool) -> None:
    ingest = params.ingest
    needed = [(name, "task.text_columns") for name in params.task.text_columns]
    for column, key in (
        (ingest.id_column, "ingest.id_column"),
        (ingest.label_column if labeled else None, "ingest.label_column"),
        (ingest.splits.date_column, "ingest.splits.date_column"),
    ):
        if column is not None:
            needed.append((column, key))
    require_columns(names, needed, where=where)
    taken = [name for name in names if name in RESERVED or (name == "id" and ingest.id_column not in ("id", None))]
    if taken:
        raise DataError(
            f"{where}: the column name {taken[0]!r} is taken by labelmill. Rename it"
            + (", or let ingest.id_column in params.yaml name it." if taken[0] == "id" else ".")
        )


def _dates(rows: list[RawRow], column: str | None, rejected: list[tuple[str, str]]) -> list[Any]:
    dates: list[Any] = []
    for row in rows:
        value = (row.values or {}).get(column or "")
        try:
            dates.append(None if value is None or value == "" else parse_day(value))
        except ValueError as error:
            dates.append(None)
            rejected.append((row.source, f"column {column!r}: {str(value)[:80]!r} {error}"))
    return dates


def _identity(row: RawRow, id_column: str | None, label_column: str | None) -> str | None:
    values = row.values or {}
    if id_column is not None:
        value = values.get(id_column)
        return str(value).strip() or None if isinstance(value, str | int | float) else None
    content = {name: value for name, value in values.items() if name != label_column and value is not None}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _blank_to_none(values: list[Any]) -> list[Any]:
    return [None if value == "" else value for value in values]
