"""Whole tables: columns, ids, gold and dates, the same from each format and in any order."""

import json
import os
import random

import numpy as np
import pandas as pd
import pytest

from labelmill.errors import DataError
from labelmill.sources.tables import read_tables

ROWS = [
    {"key": "k1", "text": "one", "n": 1, "day": "2024-01-02", "label": "spam"},
    {"key": "k2", "text": "two", "n": 2, "day": "2024-02-03", "label": "ham"},
    {"key": "k3", "text": "three", "n": 3, "day": "2024-03-04", "label": ""},
]
KINDS = ("csv", "jsonl", "parquet")


def save(folder, kind, rows, name="rows"):
    file = folder / f"{name}.{kind}"
    match kind:
        case "csv":
            pd.DataFrame(rows).to_csv(file, index=False)
        case "jsonl":
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case "parquet":
            pd.DataFrame(rows).to_parquet(file)
    return str(file)


@pytest.fixture
def read(tmp_path, params_for):
    def run(kind, rows=ROWS, *, name="rows", path=None, **ingest):
        ingest = {"id_column": "key", "label_column": "label", "splits": {"date_column": "day"}} | ingest
        return read_tables(params_for(source=kind, path=path or save(tmp_path, kind, rows, name), **ingest))

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_ids_gold_dates_and_types(read, kind):
    intake = read(kind)
    assert intake.frame["id"].tolist() == ["k1", "k2", "k3"]
    assert set(intake.frame.columns) == {"id", "text", "n", "day"}  # the label is no data column
    assert intake.gold.tolist() == [1, 0, -1]
    assert intake.frame["n"].dtype == "int64"
    assert intake.frame["day"][0] == pd.Timestamp("2024-01-02", tz="UTC")
    assert intake.provenance["source"].str.contains(f"rows.{kind}:").all()
    assert len(intake.rejected) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_without_an_id_column_the_id_is_a_hash_of_the_content_but_not_of_the_label(read, kind):
    ids = read(kind, id_column=None).frame["id"].tolist()
    assert len(set(ids)) == 3
    other_labels = [{**row, "label": "ham"} for row in ROWS]
    assert read(kind, other_labels, id_column=None).frame["id"].tolist() == ids
    assert read(kind, [{**ROWS[0], "n": 9}, *ROWS[1:]], id_column=None).frame["id"][0] != ids[0]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_another_row_never_changes_an_id(read, kind):
    """A text among numbers changes the type of the column, but annotations must still find their rows."""
    ids = read(kind, ROWS[:2], id_column=None).frame["id"].tolist()
    odd = read(kind, [*ROWS[:2], {**ROWS[2], "n": "many"}], id_column=None).frame
    assert odd["n"].dtype == "str"
    assert odd["id"].tolist()[:2] == ids


