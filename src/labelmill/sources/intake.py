"""What a reader hands over: the rows it could read, the gold it met, where each came from, what it could not read."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from labelmill.arrays import UNKNOWN, Gold
from labelmill.errors import DataError


@dataclass(frozen=True)
class Intake:
    """Rows as they were read; the parts lie row beside row.

    Attributes
    ----------
    frame
        `id` and the data columns.
    gold
        The true classes, -1 where unknown.
    provenance
        `source` (file and line, or member) and `group` (folder, or null) of each row.
    rejected
        `source` and `reason` of what could not be read.
    same_columns
        Rows that agree in these columns are copies of one another.
    """

    frame: pd.DataFrame
    gold: Gold
    provenance: pd.DataFrame
    rejected: pd.DataFrame
    same_columns: tuple[str, ...]

    def take(self, places: np.ndarray, gold: Gold | None = None) -> "Intake":
        """The rows at these places, in this order; with other gold where given."""
        return Intake(
            frame=self.frame.iloc[places].reset_index(drop=True),
            gold=(self.gold if gold is None else gold)[places],
            provenance=self.provenance.iloc[places].reset_index(drop=True),
            rejected=self.rejected,
            same_columns=self.same_columns,
        )


def provenance(sources: Sequence[str], groups: Sequence[str | None] | None = None) -> pd.DataFrame:
    """The table of `Intake.provenance`."""
    group = list(groups) if groups is not None else [None] * len(sources)
    return pd.DataFrame({"source": pd.Series(list(sources), dtype="str"), "group": pd.Series(group, dtype="str")})


def as_read(source: str) -> tuple[str, int]:
    """To sort places by: file by file, and line 9 of one before its line 10.

    >>> sorted(["a.csv:10", "a.csv:9", "a.csv"], key=as_read)
    ['a.csv', 'a.csv:9', 'a.csv:10']
    """
    file, _, line = source.rpartition(":")
    return (file, int(line)) if line.isdecimal() else (source, 0)


def rejections(rejected: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """The table of `Intake.rejected`, in the order of reading."""
    rows = sorted(rejected, key=lambda place: (as_read(place[0]), place[1]))
    return pd.DataFrame(
        {
            "source": pd.Series([source for source, _ in rows], dtype="str"),
            "reason": pd.Series([reason for _, reason in rows], dtype="str"),
        }
    )


def require_columns(found: Iterable[str], needed: Iterable[tuple[str, str]], *, where: str) -> None:
    """Check that each (column, params key that names it) is there.

    Raises
    ------
    DataError
        One is not; the message names it, the key, the nearest column and what there is.
    """
    found = list(found)
    for column, key in needed:
        if column not in found:
            near = get_close_matches(column, found, n=1, cutoff=0.5)
            other = next((mark for mark in ";\t|" if len(found) == 1 and column in found[0].split(mark)), None)
            if other is not None:
                raise DataError(
                    f"{where}: its columns are separated by {other!r}; a comma is needed in .csv, a tab in .tsv."
                )
            hint = f"Did you mean {near[0]!r}?" if near else f"Found {', '.join(map(repr, found[:20]))}."
            raise DataError(f"{where}: there is no column {column!r}, which {key} in params.yaml names. {hint}")


def gold_number(value: object, classes: Sequence[str], *, where: str) -> int:
    """The number of a class given by name or number; -1 for null, empty and -1.

    Raises
    ------
    DataError
        It is no class; the message names the place, the value and the classes.
    """
    if value is None or value != value or value == "":  # NaN differs from itself
        return UNKNOWN
    text = str(value).strip()
    if text in classes:
        return list(classes).index(text)
    with suppress(ValueError):
        number = float(text)
        if not isinstance(value, bool) and number in (UNKNOWN, *range(len(classes))):
            return int(number)
    raise DataError(
        f"{where}: the label {str(value)[:80]!r} is none of the classes {list(classes)} nor a number from 0 to "
        f"{len(classes) - 1}. Correct it, or task.classes in params.yaml."
    )
