"""What validation found: results, quarantine, numbers, and the error that stops the run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from labelmill.errors import ExpectationError, NothingToDoError
from labelmill.quality.expectations import EXISTS, Check, found_value, shown

ROWS_NAMED: Final = 5
"""Rows that a message names as examples."""

QUARANTINE_COLUMNS: Final = ("id", "source", "column", "expectation", "value", "reason")


@dataclass(frozen=True)
class Broken:
    """One row that broke one expectation."""

    id: str
    check: Check
    value: Any


@dataclass(frozen=True)
class Result:
    """How one check went."""

    check: Check
    stops: bool
    """Whether the run stops when it is broken; else the rows that break it are quarantined."""
    broken: int
    """How many rows, or values, broke it; for the whole table 0 or 1."""
    found: str
    """What was found, for people."""
    rows: tuple[str, ...] = ()
    """Ids of the first rows that broke it."""


@dataclass(frozen=True)
class Outcome:
    """How the rows did."""

    rows: int
    clean: int
    rejected: int
    results: tuple[Result, ...]
    quarantine: pd.DataFrame
    """One line per broken expectation of a row, with `QUARANTINE_COLUMNS`; first those rejected at ingest."""
    shares: Mapping[str, float]
    """What share of the rows was a duplicate, undecodable, quarantined."""
    undeclared: tuple[str, ...]
    sources: Mapping[str, str]
    """Where the rows that results name came from, by id."""

    @property
    def stops(self) -> list[Result]:
        """The results that stop the run."""
        return [result for result in self.results if result.stops and result.broken]

    @property
    def nothing_to_do(self) -> bool:
        """Whether there is no row to go on with."""
        return self.rows == 0 or (self.clean == 0 and not self.stops)

    def metrics(self) -> dict[str, Any]:
        """The numbers for `dvc metrics` and MLflow."""
        return {
            "rows": self.rows,
            "clean_rows": self.clean,
            "rejected_rows": self.rejected,
            "quarantined_rows": self.rows - self.clean,
            **{f"{name}_share": round(value, 6) for name, value in self.shares.items()},
            "expectations": len(self.results),
            "broken_expectations": sum(result.broken > 0 for result in self.results),
            "stopping_expectations": len(self.stops),
            "undeclared_columns": len(self.undeclared),
        }

    def place(self, row: str) -> str:
        """A row's id and where it came from."""
        return f"{row} ({self.sources[row]})" if row in self.sources else row

    def error(self, *, where: str, look_at: str) -> ExpectationError | None:
        """The error that stops the run, or None where it can go on.

        Parameters
        ----------
        where
            The file that the rows are in.
        look_at
            The files in which people can see more.
        """
        if self.nothing_to_do:
            why = f"all {self.rows:,} rows are quarantined" if self.rows else "it has no row"
            return NothingToDoError(
                f"{where}: nothing to do: {why} ({self.rejected:,} more were rejected at ingest). "
                f"Nothing was labeled or trained, and what was there is untouched. Look at {look_at}."
            )
        if not self.stops:
            return None
        count = len(self.stops)
        lines = [f"{where}: {count} expectation{'s' * (count > 1)} broken; no labeling function was run."]
        absent = [result for result in self.stops if result.check.expectation == EXISTS and not result.check.fixed]
        together = absent if len(absent) > 1 else []
        lines += _missing(together)
        for result in self.stops:
            if result in together:
                continue
            check = result.check
            lines.append(f"  {check.about}: expected {check.says}, found {result.found}.")
            if result.rows:
                lines.append(f"    rows: {', '.join(self.place(row) for row in result.rows)}")
            lines.append(f"    broken: {check.expectation}, set by {check.key}. {check.to_do}")
        return ExpectationError("\n".join([*lines, f"  Look at {look_at}."]))


def _missing(absent: Sequence[Result]) -> list[str]:
    """Columns that are missing, in two lines whatever their number: what a file of another kind lacks is many."""
    if not absent:
        return []
    found = [(result.check.about, result.found.removeprefix("none").removeprefix("; ")) for result in absent]
    names = ", ".join(f"{name} ({near})" if near else name for name, near in found)
    return [
        f"  {len(absent)} columns are missing: {names}.",
        f"    broken: {EXISTS}, set by validate.columns.COLUMN.required of each. Name them so in the source, or set "
        "that key to false where the task can do without.",
    ]


def quarantine(broken: Sequence[Broken], rejected: pd.DataFrame, sources: Mapping[str, str]) -> pd.DataFrame:
    """The table of `Outcome.quarantine`."""
    lines: list[tuple[str | None, ...]] = [
        (None, row.source, None, "readable", None, row.reason) for row in rejected.itertuples()
    ]
    for row in broken:
        check = row.check
        reason = f"{found_value(check, row.value)}; expected {check.says} ({check.key})"
        value = shown(row.value)
        lines.append((row.id, sources.get(row.id), check.about, check.expectation, value, reason))
    return pd.DataFrame(lines, columns=list(QUARANTINE_COLUMNS), dtype="str")
