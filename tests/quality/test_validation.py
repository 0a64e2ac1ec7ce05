import datetime as dt
import time
from typing import Any

import pandas as pd
import pytest

from labelmill.errors import ExpectationError, NothingToDoError
from labelmill.params import Params, parse_params
from labelmill.quality.expectations import Check
from labelmill.quality.outcome import QUARANTINE_COLUMNS, Outcome
from labelmill.quality.validation import _inspect, validate
from labelmill.report import validation_page

COLUMNS: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "nullable": False, "min_length": 2, "max_length": 50},
    "subject": {"type": "string", "max_null_share": 0.3},
    "received_at": {"type": "datetime", "nullable": False, "after": "2001-01-01", "before": "2003-01-01"},
    "score": {"type": "number", "min_value": 0, "max_value": 10},
    "has_html": {"type": "boolean", "nullable": False},
    "links": {"type": "list", "nullable": False},
    "decode_problems": {"type": "list"},
}


def table(n: int = 20) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": pd.Series([f"id{i}" for i in range(n)], dtype="str"),
            "split": pd.Series(["train"] * n, dtype="str"),
            "text": pd.Series([f"text {i}" for i in range(n)], dtype="str"),
            "subject": pd.Series(["hello"] * n, dtype="str"),
            "received_at": pd.Series(pd.date_range("2002-01-01", periods=n, freq="min", tz="UTC")),
            "score": [1.5] * n,
            "has_html": [True] * n,
            "links": pd.Series([["a", "b"]] * n, dtype=object),
            "decode_problems": pd.Series([[] for _ in range(n)], dtype=object),
        }
    )


def params(columns: dict[str, Any] = COLUMNS, **limits: Any) -> Params:
    return parse_params(
        {
            "task": {"name": "spam", "classes": ["ham", "spam"]},
            "ingest": {"source": "generated"},
            "validate": {"columns": columns, "min_rows": 5, "max_quarantined_share": 1.0, **limits},
        }
    )


def run(*shards: pd.DataFrame, given: Params | None = None, **inputs: Any) -> tuple[Outcome, pd.DataFrame]:
    kept: list[pd.DataFrame] = []
    inputs = {
        "rejected": pd.DataFrame({"source": [], "reason": []}, dtype="str"),
        "gold": pd.DataFrame({"id": ["id1", "id2", "id3"], "label": [0, 1, -1]}),
        "locate": lambda ids: {row: f"inbox/{row}" for row in ids},
        **inputs,
    }
    outcome = validate(shards, given or params(), keep=kept.append, **inputs)
    return outcome, pd.concat(kept, ignore_index=True) if kept else pd.DataFrame()


def message(outcome: Outcome) -> str:
    error = outcome.error(where="data/ingested", look_at="the page")
    return str(error) if error else ""


def stopped_about(outcome: Outcome) -> set[tuple[str, str]]:
    return {(result.check.about, result.check.key) for result in outcome.stops}


LENGTHS = "expect_column_value_lengths_to_be_between"


def test_a_row_may_break_several_expectations_and_is_dropped_once():
    frame = table()
    frame.loc[4, "text"] = "x"
    frame.loc[4, "score"] = 11.0
    frame.loc[6, "score"] = -1.0
    outcome, clean = run(frame)
    assert list(clean["id"]) == [f"id{i}" for i in range(20) if i not in (4, 6)]
    assert list(outcome.quarantine["id"]) == ["id4", "id4", "id6"]
    assert outcome.metrics()["quarantined_rows"] == 2
    assert message(outcome) == ""


def test_quarantine_says_which_row_from_where_and_why():
    frame = table()
    frame.loc[4, "text"] = "y" * 300
    rejected = pd.DataFrame({"source": ["inbox/9"], "reason": ["larger than 10 MB"]}, dtype="str")
    outcome, _ = run(frame, rejected=rejected)
    assert tuple(outcome.quarantine.columns) == QUARANTINE_COLUMNS
    first, second = outcome.quarantine.astype(object).where(outcome.quarantine.notna(), None).to_dict("records")
    nothing = dict.fromkeys(("id", "column", "value"))
    assert first == {**nothing, "source": "inbox/9", "expectation": "readable", "reason": "larger than 10 MB"}
    assert second == {
        "id": "id4",
        "source": "inbox/id4",
        "column": "text",
        "expectation": LENGTHS,
        "value": "y" * 200,
        "reason": "has 300 characters; expected at most 50 characters (validate.columns.text.max_length)",
    }
    assert outcome.metrics()["quarantined_share"] == pytest.approx(2 / 21, abs=1e-6)