MUTATIONS = {
    "text column missing": (lambda row: {k: v for k, v in row.items() if k != "text"}, {}, "'text'.*task.text_columns"),
    "text column renamed": (lambda row: {("txet" if k == "text" else k): v for k, v in row.items()}, {}, "mean 'txet'"),
    "id column missing": (lambda row: row, {"id_column": "nr"}, "'nr'.*ingest.id_column"),
    "label column missing": (lambda row: row, {"label_column": "lable"}, "'lable'.*mean 'label'"),
    "date column missing": (lambda row: row, {"splits": {"date_column": "date"}}, "'date'.*date_column"),
    "a column named split": (lambda row: {**row, "split": "x"}, {}, "'split' is taken"),
    "a column named id beside the id column": (lambda row: {**row, "id": "x"}, {}, "'id' is taken"),
    "unknown class": (lambda row: {**row, "label": "eggs"}, {}, "rows.*the label 'eggs' is none"),
    "all dates bad": (lambda row: {**row, "day": "soon"}, {}, "no readable row.*'soon' is no date"),
    "all ids missing": (lambda row: {**row, "key": None}, {}, "no readable row.*no id in column 'key'"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_schema_is_a_named_error(read, kind, mutation):
    change, ingest, message = MUTATIONS[mutation]
    with pytest.raises(DataError, match=message):
        read(kind, [change(row) for row in ROWS], **ingest)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_id_or_with_a_bad_date_is_rejected(read, kind):
    intake = read(kind, [*ROWS, {**ROWS[0], "key": ""}, {**ROWS[0], "key": "k5", "day": "31/31/2024"}])
    assert intake.frame["id"].tolist() == ["k1", "k2", "k3"]
    assert intake.rejected["reason"].tolist() == [
        "no id in column 'key'",
        "column 'day': '31/31/2024' is no date (2026-01-31, with or without a time)",
    ]
    assert intake.gold.tolist() == [1, 0, -1]


@pytest.mark.parametrize("kind", KINDS)
def test_binary_empty_and_odd_files_are_named_errors(read, tmp_path, kind):
    def made(name, data):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    cases = [
        made("empty", b""),
        made("garbage", bytes(range(256)) * 20),
        made("nuls", b"\0" * 10_000),
        made("utf16", "key,text\nä,b\n".encode("utf-16")),
        made("line", b"x" * 50_000_000),
        made("blank", b"\n" * 100),
        str(tmp_path / "absent"),
    ]
    os.mkfifo(tmp_path / "pipe")
    for path in [*cases, str(tmp_path / "pipe")]:
        with pytest.raises(DataError, match=r"empty|garbage|nuls|utf16|line|blank|absent|pipe"):
            read(kind, path=path)


def test_files_with_other_columns_are_named(read, tmp_path):
    save(tmp_path, "csv", ROWS, "a")
    save(tmp_path, "csv", [{("texts" if k == "text" else k): v for k, v in ROWS[0].items()}], "b")
    with pytest.raises(DataError, match=r"b\.csv: there is no column 'text', which .*a\.csv has\. It has 'texts'"):
        read("csv", path=str(tmp_path))


def test_a_file_without_one_readable_row_says_why_and_not_which_column_is_missing(read, tmp_path):
    (tmp_path / "junk.jsonl").write_text('not json\n{"text": \n')
    with pytest.raises(DataError, match=r"no readable row; the first of 2 rejected: .*junk\.jsonl:1: is not JSON"):
        read("jsonl", path=str(tmp_path / "junk.jsonl"))


def test_the_first_place_is_the_first_that_was_read(read, tmp_path):
    file = tmp_path / "dates.csv"
    file.write_text("key,text,label,day\n" + "\n".join(f"{i},a,ham,31.12.2026" for i in range(12)))
    with pytest.raises(DataError, match=r"the first of 12 rejected: .*dates\.csv:2: column 'day'"):
        read("csv", path=str(file))


def test_rows_of_jsonl_may_leave_out_what_they_do_not_have(read):
    rows = [ROWS[0], {k: v for k, v in ROWS[1].items() if k not in ("n", "label")}]
    intake = read("jsonl", rows)
    assert np.isnan(intake.frame["n"][1])
    assert intake.gold.tolist() == [1, -1]


def test_columns_of_jsonl_do_not_depend_on_the_order_of_rows(read):
    rows = [{"key": str(i), "text": "x", "label": None, "day": None, f"c{i % 5}": i} for i in range(20)]
    columns = read("jsonl", rows).frame.columns
    random.Random(0).shuffle(rows)
    assert read("jsonl", rows).frame.columns.equals(columns)


def test_jsonl_with_a_new_key_in_each_row_is_refused(read):
    rows = [{"key": str(i), "text": "x", "label": None, "day": None, f"c{i}": i} for i in range(2100)]
    with pytest.raises(DataError, match="2,104 columns"):
        read("jsonl", rows)


def test_text_columns_are_never_numbers(read):
    intake = read("csv", [{**ROWS[0], "text": "1"}, {**ROWS[1], "text": "2"}])
    assert intake.frame["text"].tolist() == ["1", "2"]
