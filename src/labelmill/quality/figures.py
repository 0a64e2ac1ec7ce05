"""Figures of the whole table, added up shard by shard, and what is expected of them."""

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pandas as pd

from labelmill.params import ColumnCheck, ValidateParams
from labelmill.quality.expectations import STRUCTURE, Check, kind_of, shown
from labelmill.quality.outcome import ROWS_NAMED, Broken

_BETWEEN: Final = "expect_column_values_to_be_between"
_IN_SET: Final = "expect_column_values_to_be_in_set"


@dataclass(frozen=True)
class Figure:
    """One figure of the table and what is expected of it."""

    check: Check
    value: Any
    found: str
    """The figure, for people."""
    rows: tuple[str, ...] = ()
    """Ids of the first rows behind it."""


@dataclass
class Tally:
    """What is added up over the shards; memory grows with the number of ids alone."""

    expected: Mapping[str, ColumnCheck]
    rows: int = 0
    columns: list[str] | None = None
    """Columns that every shard has."""
    undeclared: list[str] = field(default_factory=list)
    ids: list[pd.Series] = field(default_factory=list)
    nulls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    undecoded: int = 0
    wrong_kinds: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    examples: dict[str, list[tuple[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """First rows behind each figure, (id, value), by the name of the figure."""

    def add(self, shard: pd.DataFrame) -> None:
        """Count one shard."""
        self.rows += len(shard)
        self.columns = [c for c in (shard.columns if self.columns is None else self.columns) if c in shard.columns]
        known = {*self.expected, *STRUCTURE, *self.undeclared}
        self.undeclared += [c for c in shard.columns if c not in known]
        if "id" in shard.columns:
            self.ids.append(shard["id"])
        for name, column in self.expected.items():
            if name not in shard.columns:
                continue
            missing = shard[name].isna()
            self.nulls[name] += int(missing.sum())
            self._remember(f"nulls {name}", shard, name, missing)
            kinds = kind_of(shard[name])
            if kinds and column.type not in kinds:
                self.wrong_kinds[name] |= kinds
                self._remember(f"kind {name}", shard, name, _odd_ones(shard[name], column.type))
        if "decode_problems" in shard.columns:
            problems = shard["decode_problems"].map(lambda value: isinstance(value, list) and len(value) > 0)
            problems = problems.astype(bool)
            self.undecoded += int(problems.sum())
            self._remember("undecoded", shard, "decode_problems", problems)

    def _remember(self, name: str, shard: pd.DataFrame, column: str, chosen: pd.Series) -> None:
        room = ROWS_NAMED - len(self.examples[name])
        if room > 0 and "id" in shard.columns and chosen.any():
            rows = shard.loc[chosen, ["id", column]].head(room)
            self.examples[name] += zip(rows["id"].map(str), rows[column], strict=True)

    def named(self, name: str) -> tuple[str, ...]:
        """Ids of the first rows behind a figure."""
        return tuple(row for row, _ in self.examples[name])

    def usable(self, name: str) -> bool:
        """Whether a column is in every shard, with values of the declared kind."""
        return name in (self.columns or []) and not self.wrong_kinds[name]

    def figures(self, params: ValidateParams) -> Iterator[Figure]:
        """What was added up, beside what is expected of it."""
        limits = {"min_value": params.min_rows}
        check = Check("rows", "rows", _BETWEEN, f"at least {params.min_rows:,} rows", "validate.min_rows", limits)
        yield Figure(check, self.rows, f"{self.rows:,}")
        for name, column in self.expected.items():
            if name not in (self.columns or []):
                continue
            yield self._kind(name, column)
            if self.usable(name) and column.max_null_share < 1:
                yield share_figure(
                    (name, f"nulls {name}"),
                    self.nulls[name],
                    self.rows,
                    limit=column.max_null_share,
                    key=f"validate.columns.{name}.max_null_share",
                    says="of the rows without a value",
                    rows=self.named(f"nulls {name}"),
                )
        if "decode_problems" in (self.columns or []):
            yield share_figure(
                ("encoding", "undecoded"),
                self.undecoded,
                self.rows,
                limit=params.max_undecoded_share,
                key="validate.max_undecoded_share",
                says="of the rows with bytes that could not be decoded",
                rows=self.named("undecoded"),
            )

    def _kind(self, name: str, column: ColumnCheck) -> Figure:
        wrong = " and ".join(sorted(self.wrong_kinds[name]))
        says, key = f"values of type {column.type}", f"validate.columns.{name}.type"
        check = Check(name, f"kind {name}", _IN_SET, says, key, {"value_set": [column.type]})
        if not wrong:
            return Figure(check, column.type, column.type)
        example = shown(self.examples[f"kind {name}"][0][1]) if self.named(f"kind {name}") else None
        return Figure(check, wrong, f"{wrong}, for example {example!r}", self.named(f"kind {name}"))


def share_figure(
    names: tuple[str, str], count: int, total: int, *, limit: float, key: str, says: str, rows: tuple[str, ...] = ()
) -> Figure:
    """A share that a params key limits; `names` are for people and for Great Expectations."""
    check = Check(*names, _BETWEEN, f"at most {percent(limit)} {says}", key, {"max_value": limit})
    return Figure(check, count / total, f"{percent(count / total)} ({count:,} of {total:,})", rows)


def duplicate_figure(dropped: int, read: int, params: ValidateParams) -> Figure:
    """The share of rows that ingest dropped as exact duplicates of others."""
    return share_figure(
        ("duplicate rows", "duplicate"),
        dropped,
        read,
        limit=params.max_duplicate_share,
        key="validate.max_duplicate_share",
        says="of the rows dropped as exact duplicates",
    )


def _odd_ones(values: pd.Series, wanted: str) -> pd.Series:
    """Which values are to blame for the kind of a column: one word among flags makes all of them texts."""
    present = values.notna()
    if not isinstance(values.dtype, pd.StringDtype) or wanted not in ("boolean", "number"):
        return present
    fits = values.str.lower().isin(["true", "false"])
    if wanted == "number":
        fits = pd.to_numeric(values, errors="coerce").notna()
    return present & ~fits if (present & ~fits).any() else present


def quarantine_figure(
    broken: Sequence[Broken], rows: int, rejected: int, params: ValidateParams, *, first_rejected: str = ""
) -> Figure:
    """The share of rows that are set aside, with what most of them break."""
    ids = dict.fromkeys(row.id for row in broken)
    causes = Counter(f"{row.check.about} {row.check.expectation} ({row.check.says})" for row in broken)
    if rejected:
        causes[f"could not be read{f' (such as {first_rejected})' if first_rejected else ''}"] = rejected
    figure = share_figure(
        ("quarantined rows", "quarantined"),
        len(ids) + rejected,
        rows + rejected,
        limit=params.max_quarantined_share,
        key="validate.max_quarantined_share",
        says="of the rows quarantined or rejected",
        rows=tuple(ids)[:ROWS_NAMED],
    )
    most = "; ".join(f"{cause}: {count:,}" for cause, count in causes.most_common(ROWS_NAMED))
    return replace(figure, found=f"{figure.found}{': ' if most else ''}{most}")


def nearest(name: str, columns: Sequence[str]) -> str | None:
    """The column whose name is most like `name`, case aside."""
    by_lower = {column.lower(): column for column in columns}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[near[0]] if near else None


def percent(share: float) -> str:
    """A share in percent, as short as it can be said."""
    return f"{100 * share:.3g} %"
