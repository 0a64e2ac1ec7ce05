"""CSV, JSONL and Parquet row by row, from good files and from hostile ones."""

import csv
import io
import json
import random

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.errors import DataError
from labelmill.sources.table_files import READERS, read_csv, read_jsonl, read_parquet

MB = 1_000_000


def write(folder, name, data):
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


def good(rows):
    return [row.values for row in rows if row.values is not None]


def bad(rows):
    return [(row.source.rpartition(":")[2], row.reason) for row in rows if row.values is None]


def test_csv_rows_know_their_line(tmp_path):
    file = write(tmp_path, "a.csv", '\ufeffid, text\n1,"two\nlines, ""quoted"""\n\n2,=cmd()\n')
    rows = list(read_csv(file, MB))
    assert [row.values for row in rows] == [{"id": "1", "text": 'two\nlines, "quoted"'}, {"id": "2", "text": "=cmd()"}]
    assert [row.source for row in rows] == [f"{file}:2", f"{file}:5"]


def test_tsv(tmp_path):
    assert good(read_csv(write(tmp_path, "A.TSV", "a\tb\n1,5\t2\n"), MB)) == [{"a": "1,5", "b": "2"}]
    assert good(read_csv(write(tmp_path, "a.tsv", "a\tb\n1,5\t2\n"), MB)) == [{"a": "1,5", "b": "2"}]


def test_csv_sets_bad_rows_aside(tmp_path):
    data = b'id,text\n1,ok\n2\n3,a,b\n4,\xff\n5,"a"b\n' + b"6," + b"x" * 2 * MB + b"\n7,a\x00b\n8,ok\n"
    rows = list(read_csv(write(tmp_path, "a.csv", data), MB))
    assert good(rows) == [{"id": "1", "text": "ok"}, {"id": "7", "text": "ab"}, {"id": "8", "text": "ok"}]
    assert [line for line, _ in bad(rows)] == ["3", "4", "5", "6", "7"]
    reasons = " | ".join(reason for _, reason in bad(rows))
    for part in (
        "expected 2 fields, found 1",
        "found 3",
        "'text' is not UTF-8; convert the file, if it is Windows-1252 by `iconv",
        "is no CSV",
        "ingest.max_row_mb = 1 MB",
    ):
        assert part in reasons


def test_a_quote_that_is_never_closed_stops(tmp_path):
    text = 'id,text\n1,"open\n' + "2,x\n" * 100
    with pytest.raises(DataError, match=r"a\.csv:2: a quote that opens here is not closed"):
        list(read_csv(write(tmp_path, "a.csv", text), MB))
    with pytest.raises(DataError, match=r"a\.csv:2: a quote"):
        list(read_csv(write(tmp_path, "a.csv", text), 100))


@pytest.mark.parametrize(
    "data",
    [b"\n", b",,\n1,2,3\n", b"a,a\n1,2\n", b"a,\n1,2\n", b"\x89PNG\x00\xff\n\x00", "a,b\n1,2\n".encode("utf-16"),
     b"x" * 2 * MB, b"a\xff,b\n", ",".join(f"c{i}" for i in range(3000)).encode(), b'"a\n'],
)  # fmt: skip
def test_a_header_that_is_none_stops(data, tmp_path):
    with pytest.raises(DataError, match=r"a\.csv"):
        list(read_csv(write(tmp_path, "a.csv", data), MB))


def test_the_limit_of_the_csv_module_is_put_back(tmp_path):
    before = csv.field_size_limit()
    list(read_csv(write(tmp_path, "a.csv", "a\n" + "x" * 200_000 + "\n"), MB))
    assert csv.field_size_limit() == before


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_what_the_csv_module_writes_is_read_back(tmp_path_factory, rows):
    rows = [tuple("".join(c for c in cell if c != "\x00" and c.isprintable()) or "x" for cell in row) for row in rows]
    text = io.StringIO()
    csv.writer(text).writerows([("a", "b"), *rows])
    file = write(tmp_path_factory.mktemp("csv"), "a.csv", text.getvalue())
    assert good(read_csv(file, MB)) == [{"a": a, "b": b} for a, b in rows]