def test_too_many_quarantined_rows_stop_the_run():
    frame = table()
    frame.loc[[3, 5], "text"] = None
    limits = params(max_quarantined_share=0.05)
    outcome, _ = run(frame, given=limits)
    assert isinstance(outcome.error(where="", look_at=""), ExpectationError)
    text = message(outcome)
    assert "10 % (2 of 20)" in text
    assert "at most 5 %" in text
    assert "validate.max_quarantined_share" in text
    assert "text expect_column_values_to_not_be_null (a value): 2" in text
    assert "id3 (inbox/id3), id5 (inbox/id5)" in text
    just_enough = run(frame, given=params(max_quarantined_share=0.1))[0]
    assert message(just_enough) == ""


def test_rows_rejected_at_ingest_count_towards_the_quarantined_share():
    rejected = pd.DataFrame({"source": ["a", "b"], "reason": ["binary", "binary"]}, dtype="str")
    outcome, _ = run(table(), given=params(max_quarantined_share=0.05), rejected=rejected)
    assert stopped_about(outcome) == {("quarantined rows", "validate.max_quarantined_share")}
    assert "could not be read (such as a: binary): 2" in message(outcome)


def changed(column: str, values: Any, dtype: Any = None) -> pd.DataFrame:
    frame = table()
    frame[column] = pd.Series(values, dtype=dtype)
    return frame


