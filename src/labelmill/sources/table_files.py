"""CSV, JSONL and Parquet files, row by row: a row that cannot be read is set aside, a file that cannot stops."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from labelmill.errors import DataError
from labelmill.sources.columns import plain
from labelmill.sources.decoding import storable
from labelmill.sources.files import lines, open_checked

MAX_COLUMNS: Final = 2000

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONVERT: Final = "; convert the file, if it is Windows-1252 by `iconv -f WINDOWS-1252 -t UTF-8`"


class RawRow(NamedTuple):
    """One row: its place in the file and its values by column, or why it cannot be read."""

    source: str
    values: dict[str, Any] | None
    reason: str = ""


def read_csv(file: Path, max_bytes: int) -> Iterator[RawRow]:
    """Rows of a CSV file (RFC 4180, UTF-8, first line names the columns); tabs where its name says .tsv. All texts."""
    with open_checked(file) as stream, _field_limit(max_bytes):
        too_long = False

        def texts() -> Iterator[str]:
            nonlocal too_long
            for number, line in lines(stream, max_bytes):
                if number == 1 and line is not None:
                    line = _without_bom(line, file)
                too_long = too_long or line is None
                yield "\n" if line is None else line.decode("utf-8", "surrogateescape")

        delimiter = "\t" if ".tsv" in map(str.lower, file.suffixes) else ","
        reader = csv.reader(texts(), strict=True, delimiter=delimiter)
        names: list[str] | None = None
        first = 1
        while True:
            too_long = False
            place = f"{file}:{first}"
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end" in str(error) or "field limit" in str(error):
                    raise DataError(f"{place}: a quote that opens here is not closed. Correct the file.") from error
                fields, problem = [], f"is no CSV ({error})"
            else:
                problem = f"line longer than ingest.max_row_mb = {max_bytes / 1e6:g} MB" if too_long else ""
            first = reader.line_num + 1
            if names is None:
                names = _header(fields, problem, place)
            elif problem:
                yield RawRow(place, None, problem)
            elif fields:
                yield _csv_row(place, names, fields)


def read_jsonl(file: Path, max_bytes: int) -> Iterator[RawRow]:
    """Rows of a file with one JSON object per line."""
    with open_checked(file) as stream:
        for number, line in lines(stream, max_bytes):
            place = f"{file}:{number}"
            if line is None:
                yield RawRow(place, None, f"line longer than ingest.max_row_mb = {max_bytes / 1e6:g} MB")
                continue
            line = _without_bom(line, file) if number == 1 else line
            if line.strip():
                yield _json_row(place, line)


def read_parquet(file: Path, max_bytes: int) -> Iterator[RawRow]:
    """Rows of a Parquet file, page checksums verified where it has them."""
    with open_checked(file):  # refuses pipes, empty files, and files that change
        try:
            with pq.ParquetFile(file, page_checksum_verification=True, pre_buffer=False) as table:
                names = table.schema_arrow.names
                if len(names) > MAX_COLUMNS or len(set(names)) < len(names):
                    raise DataError(f"{file}: has a column name twice, or more than {MAX_COLUMNS:,} columns.")
                number = 0
                for batch in table.iter_batches(batch_size=1000):
                    columns = [_values(batch.column(i)) for i in range(len(names))]
                    for row in zip(*columns, strict=True):
                        number += 1
                        place = f"{file}:row {number}"
                        if sum(len(value) for value in row if isinstance(value, str | bytes)) > max_bytes:
                            yield RawRow(place, None, f"larger than ingest.max_row_mb = {max_bytes / 1e6:g} MB")
                        else:
                            yield RawRow(place, {n: plain(v) for n, v in zip(names, row, strict=True)})
        except (pa.ArrowException, ValueError, OverflowError, MemoryError, UnicodeError) as error:
            if isinstance(error, DataError):
                raise
            first = (str(error).splitlines() or ["no reason given"])[0][:300]
            raise DataError(f"{file}: is no Parquet file, or a damaged one ({first}). Write it again.") from error


READERS: Final[dict[str, Callable[[Path, int], Iterator[RawRow]]]] = {
    "csv": read_csv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
}
SUFFIXES: Final = {
    "csv": (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    "jsonl": (".jsonl", ".jsonl.gz", ".ndjson"),
    "parquet": (".parquet",),
}


def _header(fields: list[str], problem: str, place: str) -> list[str]:
    joined = "".join(fields)
    if problem or not joined.strip() or "\x00" in joined or joined != storable(joined):
        raise DataError(f"{place}: is no CSV header ({problem or 'empty, or no text'}). Expected the column names.")
    names = [field.strip() for field in fields]
    if len(names) > MAX_COLUMNS:
        raise DataError(f"{place}: names {len(names):,} columns; at most {MAX_COLUMNS:,} can be read.")
    for name in names:
        if not name or names.count(name) > 1:
            raise DataError(f"{place}: the column name {name!r} is empty or there twice. Rename it.")
    return names


def _csv_row(place: str, names: list[str], fields: list[str]) -> RawRow:
    if len(fields) != len(names):
        return RawRow(place, None, f"expected {len(names)} fields, found {len(fields)}")
    for name, field in zip(names, fields, strict=True):
        if not field.isascii() and any("\udc80" <= char <= "\udcff" for char in field):
            return RawRow(place, None, f"column {name!r} is not UTF-8{_CONVERT}")
    return RawRow(place, {name: storable(field) for name, field in zip(names, fields, strict=True)})


def _json_row(place: str, line: bytes) -> RawRow:
    try:
        row = json.loads(line.decode("utf-8"))
        if not isinstance(row, dict):
            return RawRow(place, None, f"expected a JSON object, found {type(row).__name__}")
        return RawRow(place, {storable(name): plain(value) for name, value in row.items()})
    except UnicodeDecodeError as error:
        return RawRow(place, None, f"is not UTF-8 (byte {error.start}){_CONVERT}")
    except json.JSONDecodeError as error:  # its own text says "line 1" of what is one line of many
        return RawRow(place, None, f"is not JSON ({error.msg}, character {error.pos + 1})")
    except ValueError as error:
        return RawRow(place, None, f"is not JSON ({str(error)[:200]})")
    except RecursionError:
        return RawRow(place, None, "is not JSON that can be read (nested too deeply)")


def _values(column: pa.Array) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column.to_pylist()


def _without_bom(line: bytes, file: Path) -> bytes:
    if line.startswith(_UTF16_BOMS):
        raise DataError(f"{file}: is UTF-16. Convert it to UTF-8: `iconv -f UTF-16 -t UTF-8`.")
    return line.removeprefix(_UTF8_BOM)


@contextmanager
def _field_limit(limit: int) -> Iterator[None]:
    """The module csv has one limit for the whole process, 128 KB by default."""
    before = csv.field_size_limit(limit)
    try:
        yield
    finally:
        csv.field_size_limit(before)
