"""Rows of batches beside those of the source: every row in one split, no copy on both sides, the source as ever."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.errors import DataError
from labelmill.params import parse_params
from labelmill.sources.annotations import Annotation
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.sources.joining import join
from labelmill.sources.splits import audited

DAY_ONE = pd.Timestamp("2024-01-01", tz="UTC")


def params(*, seed=1, audit_share=0.3, window=None, date_column="day"):
    splits = {"date_column": date_column, "audit_share": audit_share}
    content = {
        "task": {"name": "t", "classes": ["ham", "spam"], "seed": seed},
        "ingest": {"source": "csv", "window": window, "splits": splits},
    }
    return parse_params(content)


def intake(rows, **columns):
    """Rows of (id, text, day)."""
    days = pd.Series([DAY_ONE + pd.Timedelta(days=day) for _, _, day in rows], dtype="datetime64[us, UTC]")
    frame = pd.DataFrame({"id": [r[0] for r in rows], "text": [r[1] for r in rows], "day": days}).astype(
        {"id": "str", "text": "str"}
    )
    where = provenance([f"file:{id_}" for id_, _, _ in rows])
    return Intake(frame.assign(**columns), np.full(len(rows), -1), where, rejections([]), ("text",))


def joined(source, splits, batches, annotations=(), **options):
    named = [(f"batch {i + 1}", intake(rows)) for i, rows in enumerate(batches)]
    parts, counts = join(intake(source), pd.Series(splits, dtype="str"), named, list(annotations), params(**options))
    return [dict(zip(part.frame["id"], part.frame["split"], strict=True)) for part in parts], counts


SOURCE = [("a", "one", 0), ("b", "two", 0), ("c", "three", 1), ("d", "four", 1), ("e", "five", 2)]
SPLITS = ["train", "dev", "gate", "test", "incoming"]


def test_batch_rows_train_or_join_gate_by_the_hash_of_their_id():
    batch = [(f"n{i}", f"new {i}", 3) for i in range(400)]
    (source, own), _ = joined(SOURCE, SPLITS, [batch])
    assert source == dict(zip("abcde", SPLITS, strict=True))
    assert set(own.values()) == {"train", "gate"}
    gate = audited(pd.Series(list(own)), 0.3, seed=1)
    assert [split == "gate" for split in own.values()] == gate.tolist()
    assert 0.2 < gate.mean() < 0.4
    assert set(joined(SOURCE, SPLITS, [batch], audit_share=0)[0][1].values()) == {"train"}


def test_a_copy_of_a_row_that_does_not_train_does_not_train():
    copies = [("n1", "one", 5), ("n2", "two", 5), ("n3", "three", 5), ("n4", "four", 5), ("n5", "new", 5)]
    (source, own), counts = joined(SOURCE, SPLITS, [copies], audit_share=0)
    assert own == {"n5": "train"}
    assert counts["rows_of_batches_left_out"] == 4
    assert len(source) == 5


def test_a_copy_in_a_later_batch_is_left_out_whatever_its_own_hash_says():
    first = [(f"f{i}", f"text {i}", 3) for i in range(50)]
    again = [(f"s{i}", f"text {i}", 4) for i in range(50)]
    (_, one, two), counts = joined(SOURCE, SPLITS, [first, again])
    assert (len(one), len(two), counts["rows_of_batches_left_out"]) == (50, 0, 50)


def test_ids_that_are_there_already_are_left_out():
    (_, one, two), counts = joined(
        SOURCE, SPLITS, [[("a", "other text", 3), ("n", "new", 3)], [("n", "newer", 4), ("m", "more", 4)]]
    )
    assert (list(one), list(two), counts["rows_of_batches_left_out"]) == (["n"], ["m"], 2)


def test_rows_of_the_stream_come_in_by_batches_and_the_stream_stays_whole():
    (source, own), counts = joined(SOURCE, SPLITS, [[("e", "five", 2)]], audit_share=0)
    assert source["e"] == "incoming"
    assert own == {"e": "train"}
    assert counts["rows_of_batches_left_out"] == 0


def test_a_label_given_by_hand_moves_the_row_of_the_batch_and_not_that_of_the_stream():
    label = Annotation("e", 1, "gate", "f:1")
    source, batch = intake(SOURCE), intake([("e", "five", 2), ("n", "new", 3)])
    parts, counts = join(source, pd.Series(SPLITS, dtype="str"), [("b", batch)], [label], params(audit_share=0))
    assert parts[0].frame["split"].tolist() == SPLITS
    assert parts[0].gold.tolist() == [-1] * 5
    assert parts[1].frame["split"].tolist() == ["gate", "train"]
    assert parts[1].gold.tolist() == [1, -1]
    assert counts["annotations_of_unknown_rows"] == 0


def test_a_label_for_a_row_of_the_source_is_no_label_for_a_row_of_a_batch_with_its_id():
    source, batch = intake(SOURCE), intake([("a", "one", 0)])
    parts, _ = join(source, pd.Series(SPLITS, dtype="str"), [("b", batch)], [Annotation("a", 1, "dev", "f")], params())
    assert parts[0].frame["split"].tolist()[0] == "dev"
    assert parts[0].gold[0] == 1


def test_labels_of_copies_of_train_rows_have_no_effect_and_are_counted(caplog):
    rows, splits = intake(SOURCE), pd.Series(SPLITS, dtype="str")
    batch = intake([("n", "one", 3), ("m", "new", 3)])
    labels = [Annotation("n", 1, "gate", "f:1"), Annotation("m", 1, "gate", "f:2")]
    parts, counts = join(rows, splits, [("b", batch)], labels, params(audit_share=0))
    assert dict(zip(parts[1].frame["id"], parts[1].frame["split"], strict=True)) == {"m": "gate"}
    assert counts["annotations_of_copies"] == 1
    assert "1 annotations are of copies" in caplog.text


class TestWindow:
    def test_older_train_rows_stay_out_and_all_others_stay(self):
        (source, own), counts = joined(SOURCE, SPLITS, [[("n", "new", 10), ("o", "old", 1)]], audit_share=0, window=7)
        assert source == {"b": "dev", "c": "gate", "d": "test", "e": "incoming"}
        assert own == {"n": "train"}
        assert counts["older_than_window"] == 2

    def test_it_is_counted_from_the_newest_row_that_could_train(self):
        source = [("a", "one", 0), ("t", "late test", 90), ("i", "late stream", 90)]
        (kept,), _ = joined(source, ["train", "test", "incoming"], [], window=7)
        assert kept == {"a": "train", "t": "test", "i": "incoming"}

    def test_a_copy_of_a_train_row_that_is_too_old_trains_in_its_place_and_is_never_gold(self):
        batch = [(f"n{i}", "one", 20) for i in range(20)]  # some of these ids are for gate
        assert audited(pd.Series([row[0] for row in batch]), 0.3, seed=1).any()
        (source, own), _ = joined(SOURCE, SPLITS, [batch], window=7)
        assert "a" not in source
        assert own == {"n0": "train"}

    def test_a_copy_of_a_gate_row_of_long_ago_does_not_train(self):
        (_, own), _ = joined(SOURCE, SPLITS, [[("n", "three", 500), ("m", "new", 500)]], audit_share=0, window=7)
        assert own == {"m": "train"}

    def test_a_row_without_a_date_cannot_be_shown_to_be_old(self):
        source = intake([("a", "one", 0), ("b", "two", 50)])
        source.frame.loc[0, "day"] = pd.NaT
        parts, _ = join(source, pd.Series(["train", "train"], dtype="str"), [], [], params(window=1))
        assert parts[0].frame["id"].tolist() == ["a", "b"]

    def test_a_date_in_the_future_does_not_move_it_and_is_named(self, caplog):
        batch = intake([("n", "new", 10), ("x", "clock of another year", 5000)])
        came = (DAY_ONE + pd.Timedelta(days=11)).to_pydatetime()
        rows, splits = intake([("a", "one", 5), ("b", "two", 0)]), pd.Series(["train", "train"], dtype="str")
        parts, counts = join(rows, splits, [("b", batch)], [], params(audit_share=0, window=7), newest_arrival=came)
        assert [part.frame["id"].tolist() for part in parts] == [["a"], ["n", "x"]]
        assert counts["older_than_window"] == 1
        assert (
            "1 rows are dated later than the newest batch came (2024-01-12): 'x' of file:x, 2037-09-09" in caplog.text
        )

    def test_one_that_leaves_hardly_a_row_is_refused_with_the_row_that_it_is_counted_from(self):
        rows = [(f"a{i}", f"text {i}", 5) for i in range(300)]
        with pytest.raises(DataError, match=r"window = 7 leaves 1 of 301 train rows.*'x' of file:x, 2037-09-09"):
            joined([*rows, ("x", "clock of another year", 5000)], ["train"] * 301, [], window=7)

    def test_it_needs_dates(self):
        with pytest.raises(DataError, match=r"ingest\.window needs ingest\.splits\.date_column"):
            joined(SOURCE, SPLITS, [], window=7, date_column=None)


def test_columns_and_types_are_those_of_the_source():
    source = intake(SOURCE, size=[1.5] * 5, links=[["x"]] * 5, note=["y"] * 5)
    batch = intake([("n", "new", 3)], note=[None], size=[2], stranger=["z"])
    parts, _ = join(source, pd.Series(SPLITS, dtype="str"), [("b", batch)], [], params())
    assert list(parts[1].frame.columns) == list(parts[0].frame.columns)
    assert parts[1].frame.dtypes["size"] == "float64"
    assert parts[1].frame.dtypes["note"] == parts[0].frame.dtypes["note"]
    assert parts[1].frame["links"].isna().all()


def test_a_batch_without_dates_is_named():
    batch = intake([("n", "new", 3)])
    batch = Intake(batch.frame.drop(columns="day"), batch.gold, batch.provenance, batch.rejected, ())
    with pytest.raises(DataError, match=r"data/incoming/00003: has no column of dates 'day'.*incoming hold"):
        join(intake(SOURCE), pd.Series(SPLITS, dtype="str"), [("data/incoming/00003", batch)], [], params())


TEXTS = st.integers(0, 12).map(lambda i: f"text {i}")
ROWS = st.lists(st.tuples(TEXTS, st.integers(0, 40)), max_size=12)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(TEXTS, st.integers(0, 10), st.sampled_from(SPLITS)), max_size=12, unique_by=lambda row: row[0]),
    st.lists(ROWS, max_size=3),
    st.sampled_from([None, 5, 20]),
    st.integers(0, 3),
)
def test_no_id_and_no_content_is_on_both_sides_of_gold(source, batches, window, seed):
    rows = [(f"s{i}", text, day) for i, (text, day, _) in enumerate(source)]
    named = [
        (f"b{number}", intake([(f"b{number}r{i}", text, day) for i, (text, day) in enumerate(batch)]))
        for number, batch in enumerate(batches)
    ]
    splits = pd.Series([split for _, _, split in source], dtype="str")
    parts, _ = join(intake(rows), splits, named, [], params(seed=seed, window=window))
    everything = pd.concat([part.frame for part in parts], ignore_index=True)
    rows_in_use = everything[everything["split"] != "incoming"]
    assert rows_in_use["id"].is_unique
    assert rows_in_use["text"].is_unique
    assert set(pd.concat([part.frame["split"] for part in parts[1:]] or [pd.Series(dtype="str")])) <= {"train", "gate"}
    stream = parts[0].frame[parts[0].frame["split"] == "incoming"]
    assert len(stream) == (splits == "incoming").sum()
    # A batch more leaves the parts before it as they were.
    if window is None:
        fewer, _ = join(intake(rows), splits, named[:-1], [], params(seed=seed))
        for before, after in zip(fewer, parts, strict=False):
            pd.testing.assert_frame_equal(before.frame, after.frame)


@settings(max_examples=20)
@given(st.lists(st.lists(TEXTS, max_size=6), max_size=4), st.integers(1, 30), st.integers(0, 3))
def test_what_trained_once_is_never_gold_later_as_the_window_moves_on(batches, window, seed):
    """Batch by batch, as time goes: no content is ever gate after it was train, nor train after it was gate."""
    trained, judged = set(), set()
    named = []
    for number, texts in enumerate(batches):
        named.append((f"b{number}", intake([(f"b{number}r{i}", t, 10 * number) for i, t in enumerate(texts)])))
        parts, _ = join(intake([]), pd.Series([], dtype="str"), named, [], params(seed=seed, window=window))
        everything = pd.concat([part.frame for part in parts])
        trained |= set(everything.loc[everything["split"] == "train", "text"])
        judged |= set(everything.loc[everything["split"] == "gate", "text"])
        assert not trained & judged


def test_counts_are_numbers_that_json_takes():
    _, counts = joined(SOURCE, SPLITS, [[("n", "new", 3)]])
    assert json.loads(json.dumps(counts)) == counts