MUTATIONS = {
    "dropped": (table().drop(columns="text"), "text", "required", "found none"),
    "renamed": (table().rename(columns={"subject": "Subjects"}), "subject", "required", "nearest name is 'Subjects'"),
    "upper case": (table().rename(columns={"text": "TEXT"}), "text", "required", "nearest name is 'TEXT'"),
    "string to number": (changed("text", range(20)), "text", "type", "found number, for example '0'"),
    "number to string": (changed("score", ["1.5"] * 20), "score", "type", "found string, for example '1.5'"),
    "boolean to number": (changed("has_html", [1] * 20), "has_html", "type", "found number"),
    "date to string": (changed("received_at", ["yesterday"] * 20), "received_at", "type", "'yesterday'"),
    "date to number": (changed("received_at", [1009843200] * 20), "received_at", "type", "found number"),
    "list to string": (changed("links", ["a;b"] * 20), "links", "type", "'a;b'"),
    "string to bytes": (changed("text", [b"\xff\x00"] * 20), "text", "type", "found bytes"),
    "mostly null": (changed("subject", [None] * 7 + ["x"] * 13), "subject", "max_null_share", "35 % (7 of 20)"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_column_stops_with_its_name_and_the_key(name):
    frame, column, leaf, found = MUTATIONS[name]
    outcome, _ = run(frame)
    key = f"validate.columns.{column}.{leaf}"
    assert stopped_about(outcome) == {(column, key)}
    text = message(outcome)
    assert f"  {column}: expected " in text
    assert key in text
    assert found in text


UNDECODED = ("encoding", "validate.max_undecoded_share")
IDS = [f"id{i}" for i in range(20)]
MUTATED_TABLES = {
    "ids doubled": (changed("id", ["id1", *IDS[1:]]), "id", "labelmill itself", "2 of 20 rows with id1"),
    "ids lost": (changed("id", [None, *IDS[1:]], "str"), "id", "labelmill itself", "1 of 20 rows with no value"),
    "no ids": (table().drop(columns="id"), "id", "labelmill itself", "found none"),
    "no splits": (table().drop(columns="split"), "split", "labelmill itself", "found none"),
    "too few rows": (table(4), "rows", "validate.min_rows", "found 4"),
    "bytes lost": (changed("decode_problems", [["body"]] * 2 + [[]] * 18), *UNDECODED, "10 % (2 of 20)"),
}


@pytest.mark.parametrize("name", MUTATED_TABLES)
def test_a_mutated_table_stops_with_the_key(name):
    frame, about, key, found = MUTATED_TABLES[name]
    outcome, _ = run(frame)
    assert stopped_about(outcome) == {(about, key)}
    assert found in message(outcome)


HARMLESS = {
    "columns reordered": table()[list(reversed(table().columns))],
    "rows shuffled": table().sample(frac=1, random_state=3),
    "integers for floats": changed("score", [1] * 20),
    "nullable booleans": changed("has_html", [True] * 20, "boolean"),
    "dates without a zone": changed("received_at", pd.date_range("2002-01-01", periods=20)),
    "calendar days": changed("received_at", [dt.date(2002, 1, 1)] * 20, object),
    "another unit of time": changed("received_at", table()["received_at"].astype("datetime64[ns, UTC]")),
    "no value in a nullable column": changed("score", [None] * 20, object),
    "nulls below the limit": changed("subject", [None] * 6 + ["x"] * 14),
    "strings as objects": changed("text", ["abc"] * 20, object),
    "undeclared column": table().assign(extra=1),
    "one undecoded row": changed("decode_problems", [["body"]] + [[]] * 19),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_is_not_flagged(name):
    outcome, clean = run(HARMLESS[name])
    assert message(outcome) == ""
    assert len(outcome.quarantine) == 0
    assert len(clean) == 20


def test_kept_rows_are_the_rows_that_came():
    frame = table()
    pd.testing.assert_frame_equal(run(frame)[1], frame)


def test_a_missing_column_may_be_optional():
    columns = {**COLUMNS, "subject": {"type": "string", "required": False}}
    assert message(run(table().drop(columns="subject"), given=params(columns))[0]) == ""


def test_an_undeclared_column_stops_in_strict_mode_only():
    frame = table().assign(extra=1)
    lenient, _ = run(frame)
    assert lenient.undeclared == ("extra",)
    assert lenient.metrics()["undeclared_columns"] == 1
    strict, _ = run(frame, given=params(strict=True))
    assert stopped_about(strict) == {("columns", "validate.strict")}
    assert "found 'extra'" in message(strict)
    assert message(run(table(), given=params(strict=True))[0]) == ""


def test_doubled_ids_are_found_across_shards_and_named_with_their_places():
    outcome, _ = run(
        table(10), table(20).iloc[9:].reset_index(drop=True), locate=lambda ids: {"id9": "a.csv:3; b.csv:8"}
    )
    assert stopped_about(outcome) == {("id", "labelmill itself")}
    assert "id9 (a.csv:3; b.csv:8)" in message(outcome)


def test_a_column_missing_from_one_shard_is_missing():
    outcome, _ = run(table(10), table(20).iloc[10:].drop(columns="score"))
    assert stopped_about(outcome) == {("score", "validate.columns.score.required")}


def test_shards_change_nothing():
    frame = table()
    frame.loc[[2, 15], "text"] = None
    frame.loc[[1, 15], "score"] = 11.0
    whole, clean = run(frame)
    parts, clean_parts = run(frame.iloc[:7], frame.iloc[7:15], frame.iloc[15:])
    pd.testing.assert_frame_equal(clean, clean_parts)
    pd.testing.assert_frame_equal(whole.quarantine, parts.quarantine)
    assert whole.metrics() == parts.metrics()
    assert validation_page.render(whole, task="t") == validation_page.render(parts, task="t")


def test_duplicates_dropped_at_ingest_have_a_limit():
    outcome, _ = run(table(), given=params(max_duplicate_share=0.2), duplicate_rows=6)
    assert stopped_about(outcome) == {("duplicate rows", "validate.max_duplicate_share")}
    assert message(run(table(), given=params(max_duplicate_share=0.2), duplicate_rows=5)[0]) == ""


def test_gold_outside_the_classes_stops_the_run():
    gold = pd.DataFrame({"id": ["id1", "id2", "id3"], "label": [0, 2, -1]})
    outcome, _ = run(table(), gold=gold)
    assert stopped_about(outcome) == {("label of dev gold", "task.classes")}
    assert "0 (ham), 1 (spam), found 1 of 2 rows with 2" in message(outcome)
    assert "id2 (inbox/id2)" in message(outcome)


def test_no_gold_is_fine():
    assert message(run(table(), gold=pd.DataFrame({"id": [], "label": []}).astype({"label": "int64"}))[0]) == ""


def test_everything_that_stops_is_named_at_once():
    frame = table().drop(columns="text").assign(score="1")
    text = message(run(frame, given=params(min_rows=30))[0])
    assert "3 expectations broken" in text
    assert all(
        key in text for key in ("validate.columns.text.required", "validate.columns.score.type", "validate.min_rows")
    )


@pytest.mark.parametrize("shards", [(), (table(0),)], ids=["no shard", "empty shard"])
def test_no_row_is_nothing_to_do(shards):
    outcome, clean = run(*shards)
    error = outcome.error(where="data/ingested", look_at="the page")
    assert isinstance(error, NothingToDoError)
    assert "nothing to do" in str(error)
    assert len(clean) == 0
    assert "Nothing to do" in validation_page.render(outcome, task="spam")


def test_validating_prints_nothing(capfd, caplog):
    run(table())
    assert caplog.records == []
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_six_thousand_rows_take_less_than_three_seconds():
    frame = table(6000)
    run(table())  # imports
    start = time.process_time()
    run(frame)
    assert time.process_time() - start < 3


def test_the_one_word_that_makes_flags_texts_is_the_example():
    flags = pd.Series(["true", "False", "maybe"] + ["true"] * 17, dtype="str")
    outcome, _ = run(table().assign(flag=flags), given=params(columns={"flag": {"type": "boolean"}}))
    kind = next(result for result in outcome.stops if result.check.about == "flag")
    assert "for example 'maybe'" in kind.found
    assert list(kind.rows) == [table()["id"][2]]


@pytest.mark.parametrize("column", ["text", "absent"])
def test_a_check_that_cannot_be_evaluated_says_which(column):
    check = Check(column, column, "expect_column_values_to_be_between", "at least 1", "validate.x", {"min_value": 1})
    with pytest.raises(ExpectationError, match=rf"{column}: expect_column_values_to_be_between .*cannot be evaluated"):
        _inspect(table(), [check])
