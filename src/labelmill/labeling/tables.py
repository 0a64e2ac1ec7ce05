"""Word lists and lookup tables: plain files that anyone can read and diff."""

import csv
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from labelmill.errors import LFError
from labelmill.labeling.functions import Origin


def read_words(words: Iterable[str] | str | Path, *, lf: str, origin: Origin) -> list[str]:
    """Words from a list, or from a file with one a line and `# ` before comments.

    Raises
    ------
    LFError
        No such file, no word, or something else than text.
    """
    if isinstance(words, str | Path):
        found = _lines(resolve(words, lf=lf, origin=origin), lf=lf)
        hint = f" For a single word write [{str(words)!r}]."
    else:
        found, hint = list(words), ""
    for word in found:
        if not isinstance(word, str) or not word.strip():
            raise LFError(f"labeling function {lf!r}: {word!r} is no word.")
    if not found:
        raise LFError(f"labeling function {lf!r}: {words!r} holds no words.{hint}")
    return list(dict.fromkeys(" ".join(word.split()) for word in found))


def read_table(table: Any, *, label: int | None, lf: str, origin: Origin) -> dict[Any, Any]:
    """Value to class from a dict, from values that share one `label`, or from a file of either.

    A `.json` file holds an object or a list, a `.csv` file the columns value and class (without header,
    the second only where there is no `label`), any other one value a line.
    """
    if isinstance(table, str | Path):
        path = resolve(table, lf=lf, origin=origin)
        table = {".json": _json, ".csv": _csv}.get(path.suffix, _lines)(path, lf=lf)
    if isinstance(table, Mapping):
        if label is not None:
            raise LFError(f"labeling function {lf!r}: give either a table with classes or label=, not both.")
        return dict(table)
    if label is None:
        raise LFError(f"labeling function {lf!r}: the table has no classes; give label=.")
    return dict.fromkeys(table, label)


def resolve(file: str | Path, *, lf: str, origin: Origin) -> Path:
    """The path of a file that is named relative to the file that defines the labeling function."""
    base = origin.file.parent if origin.file.is_file() else Path.cwd()  # a notebook cell has no file
    path = base / file
    if not path.is_file():
        raise LFError(
            f"labeling function {lf!r} of {origin}: there is no file {path}. For words write a list: [{str(file)!r}]."
        )
    return path


def _lines(path: Path, *, lf: str) -> list[str]:
    # "we're #1" is a phrase; only a "#" that stands alone or begins a line begins a comment.
    lines = (re.split(r"^\s*#|\s#(?:\s|$)", line, maxsplit=1)[0] for line in _text(path, lf=lf).splitlines())
    return [line.strip() for line in lines if line.strip()]


def _json(path: Path, *, lf: str) -> Any:
    try:
        content = json.loads(_text(path, lf=lf))
    except ValueError as error:
        raise LFError(f"labeling function {lf!r}: {path} is not valid JSON ({error}).") from error
    if not isinstance(content, dict | list):
        raise LFError(f"labeling function {lf!r}: {path} must hold an object or a list.")
    return content


def _csv(path: Path, *, lf: str) -> Any:
    rows = [row for row in csv.reader(_text(path, lf=lf).splitlines()) if row and not row[0].lstrip().startswith("#")]
    if all(len(row) == 1 for row in rows):
        return [row[0].strip() for row in rows]
    try:
        return {value.strip(): int(number) for value, number in rows}
    except ValueError as error:
        raise LFError(
            f"labeling function {lf!r}: {path} must have the columns value and class number, no header ({error})."
        ) from error


def _text(path: Path, *, lf: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LFError(f"labeling function {lf!r}: {path} is not UTF-8 ({error}).") from error
