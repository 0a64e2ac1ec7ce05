"""CSV (RFC 4180) in UTF-8, the first line of which names the columns: whatever text is written is read again."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from labelmill.errors import DataError
from labelmill.sources.files import open_checked


def read_lines(path: Path) -> list[list[str]]:
    """The fields of each line that is not blank.

    Raises
    ------
    DataError
        The file cannot be read, or is no CSV.
    """
    with open_checked(path) as stream:
        content = stream.read()
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        return [line for line in csv.reader(text, strict=True) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: is no CSV in UTF-8 ({error}).") from error


def as_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A header and rows as the text of a file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # with "\n" alone a lone "\r" would not be quoted
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def check_widths(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str]) -> None:
    """Raise DataError where a row has more or fewer fields than the header."""
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise DataError(f"{path}: row {number} has {len(row)} fields; expected {len(header)}, {list(header)[:10]}.")
