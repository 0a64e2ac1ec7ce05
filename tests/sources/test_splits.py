"""Splits: by date and hash, disjoint, the same whatever the order of rows; labels given by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.errors import DataError
from labelmill.params import SplitParams
from labelmill.sources.annotations import Annotation
from labelmill.sources.splits import SPLITS, deal, merge_annotations

DAY = dt.date(2024, 5, 1)


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 181, n), unit="D")
    frame = pd.DataFrame({"id": [f"row{i}" for i in range(n)], "day": pd.Series(days)})
    return frame, rng.integers(-1, 2, n)


def test_before_the_day_train_from_it_on_test_and_incoming():
    frame, gold = table(2000)
    splits = deal(frame, gold, SplitParams(date_column="day", test_from=DAY, dev_rows=50, gate_rows=70), seed=1)
    late = frame["day"] >= "2024-05-01"
    assert set(splits[late]) == {"test", "incoming"}
    assert set(splits[~late]) == {"train", "dev", "gate"}
    assert (splits == "dev").sum() == 50
    assert (splits == "gate").sum() == 70
    assert (gold[splits.isin(["dev", "gate"])] >= 0).all()
    assert 0.4 < (splits[late] == "test").mean() < 0.6


def test_midnight_of_the_day_is_held_out_and_the_moment_before_is_not():
    frame = pd.DataFrame({"id": ["a", "b"], "day": pd.to_datetime(["2024-05-01T00:00:00Z", "2024-04-30T23:59:59Z"])})
    splits = deal(frame, np.array([-1, -1]), SplitParams(date_column="day", test_from=DAY), seed=1)
    assert splits.tolist()[1] == "train"
    assert splits.tolist()[0] in ("test", "incoming")


def test_rows_without_a_date_are_not_held_out():
    frame = pd.DataFrame({"id": ["a"], "day": pd.Series([None], dtype="datetime64[us, UTC]")})
    splits = deal(frame, np.array([-1]), SplitParams(date_column="day", test_from=DAY), seed=1)
    assert splits.tolist() == ["train"]


def test_without_a_day_a_share_is_held_out():
    frame, gold = table(4000)
    splits = deal(frame, gold, SplitParams(test_share=0.25, incoming_share=0.2), seed=1)
    assert splits.isin(["test", "incoming"]).mean() == pytest.approx(0.25, abs=0.03)
    assert (splits == "incoming").mean() == pytest.approx(0.05, abs=0.02)


def test_another_seed_draws_other_rows():
    frame, gold = table(500)
    params = SplitParams(dev_rows=50, gate_rows=50)
    assert not deal(frame, gold, params, seed=1).equals(deal(frame, gold, params, seed=2))


def test_new_rows_never_move_a_row_between_train_period_and_test():
    frame, gold = table(1000)
    params = SplitParams(dev_rows=0, gate_rows=0)
    all_rows = deal(frame, gold, params, seed=3)
    assert deal(frame[:400], gold[:400], params, seed=3).equals(all_rows[:400])


def test_too_little_gold_is_said(caplog):
    frame, gold = table(30)
    splits = deal(frame, gold, SplitParams(test_share=0, dev_rows=5, gate_rows=500), seed=1)
    assert (splits == "dev").sum() == 5
    assert "have gold: fewer than" in caplog.text


def test_test_from_needs_a_date_column():
    frame, gold = table(3)
    with pytest.raises(DataError, match=r"needs ingest\.splits\.date_column"):
        deal(frame, gold, SplitParams(test_from=DAY), seed=1)


@given(st.permutations(range(60)), st.integers(0, 5))
def test_the_order_of_rows_never_matters(order, seed):
    frame, gold = table(60)
    params = SplitParams(date_column="day", test_from=DAY, dev_rows=5, gate_rows=5)
    splits = deal(frame, gold, params, seed=seed)
    assert set(splits) <= set(SPLITS)
    shuffled = deal(frame.iloc[order].reset_index(drop=True), gold[list(order)], params, seed=seed)
    assert shuffled.tolist() == splits.iloc[list(order)].tolist()


IDS = pd.Series(["a", "b", "c", "d"])
DEALT = pd.Series(["train", "dev", "test", "incoming"], dtype="str")
GOLD = np.array([-1, 0, 1, -1])


def test_rows_labeled_by_hand_move_to_the_gold_they_were_labeled_for(caplog):
    annotations = [
        Annotation("a", 0, "dev", "f:1"),
        Annotation("a", 1, "gate", "f:2"),  # the last one counts
        Annotation("b", 1, "dev", "f:3"),
        Annotation("zzz", 1, "dev", "f:4"),
    ]
    splits, gold, unknown = merge_annotations(IDS, DEALT, GOLD, annotations)
    assert splits.tolist() == ["gate", "dev", "test", "incoming"]
    assert gold.tolist() == [1, 1, 1, -1]
    assert unknown == 1
    assert "f:4: 'zzz'" in caplog.text
    assert (DEALT.tolist(), GOLD.tolist()) == (["train", "dev", "test", "incoming"], [-1, 0, 1, -1])  # untouched


def test_annotations_of_test_rows_are_refused_by_line():
    with pytest.raises(DataError, match=r"gold/annotations\.jsonl:7: labels the row"):
        merge_annotations(IDS, DEALT, GOLD, [Annotation("c", 1, "dev", "gold/annotations.jsonl:7")])


def test_annotations_of_rows_of_the_stream_wait_for_the_batch_that_brings_them():
    splits, gold, unknown = merge_annotations(IDS, DEALT, GOLD, [Annotation("d", 1, "gate", "f:1")])
    assert (splits.tolist(), gold.tolist(), unknown) == (DEALT.tolist(), GOLD.tolist(), 1)
    ids, dealt = pd.concat([IDS, pd.Series(["d"])]), pd.concat([DEALT, pd.Series(["gate"])])
    splits, gold, unknown = merge_annotations(ids, dealt, np.append(GOLD, -1), [Annotation("d", 1, "gate", "f:1")])
    assert (splits.tolist()[3:], gold.tolist()[3:], unknown) == (["incoming", "gate"], [-1, 1], 0)
