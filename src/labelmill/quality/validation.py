"""Rows against what `params.yaml` expects of them: the only module that imports Great Expectations.

A suite is built in code for each batch, in a context that lives in memory: no `gx/` folder, nothing to keep in step.
"""

import functools
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from labelmill.arrays import UNKNOWN
from labelmill.errors import ExpectationError
from labelmill.params import ColumnCheck, Params
from labelmill.quality import expectations, figures
from labelmill.quality.expectations import Check
from labelmill.quality.figures import Figure, Tally
from labelmill.quality.outcome import ROWS_NAMED, Broken, Outcome, Result, quarantine

_SHARES: Final = ("duplicate", "undecoded", "quarantined")
"""Figures that go into the metrics."""


def validate(
    shards: Iterable[pd.DataFrame],
    params: Params,
    *,
    keep: Callable[[pd.DataFrame], None],
    rejected: pd.DataFrame,
    gold: pd.DataFrame,
    duplicate_rows: int = 0,
    read_rows: int | None = None,
    locate: Callable[[Collection[str]], Mapping[str, str]] = lambda ids: {},
) -> Outcome:
    """Check a table shard by shard, then as a whole.

    Parameters
    ----------
    shards
        The rows; each shard has `id`, `split` and data columns.
    params
        Sections `task` and `validate` are used.
    keep
        Called with the clean rows of each shard. Drop what it got when the outcome has an error.
    rejected
        Rows that could not be read: `source`, `reason`.
    gold
        Dev gold: `id`, `label` (-1 unknown).
    duplicate_rows
        How many rows ingest dropped as exact duplicates.
    read_rows
        How many rows ingest read, those and the rows of the stream included.
    locate
        Where the rows with these ids came from.
    """
    limits = params.validate_
    tally = Tally(limits.columns)
    broken: list[Broken] = []
    clean = 0
    for shard in shards:
        tally.add(shard)
        broken += (found := check_rows(shard, limits.columns))
        good = shard[~shard["id"].isin({row.id for row in found})] if found else shard
        clean += len(good)
        if len(good):  # an empty frame has forgotten the types of its list columns
            keep(good.reset_index(drop=True))

    results: list[Result] = []
    shares: dict[str, float] = {}
    if tally.rows:
        results = [*_table_results(tally, params, gold), *_row_results(tally, broken)]
        whole = [
            *tally.figures(limits),
            figures.duplicate_figure(duplicate_rows, read_rows or tally.rows + duplicate_rows, limits),
            figures.quarantine_figure(
                broken,
                tally.rows,
                len(rejected),
                limits,
                first_rejected=": ".join(rejected.iloc[0]) if len(rejected) else "",
            ),
        ]
        shares = {f.check.column: f.value for f in whole if f.check.column in _SHARES}
        results += _figure_results(whole)

    named = {row.id for row in broken} | {row for result in results for row in result.rows}
    sources = locate(named) if named else {}
    return Outcome(
        rows=tally.rows,
        clean=clean,
        rejected=len(rejected),
        results=tuple(results),
        quarantine=quarantine(broken, rejected, sources),
        shares=shares,
        undeclared=tuple(tally.undeclared),
        sources={row: sources[row] for row in sorted(named) if row in sources},
    )


def check_rows(frame: pd.DataFrame, columns: Mapping[str, ColumnCheck]) -> list[Broken]:
    """The rows of a frame that break what is expected of their values.

    Parameters
    ----------
    frame
        Rows with an `id`. Columns that are missing, or wholly of another kind than declared, are
        passed over: they are a matter of the whole table.
    columns
        What is expected, by column.

    Returns
    -------
    list of Broken
        One for each expectation that a row breaks, in order of rows. A row with a value of the wrong kind,
        in a column that has others of the right kind, is not looked at further.
    """
    if "id" not in frame.columns:
        return []
    places = {row: place for place, row in enumerate(frame["id"])}
    kinds = {name: expectations.kind_of(frame[name]) for name in columns if name in frame.columns}
    usable = [name for name, kind in kinds.items() if not kind or columns[name].type in kind]
    mixed = [expectations.type_check(name, columns[name]) for name in usable if len(kinds[name]) > 1]
    broken = _broken(frame, mixed)
    if broken:
        frame = frame[~frame["id"].isin({row.id for row in broken})]
    dates = [name for name in usable if columns[name].type == "datetime"]
    frame = frame.assign(**{name: expectations.comparable(frame[name]) for name in dates}).reset_index(drop=True)
    broken += _broken(frame, [check for name in usable for check in expectations.value_checks(name, columns[name])])
    return sorted(broken, key=lambda row: places[row.id])  # what one row breaks stays together


def _row_results(tally: Tally, broken: list[Broken]) -> list[Result]:
    rows_by_check: dict[tuple[str, str], list[str]] = {}
    checks = {}
    for name, column in tally.expected.items():
        if tally.usable(name):
            checks.update({_key(check): check for check in expectations.value_checks(name, column)})
    for row in broken:
        checks[_key(row.check)] = row.check
        rows_by_check.setdefault(_key(row.check), []).append(row.id)
    results = []
    for key, check in checks.items():
        rows = rows_by_check.get(key, [])
        found = f"{len(rows):,} rows without" if rows else check.says
        results.append(Result(check, False, len(rows), found, tuple(rows[:ROWS_NAMED])))
    return results


