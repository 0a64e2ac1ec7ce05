from collections import Counter
from types import SimpleNamespace

import pandas as pd
import pytest

from labelmill import apply_lfs, batch_preprocessor, labeling_function, preprocessor
from labelmill.errors import LFError
from labelmill.labeling import calls
from labelmill.labeling.fingerprints import fingerprint

ROWS = pd.DataFrame({"id": ["a", "b", "c"], "text": ["free cash", "minutes", "the agenda"]})


def row_lf(function, name="f"):
    return labeling_function(name=name)(function)


def several(value, n=3):
    """Labeling functions that all ask for the same value."""
    return [row_lf(lambda row: len(value(row)) % 2, f"f{k}") for k in range(n)]


def test_a_row_is_worked_on_once_for_all_that_ask():
    calls_of = Counter()

    @preprocessor
    def words(row):
        calls_of[row.text] += 1
        return row.text.split()

    L = apply_lfs(ROWS, several(words), cardinality=2).L
    assert L.tolist() == [[0] * 3, [1] * 3, [0] * 3]
    assert calls_of == dict.fromkeys(ROWS["text"], 1)


def test_rows_come_in_bulk_chunk_by_chunk(monkeypatch):
    monkeypatch.setattr(calls, "CHUNK_ROWS", 2)
    batches = []

    @batch_preprocessor
    def words(rows):
        batches.append([row.text for row in rows])
        return (row.text.split() for row in rows)

    assert apply_lfs(ROWS, several(words), cardinality=2).L[:, 0].tolist() == [0, 1, 0]
    assert batches == [["free cash", "minutes"], ["the agenda"]]


def test_one_may_use_another():
    seen = []

    @preprocessor
    def lower(row):
        seen.append(row.text)
        return row.text.lower()

    @batch_preprocessor
    def words(rows):
        return [lower(row).split() for row in rows]

    apply_lfs(ROWS, [*several(words), row_lf(lambda row: len(lower(row)) % 2, "g")], cardinality=2)
    assert seen == ROWS["text"].tolist()


@pytest.mark.parametrize("row", [{"text": "a b"}, pd.Series({"text": "a b"}), SimpleNamespace(text="a b")])
@pytest.mark.parametrize("make", [preprocessor, lambda f: batch_preprocessor(lambda rows: [f(row) for row in rows])])
def test_it_works_on_a_row_of_any_kind(row, make):
    words = make(lambda row: row.text.split())
    assert words(row) == ["a", "b"]
    assert row_lf(lambda row: len(words(row)) - 1)(row) == 1


def test_nobody_can_alter_what_the_next_one_sees():
    words = preprocessor(lambda row: {"all": row.text.split()})
    meddles = row_lf(lambda row: words(row)["all"].append("mine"), "meddles")
    counts = row_lf(lambda row: len(words(row)["all"]) - 1, "counts")
    assert apply_lfs(ROWS, [meddles, counts], cardinality=2).L[:, 1].tolist() == [1, 0, 1]


@pytest.mark.parametrize("make", [preprocessor, lambda f: batch_preprocessor(lambda rows: [f(row) for row in rows])])
def test_what_fails_fails_for_each_that_asks_and_for_that_row_alone(make):
    words = make(lambda row: row.text.split()[1])
    applied = apply_lfs(ROWS, [*several(words, 2), row_lf(lambda row: 1, "other")], cardinality=2)
    assert applied.errors[["lf", "id", "exception"]].values.tolist() == [
        ["f0", "b", "IndexError"],
        ["f1", "b", "IndexError"],
    ]
    assert "test_preprocessing.py" in applied.errors["message"][0]
    assert set(applied.L[:, 2]) == {1}


def test_values_for_too_few_rows_stop_the_run():
    words = batch_preprocessor(lambda rows: [row.text for row in rows][:2])
    with pytest.raises(LFError, match=r"<lambda>.* returned 2 values for 3 rows"):
        apply_lfs(ROWS, several(words), cardinality=2)


def test_a_missing_column_names_the_function_that_asked():
    words = preprocessor(lambda row: row.txt)
    with pytest.raises(LFError, match=r"'f0'.*no column 'txt'; did you mean 'text'"):
        apply_lfs(ROWS, several(words), cardinality=2)


@pytest.mark.parametrize(
    ("decorator", "name"), [(preprocessor, "@preprocessor"), (batch_preprocessor, "@batch_preprocessor")]
)
def test_it_goes_above_a_function(decorator, name):
    with pytest.raises(LFError, match=rf"{name} goes above a function, without parentheses; found 'words'"):
        decorator("words")


def test_votes_depend_on_what_it_does(tmp_path):
    def key(part):
        words = preprocessor(lambda row: row.text.split()[part])
        return fingerprint(row_lf(lambda row: len(words(row)) % 2), tmp_path).key

    assert key(0) == key(0) != key(1)
