from dataclasses import replace

import pandas as pd
import pytest

from labelmill.errors import ExpectationError, NothingToDoError
from labelmill.params import ColumnCheck
from labelmill.quality.expectations import Check, existence_checks
from labelmill.quality.outcome import QUARANTINE_COLUMNS, Outcome, Result

CHECK = Check("text", "text", "expect_column_to_exist", "a column of this name", "validate.columns.text.required")
FINE = Outcome(
    rows=20,
    clean=20,
    rejected=0,
    results=(Result(CHECK, True, 0, "text"),),
    quarantine=pd.DataFrame(columns=list(QUARANTINE_COLUMNS), dtype="str"),
    shares={"quarantined": 1 / 3},
    undeclared=(),
    sources={"a": "mails.csv:7"},
)


def error(outcome):
    return outcome.error(where="data/ingested", look_at="the page")


def test_a_fine_outcome_has_no_error():
    assert error(FINE) is None
    assert error(replace(FINE, clean=19)) is None


def test_an_expectation_of_rows_never_stops_the_run():
    assert error(replace(FINE, results=(Result(CHECK, False, 7, "nothing"),))) is None


def test_an_expectation_of_the_table_stops_it_and_names_all():
    stop = error(replace(FINE, results=(Result(CHECK, True, 1, "none", ("a", "b")),)))
    assert type(stop) is ExpectationError
    assert stop.exit_code == 3
    assert str(stop) == (
        "data/ingested: 1 expectation broken; no labeling function was run.\n"
        "  text: expected a column of this name, found none.\n"
        "    rows: a (mails.csv:7), b\n"
        "    broken: expect_column_to_exist, set by validate.columns.text.required. "
        "Correct the data at its source; if the data is right, change validate.columns.text.required in params.yaml.\n"
        "  Look at the page."
    )


def test_columns_that_are_missing_are_told_together():
    absent = existence_checks({name: ColumnCheck(type="string") for name in ("subject", "text", "sent_at")})[2:]
    found = ("none; the nearest name is 'Subject'", "none", "none")
    stop = error(
        replace(FINE, results=tuple(Result(check, True, 1, is_) for check, is_ in zip(absent, found, strict=True)))
    )
    assert str(stop) == (
        "data/ingested: 3 expectations broken; no labeling function was run.\n"
        "  3 columns are missing: subject (the nearest name is 'Subject'), text, sent_at.\n"
        "    broken: expect_column_to_exist, set by validate.columns.COLUMN.required of each. "
        "Name them so in the source, or set that key to false where the task can do without.\n"
        "  Look at the page."
    )


@pytest.mark.parametrize(
    ("rows", "why"), [(0, "it has no row"), (20, "all 20 rows are quarantined")], ids=["no rows", "all in quarantine"]
)
def test_without_a_row_there_is_nothing_to_do(rows, why):
    stop = error(replace(FINE, rows=rows, clean=0))
    assert isinstance(stop, NothingToDoError)
    assert stop.exit_code == 13
    assert f"nothing to do: {why}" in str(stop)


def test_a_broken_table_of_which_no_row_is_left_says_what_broke():
    stop = error(replace(FINE, clean=0, results=(Result(CHECK, True, 1, "none"),)))
    assert type(stop) is ExpectationError


def test_metrics_are_flat_numbers():
    metrics = FINE.metrics()
    assert metrics["quarantined_share"] == 0.333333
    assert all(isinstance(value, int | float) for value in metrics.values())
