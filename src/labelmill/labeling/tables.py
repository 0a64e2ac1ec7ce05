"""Word lists and tables: plain files that anyone can read and diff, and those that other systems keep."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from labelmill.errors import LFError
from labelmill.labeling.databases import is_sqlite, is_url, read_database, read_sqlite, sqlite_file
from labelmill.labeling.functions import Origin
from labelmill.labeling.provenance import Provenance, file_provenance
from labelmill.labeling.rows import no_such_column


def read_words(words: Iterable[str] | str | Path, *, lf: str, origin: Origin, repeats: bool = False) -> list[str]:
    """Words from a list, or from a file with one a line; those that stand there twice count once, but for `repeats`.

    Raises
    ------
    LFError
        No such file, no word, or something else than text.
    """
    if isinstance(words, str | Path):
        hint = f" For a single word write [{str(words)!r}]."
        found = _lines(resolve(words, lf=lf, origin=origin, hint=hint), lf=lf)
    else:
        found, hint = list(words), ""
    for word in found:
        if not isinstance(word, str) or not word.strip():
            quoted = "" if word is None or isinstance(word, str) else f" Write {str(word)!r}, in quotes, for the text."
            raise LFError(f"labeling function {lf!r}: {word!r} is no word.{quoted}")
    if not found:
        raise LFError(f"labeling function {lf!r}: {words!r} holds no words.{hint}")
    clean = [" ".join(word.split()) for word in found]
    return clean if repeats else list(dict.fromkeys(clean))


@dataclass(frozen=True)
class Source:
    """A table as a builder is given it.

    Attributes
    ----------
    table
        What holds it: values in the code, a file, or a database.
    columns
        Names of its columns that count, in the order in which they are wanted; empty where it has no names.
    query
        For a database: a table's name or a SELECT.
    lf, origin
        The labeling function that asks, for errors, and where it stands, for relative paths.
    """

    table: Any
    lf: str
    origin: Origin
    columns: tuple[str, ...] = ()
    query: str | None = None


def read_classes(
    source: Source, *, label: int | None, classes: Mapping[Any, int] | None = None
) -> tuple[list[tuple[Any, Any]], tuple[Provenance, ...]]:
    """Values with their classes, from a dict, from values that share one `label`, or from a file or database of either.

    A `.json` file holds an object or a list, a `.csv` file the columns value and class (the second only
    where there is no `label`), any other text file one value a line.
    """
    table, provenance = read_source(source)
    if isinstance(table, Mapping):
        pairs = list(table.items())
    elif table and all(isinstance(row, tuple) and len(row) == 2 for row in table):
        known = [(value, vote) for value, vote in table if value is not None]
        pairs = [(value, _number(vote, value, source) if classes is None else vote) for value, vote in known]
    else:
        values = [value for (value,) in rows_of(table, source, width=1)]
        if label is None and values:
            raise LFError(f"labeling function {source.lf!r}: the table has no classes; give label=.")
        return [(value, label) for value in values], provenance
    if label is not None:
        raise LFError(f"labeling function {source.lf!r}: give either a table with classes or label=, not both.")
    return [(_plain(value, source), _class(vote, value, classes, source)) for value, vote in pairs], provenance


def read_source(source: Source) -> tuple[Any, tuple[Provenance, ...]]:
    """A mapping, or a list of values or (several columns) tuples, and where they came from."""
    table, lf = source.table, source.lf
    if not isinstance(table, str | Path):
        _refuse_names(source, "a table in the code")
        return table if isinstance(table, Mapping) else list(table), ()
    file = sqlite_file(str(table)) if is_url(table) else table
    if file is None:
        rows, provenance = read_database(str(table), columns=source.columns, query=source.query, lf=lf)
        return rows, (provenance,)
    path = resolve(file, lf=lf, origin=source.origin)
    if is_sqlite(path):
        rows, provenance = read_sqlite(table, path, columns=source.columns, query=source.query, lf=lf)
        return rows, (provenance,)
    if source.query is not None:
        raise LFError(f"labeling function {lf!r}: query= is for databases, and {path} is none.")
    read = {".json": _json, ".csv": _csv, ".tsv": _csv, ".parquet": _parquet}.get(path.suffix, _named_lines)
    return read(path, source), (file_provenance(table, path),)


def rows_of(table: Any, source: Source, *, width: int) -> list[tuple[Any, ...]]:
    """The rows of a table that was read, each checked to have so many values; those without a value are left out."""
    if isinstance(table, Mapping):
        raise LFError(f"labeling function {source.lf!r}: the table must be a list, found a mapping.")
    rows = []
    for row in table:
        values = tuple(row) if isinstance(row, tuple | list) else (row,)
        if len(values) != width:
            hint = " Name those that count." if len(values) > width and not source.columns else ""
            raise LFError(
                f"labeling function {source.lf!r}: a row of the table must have {width} columns, found {row!r}.{hint}"
            )
        if None not in values:
            rows.append(tuple(_plain(value, source) for value in values))
    return rows


def _plain(value: Any, source: Source) -> Any:
    if isinstance(value, str | int | float):
        return value
    raise LFError(
        f"labeling function {source.lf!r}: the values of the table must be texts or numbers, found {value!r}."
    )


def _number(vote: Any, value: Any, source: Source) -> Any:
    """The class that a file of texts gives."""
    try:
        return int(vote) if isinstance(vote, str) else vote
    except ValueError as error:
        raise LFError(
            f"labeling function {source.lf!r}: the table gives {value!r} the class {vote!r}, which is no number. "
            "Say with classes= what its words mean; where this is a header, give key_column= and label_column=."
        ) from error


def _class(vote: Any, value: Any, classes: Mapping[Any, int] | None, source: Source) -> Any:
    if classes is None:
        return vote
    if vote not in classes:
        raise LFError(
            f"labeling function {source.lf!r}: the table gives {value!r} the class {vote!r}; classes= has "
            f"{', '.join(map(repr, classes))}."
        )
    return classes[vote]


def _refuse_names(source: Source, what: str) -> None:
    if source.columns or source.query is not None:
        raise LFError(
            f"labeling function {source.lf!r}: {what} has no named columns and takes no query; leave them out."
        )


def resolve(file: str | Path, *, lf: str, origin: Origin, hint: str = "") -> Path:
    """The path of a file that is named relative to the file that defines the labeling function."""
    base = origin.file.parent if origin.file.is_file() else Path.cwd()  # a notebook cell has no file
    path = base / file
    if not path.is_file():
        raise LFError(f"labeling function {lf!r} of {origin}: there is no file {path}.{hint}")
    return path


def _named_lines(path: Path, source: Source) -> list[str]:
    _refuse_names(source, str(path))
    return _lines(path, lf=source.lf)


def _lines(path: Path, *, lf: str) -> list[str]:
    # "we're #1" is a phrase; only a "#" that stands alone or begins a line begins a comment.
    lines = (re.split(r"^\s*#|\s#(?:\s|$)", line, maxsplit=1)[0] for line in _text(path, lf=lf).splitlines())
    return [line.strip() for line in lines if line.strip()]


def _json(path: Path, source: Source) -> Any:
    try:
        content = json.loads(_text(path, lf=source.lf))
    except ValueError as error:
        raise LFError(f"labeling function {source.lf!r}: {path} is not valid JSON ({error}).") from error
    if not source.columns:
        if not isinstance(content, dict | list):
            raise LFError(f"labeling function {source.lf!r}: {path} must hold an object or a list.")
        return content
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise LFError(f"labeling function {source.lf!r}: {path} must hold a list of objects to have named columns.")
    return [tuple(_cell(row, name, path, source) for name in source.columns) for row in content]


def _cell(row: Mapping[str, Any], name: str, path: Path, source: Source) -> Any:
    if name not in row:
        raise LFError(f"labeling function {source.lf!r}: {path}: {no_such_column(name, list(row))}")
    return row[name]


def _csv(path: Path, source: Source) -> Any:
    text = io.StringIO(_text(path, lf=source.lf), newline="")
    reader = csv.reader(text, delimiter="\t" if path.suffix == ".tsv" else ",")
    if source.columns:
        return _below_header(reader, path, source)
    rows = [tuple(map(str.strip, row)) for row in reader if row and not row[0].lstrip().startswith("#")]
    if rows and all(len(row) == 1 for row in rows):
        return [row[0] for row in rows]
    return rows


def _below_header(reader: Any, path: Path, source: Source) -> list[tuple[str, ...]]:
    header = [name.strip() for name in next(reader, [])]
    if not header:
        raise LFError(
            f"labeling function {source.lf!r}: {path} is empty; expected a header with {source.columns[0]!r}."
        )
    for name in source.columns:
        if name not in header:
            raise LFError(f"labeling function {source.lf!r}: {path}: {no_such_column(name, header)}")
    places, rows = [header.index(name) for name in source.columns], []
    for row in filter(None, reader):
        if len(row) != len(header):
            raise LFError(
                f"labeling function {source.lf!r}: {path}:{reader.line_num}: expected {len(header)} values as in the "
                f"header, found {len(row)}."
            )
        rows.append(tuple(row[place].strip() for place in places))
    return rows


def _parquet(path: Path, source: Source) -> list[tuple[Any, ...]]:
    try:
        names = pq.read_schema(path).names
        for name in source.columns:
            if name not in names:
                raise LFError(f"labeling function {source.lf!r}: {path}: {no_such_column(name, names)}")
        table = pq.read_table(path, columns=list(source.columns) or None)
    except pa.ArrowException as error:
        raise LFError(f"labeling function {source.lf!r}: {path} cannot be read as Parquet ({error}).") from error
    columns = [table[name] for name in source.columns] or table.columns
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


def _text(path: Path, *, lf: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LFError(f"labeling function {lf!r}: {path} is not UTF-8 ({error}).") from error