def _key(check: Check) -> tuple[str, str]:
    return check.key, check.expectation


def _table_results(tally: Tally, params: Params, gold: pd.DataFrame) -> list[Result]:
    limits = params.validate_
    columns = tally.columns or []
    header = pd.DataFrame(columns=columns)
    results = []
    checks = expectations.existence_checks(limits.columns)
    for check, (ok, _) in zip(checks, _inspect(header, checks), strict=True):
        near = figures.nearest(check.about, tally.undeclared)
        found = check.about if ok else f"none{f'; the nearest name is {near!r}' if near else ''}"
        results.append(Result(check, True, int(not ok), found))
    if limits.strict:
        check = expectations.strict_check([name for name in columns if name not in tally.undeclared])
        ((ok, _),) = _inspect(pd.DataFrame(columns=[*columns, *tally.undeclared]), [check])
        found = "none" if ok else ", ".join(repr(name) for name in tally.undeclared)
        results.append(Result(check, True, int(not ok), found))
    if tally.ids:
        ids = pd.concat(tally.ids, ignore_index=True).to_frame()
        results += _listed(ids, expectations.id_checks())
    known = gold[gold["label"] != UNKNOWN].reset_index(drop=True)
    return results + _listed(known, [expectations.class_check(params.task.classes)])


def _listed(frame: pd.DataFrame, checks: list[Check]) -> list[Result]:
    results = []
    for check, (_, rows) in zip(checks, _inspect(frame, checks), strict=True):
        ids = tuple(dict.fromkeys(str(row) for row, _ in rows if not pd.isna(row)))[:ROWS_NAMED]
        values = list(dict.fromkeys(expectations.shown(value) or "no value" for _, value in rows))[:ROWS_NAMED]
        found = f"{len(rows):,} of {len(frame):,} rows with {', '.join(values)}" if rows else check.says
        results.append(Result(check, True, len(rows), found, ids))
    return results


def _figure_results(whole: list[Figure]) -> list[Result]:
    frame = pd.DataFrame({figure.check.column: [figure.value] for figure in whole})
    seen = _inspect(frame, [figure.check for figure in whole])
    return [
        Result(figure.check, True, int(not ok), figure.found, () if ok else figure.rows)
        for figure, (ok, _) in zip(whole, seen, strict=True)
    ]


def _broken(frame: pd.DataFrame, checks: list[Check]) -> list[Broken]:
    seen = _inspect(frame, checks)
    return [Broken(row, check, value) for check, (_, rows) in zip(checks, seen, strict=True) for row, value in rows]


@functools.cache
def _frames() -> Any:
    """What makes batches of frames. One for all of them: to set it up takes longer than to check a small frame."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # It sets itself to INFO when imported, and then tells of each temporary folder.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)  # type: ignore[call-arg]
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("shard")
    return asset.add_batch_definition_whole_dataframe("whole")


def _inspect(frame: pd.DataFrame, checks: Sequence[Check]) -> list[tuple[bool, list[tuple[str, Any]]]]:
    """For each check whether it holds, and the (id, value) of the rows that break it."""
    if not checks:
        return []
    batch = _frames().get_batch({"dataframe": frame})
    answers = _ask(batch, dict(enumerate(checks)), {"result_format": "BOOLEAN_ONLY"})
    for number, answer in answers.items():
        if answer.exception_info.get("raised_exception", True):
            check = checks[number]
            raise ExpectationError(
                f"{check.about}: {check.expectation} ({check.key}) cannot be evaluated: {answer.exception_info}"
            )
    failed = {number: checks[number] for number, answer in answers.items() if not answer.success}
    rows: dict[int, list[tuple[str, Any]]] = {}
    if failed and "id" in frame.columns:
        # Only now, since most checks hold, and to look for rows takes longer than to check.
        # COMPLETE, since the shorter forms name the first 20 rows only.
        form = {"result_format": "COMPLETE", "unexpected_index_column_names": ["id"]}
        rows = {number: _rows(checks[number], answer) for number, answer in _ask(batch, failed, form).items()}
    return [(number not in failed, rows.get(number, [])) for number in range(len(checks))]


def _ask(batch: Any, checks: Mapping[int, Check], form: dict[str, Any]) -> dict[int, Any]:
    """What Great Expectations answers to each of the checks, by number."""
    import great_expectations as gx

    suite = gx.ExpectationSuite(
        name="params",
        expectations=[
            {
                "type": check.expectation,
                "kwargs": {**({"column": check.column} if check.column else {}), **check.kwargs},
                "meta": {"number": number},
            }
            for number, check in checks.items()
        ],
    )
    return {a.expectation_config.meta["number"]: a for a in batch.validate(suite, result_format=form).results}


def _rows(check: Check, answer: Any) -> list[tuple[str, Any]]:
    named = answer.result.get("unexpected_index_list") or []
    return [(row["id"], row.get(check.column)) for row in named if isinstance(row, dict)]
