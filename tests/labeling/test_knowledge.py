import contextlib
import hashlib
import os
import sqlite3

import pandas as pd
import pytest

from labelmill import apply_lfs, lookup_lf
from labelmill.errors import LFError


def test_exact_and_the_class_from_the_table(votes_of):
    lf = lookup_lf("l", {"Yahoo.com": 1, "ximian.com": 0}, column="text")
    assert votes_of(lf, ["yahoo.com", "YAHOO.COM", "mail.yahoo.com", None, "ximian.com"]) == [1, 1, -1, -1, 0]


def test_case_on_demand(votes_of):
    lf = lookup_lf("l", ["A"], column="text", label=1, ignore_case=False)
    assert votes_of(lf, ["A", "a"]) == [1, -1]


def test_the_longest_entry_wins(votes_of):
    lf = lookup_lf("l", {"10.": 0, "10.1.": 1}, column="text", match="prefix")
    assert votes_of(lf, ["10.2.3.4", "10.1.3.4", "110.1.2.3"]) == [0, 1, -1]
    lf = lookup_lf("l", {".uk": 0, ".co.uk": 1}, column="text", match="suffix")
    assert votes_of(lf, ["a.co.uk", "a.ac.uk", "uk"]) == [1, 0, -1]


def test_domains_match_whole_labels(votes_of):
    lf = lookup_lf("l", {"yahoo.com": 1, "lists.yahoo.com": 0}, column="text", match="domain")
    assert votes_of(lf, ["yahoo.com", "a.YAHOO.com", "x.lists.yahoo.com", "notyahoo.com"]) == [1, 1, 0, -1]


def test_the_first_item_of_a_list_that_is_in_the_table(votes_of):
    lf = lookup_lf("l", {"a": 1, "b": 0}, column="text")
    assert votes_of(lf, [["x", "b", "a"], ["a", "b"], ["x"], []]) == [0, 1, -1, -1]


def test_numbers():
    frame = pd.DataFrame({"hour": [3, 12, 23]})
    lf = lookup_lf("l", {3: 1, 12: 0}, column="hour")
    assert apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist() == [1, 0, -1]
    assert lf({"hour": 3}) == 1


@pytest.mark.parametrize(
    ("file", "content", "label"),
    [
        ("t.json", '{"a": 1, "b": 0}', None),
        ("t.csv", "a,1\nb,0\n", None),
        ("t.json", '["a"]', 1),
        ("t.csv", "a\n", 1),
        ("t.txt", "# all\na\n", 1),
    ],
)
def test_tables_from_files(votes_of, tmp_path, file, content, label):
    (tmp_path / file).write_text(content)
    lf = lookup_lf("l", tmp_path / file, column="text", label=label)
    assert votes_of(lf, ["a", "b", "c"]) == [1, -1 if label else 0, -1]


@pytest.mark.parametrize(
    ("file", "content"),
    [("t.json", "{"), ("t.json", "3"), ("t.csv", "value,class\na,1\n"), ("t.csv", "a,1,2\n"), ("t.txt", "")],
)
def test_a_broken_file_is_named(tmp_path, file, content):
    (tmp_path / file).write_text(content)
    label = 1 if file == "t.txt" else None
    with pytest.raises(LFError, match="'l'"):
        lookup_lf("l", tmp_path / file, column="text", label=label)


@pytest.mark.parametrize(
    "arguments",
    [
        {"table": {}},
        {"table": ["a"]},
        {"table": {"a": 1}, "label": 1},
        {"table": {"a": 1, "A": 0}},
        {"table": {"a": 1, 3: 0}},
        {"table": {"": 1}},
        {"table": {3: 1}, "match": "prefix"},
        {"table": {"a": 1}, "match": "fuzzy"},
    ],
    ids=str,
)
def test_a_table_without_sense_is_refused(arguments):
    with pytest.raises(LFError, match="'l'"):
        lookup_lf("l", arguments.pop("table"), column="text", **arguments)


@pytest.fixture
def tables(tmp_path):
    """The same four senders in a file of each kind."""
    frame = pd.DataFrame({"host": ["a", "b", "A", None], "since": [1, 2, 3, 4], "verdict": [1, 0, 1, 1]})
    for ending, separator in (("csv", ","), ("tsv", "\t")):
        frame.dropna().to_csv(tmp_path / f"t.{ending}", index=False, sep=separator)
    frame.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.json").write_text(frame.astype(object).where(frame.notna(), None).to_json(orient="records"))
    with contextlib.closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        frame.to_sql("hosts", connection, index=False)
    return tmp_path


KINDS = ["t.csv", "t.tsv", "t.parquet", "t.json", "t.db"]