def test_jsonl_sets_bad_rows_aside(tmp_path):
    lines = [
        b'\xef\xbb\xbf{"a": 1, "b": ["x", 2], "c": {"d": null}}',
        b"",
        b"[1, 2]",
        b"{bad",
        b'{"a": "\xff"}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"1" * 5000 + b"}",
        b'{"a": "' + b"x" * 2 * MB + b'"}',
        b'{"a": "\\ud800\\u0000", "a\\ud800": NaN}',
    ]
    rows = list(read_jsonl(write(tmp_path, "a.jsonl", b"\n".join(lines)), MB))
    assert good(rows) == [{"a": 1, "b": ["x", "2"], "c": '{"d": null}'}, {"a": "?", "a?": None}]
    assert [line for line, _ in bad(rows)] == ["3", "4", "5", "6", "7", "8"]
    reasons = " | ".join(reason for _, reason in bad(rows))
    for part in ("found list", "is not JSON", "not UTF-8", "nested too deeply", "integer string", "max_row_mb"):
        assert part in reasons


def test_parquet_values_of_every_kind(tmp_path):
    table = pa.table(
        {
            "when": pa.array([1704067200_000000123], pa.timestamp("ns")),
            "day": pa.array([19723], pa.date32()),
            "cat": pa.array(["x"]).dictionary_encode(),
            "tags": pa.array([["a", "b"]]),
            "deep": pa.array([{"k": 1}]),
            "raw": pa.array([b"caf\xe9"]),
            "none": pa.array([None], pa.null()),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    (row,) = good(read_parquet(tmp_path / "a.parquet", MB))
    assert str(row.pop("when")) == "2024-01-01 00:00:00"
    assert str(row.pop("day")) == "2024-01-01 00:00:00+00:00"
    assert row == {"cat": "x", "tags": ["a", "b"], "deep": '{"k": 1}', "raw": "café", "none": None}


def test_parquet_sets_huge_rows_aside(tmp_path):
    pd.DataFrame({"a": ["x", "y" * 2 * MB, "z"]}).to_parquet(tmp_path / "a.parquet")
    rows = list(read_parquet(tmp_path / "a.parquet", MB))
    assert [row.source.rpartition(":")[2] for row in rows] == ["row 1", "row 2", "row 3"]
    assert good(rows) == [{"a": "x"}, {"a": "z"}]


def test_a_cut_parquet_is_always_a_named_error(tmp_path):
    buffer = io.BytesIO()
    pd.DataFrame({"a": [f"text {i}" for i in range(500)], "b": range(500)}).to_parquet(buffer)
    data = buffer.getvalue()
    for cut in [1, 4, 8, *random.Random(0).sample(range(len(data)), 100)]:
        with pytest.raises(DataError, match=r"a\.parquet"):
            list(read_parquet(write(tmp_path, "a.parquet", data[:cut]), MB))


def test_a_flipped_bit_in_parquet_is_a_named_error_or_reads(tmp_path):
    buffer = io.BytesIO()
    table = pa.table({"a": [f"text {i}" for i in range(200)], "b": list(range(200))})
    pq.write_table(table, buffer, write_page_checksum=True)
    data, expected = buffer.getvalue(), table.to_pylist()
    pages = data.rfind(b"text 199")  # flips in the footer may change names, which are not protected
    for place in random.Random(1).sample(range(60, max(pages, 500)), 100):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        try:
            rows = good(read_parquet(write(tmp_path, "a.parquet", bytes(flipped)), MB))
        except DataError:
            continue
        assert rows == expected


@settings(max_examples=150)
@given(kind=st.sampled_from(sorted(READERS)), data=st.binary(min_size=1, max_size=300))
def test_binary_garbage_is_a_named_error_or_rejected_rows(tmp_path_factory, kind, data):
    file = write(tmp_path_factory.mktemp("garbage"), f"a.{kind}", data)
    try:
        for row in READERS[kind](file, 100):
            assert row.source.startswith(str(file))
            json.dumps(row.values)
    except DataError as error:
        assert str(file) in str(error)