def look_up(file, **arguments):
    query = {"query": "hosts"} if file.suffix == ".db" else {}
    return lookup_lf("l", file, column="text", key_column="host", **query, **arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_tables_with_named_columns(tables, votes_of, kind):
    with_classes = look_up(tables / kind, label_column="verdict")
    with_label = look_up(tables / kind, label=1)
    assert votes_of(with_classes, ["a", "B", "c", None]) == [1, 0, -1, -1]
    assert votes_of(with_label, ["a", "B", "c", None]) == [1, 1, -1, -1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_that_is_not_there_is_named_with_the_nearest(tables, kind):
    known = r"no column 'verdit'; did you mean 'verdict'\?$"
    with pytest.raises(LFError, match=f"'l': .*({known}|no such column: verdit)"):
        look_up(tables / kind, label_column="verdit")


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_says_where_it_came_from(tables, kind):
    (found,) = look_up(tables / kind, label_column="verdict").provenance
    assert found.source == str(tables / kind)
    assert len(found.sha256) == 64
    assert found.modified_at.timestamp() == pytest.approx((tables / kind).stat().st_mtime, abs=1e-3)
    if kind != "t.db":  # of a database the rows count, not the pages they lie on
        assert found.sha256 == hashlib.sha256((tables / kind).read_bytes()).hexdigest()


def test_the_same_content_is_the_same_spec_whatever_holds_it_and_whenever(tables):
    specs = [look_up(tables / kind, label_column="verdict").spec for kind in KINDS]
    assert all(spec == specs[0] for spec in specs)
    os.utime(tables / "t.csv", (1, 1))
    again = look_up(tables / "t.csv", label_column="verdict")
    assert again.spec == specs[0]
    assert again.provenance[0].modified_at.year == 1970
    (tables / "t.csv").write_text("host,verdict\na,0\n")
    assert look_up(tables / "t.csv", label_column="verdict").spec != specs[0]


def test_the_words_of_a_table_for_the_classes(tmp_path, votes_of):
    (tmp_path / "t.csv").write_text("host,verdict\na,phishing\nb,fine\n")
    arguments = {"column": "text", "key_column": "host", "label_column": "verdict"}
    lf = lookup_lf("l", tmp_path / "t.csv", classes={"phishing": 1, "fine": 0}, **arguments)
    assert votes_of(lf, ["a", "b"]) == [1, 0]
    with pytest.raises(LFError, match="gives 'b' the class 'fine'; classes= has 'phishing'"):
        lookup_lf("l", tmp_path / "t.csv", classes={"phishing": 1}, **arguments)
    with pytest.raises(LFError, match="'phishing', which is no number"):
        lookup_lf("l", tmp_path / "t.csv", **arguments)


def test_cells_with_commas_and_line_breaks(tmp_path, votes_of):
    (tmp_path / "t.csv").write_text('name,n\n"Smith, Ann",1\n"two\nlines",0\n')
    lf = lookup_lf("l", tmp_path / "t.csv", column="text", key_column="name", label_column="n")
    assert votes_of(lf, ["smith, ann", "two\nlines", "Smith"]) == [1, 0, -1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("host,verdict\na\n", r"t\.csv:2: expected 2 values as in the header, found 1"),
        ("host,verdict\na,1\nA,0\n", "'A' twice, with different classes"),
        ("host,verdict\na,1\na,0\n", "'a' twice, with different classes"),
        ("host,verdict\n,1\n", "''"),
        ("host,verdict\n", "the table is empty"),
        ("", r"t\.csv is empty; expected a header with 'host'"),
    ],
)
def test_what_is_wrong_in_a_table_is_named(tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(LFError, match=message):
        look_up(tmp_path / "t.csv", label_column="verdict")


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        ({"a": 1}, {"key_column": "host"}, "no named columns"),
        ({"a": 1}, {"query": "hosts"}, "takes no query"),
        ("t.csv", {"query": "hosts"}, "query= is for databases"),
        ("t.csv", {"label_column": "verdict"}, "needs key_column="),
        ("t.db", {"key_column": "host", "label": 1}, "say with query="),
        ("broken.parquet", {"key_column": "host", "label": 1}, "cannot be read as Parquet"),
    ],
)
def test_arguments_that_do_not_go_together(tables, table, arguments, message):
    (tables / "broken.parquet").write_text("no parquet")
    table = tables / table if isinstance(table, str) else table
    with pytest.raises(LFError, match=message):
        lookup_lf("l", table, column="text", **arguments)


def test_a_long_table_is_shown_by_its_beginning():
    assert lookup_lf("l", range(1000), column="n", label=1).about.endswith("18, 19, …")


def test_true_and_false_are_values(votes_of):
    assert votes_of(lookup_lf("l", {True: 0}, column="text"), [True, False, None]) == [0, -1, -1]
