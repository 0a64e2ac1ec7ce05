"""Exact copies are dropped whatever the order; near ones are counted across splits."""

import numpy as np
import pandas as pd
import pytest

from labelmill.errors import DataError
from labelmill.sources.duplicates import drop_duplicates, near_duplicates
from labelmill.sources.intake import Intake, provenance, rejections


def intake(rows, order=None):
    """Rows of (id, text, day, gold)."""
    rows = [rows[i] for i in order] if order is not None else rows
    frame = pd.DataFrame(
        {
            "id": [row[0] for row in rows],
            "text": [row[1] for row in rows],
            "day": pd.to_datetime([row[2] for row in rows], utc=True),
        }
    )
    gold = np.array([row[3] for row in rows])
    return Intake(frame, gold, provenance([f"file:{row[0]}" for row in rows]), rejections([]), ("text",))


ROWS = [
    ("c", "same", "2024-01-02", 0),
    ("a", "same", "2024-01-03", -1),
    ("b", "same", None, -1),
    ("d", "other", None, 1),
    ("e", "two labels", None, 0),
    ("f", "two labels", None, 1),
]


def test_the_earliest_copy_stays_with_the_gold_that_is_known():
    kept, counts = drop_duplicates(intake(ROWS), "day")
    assert kept.frame["id"].tolist() == ["c", "d", "e"]
    assert kept.gold.tolist() == [0, 1, -1]
    assert kept.provenance["source"].tolist() == ["file:c", "file:d", "file:e"]
    assert counts == {"duplicates": 3, "duplicates_with_two_labels": 1}


def test_without_dates_the_smallest_id_stays():
    kept, _ = drop_duplicates(intake(ROWS))
    assert kept.frame["id"].tolist() == ["a", "d", "e"]
    assert kept.gold.tolist() == [0, 1, -1]


def test_the_order_of_rows_never_matters():
    expected, counts = drop_duplicates(intake(ROWS), "day")
    for seed in range(20):
        kept, again = drop_duplicates(intake(ROWS, np.random.default_rng(seed).permutation(len(ROWS))), "day")
        pd.testing.assert_frame_equal(kept.frame, expected.frame)
        pd.testing.assert_frame_equal(kept.provenance, expected.provenance)
        assert kept.gold.tolist() == expected.gold.tolist()
        assert again == counts


def test_one_id_for_two_rows_names_both_places():
    rows = [("a", "x", None, -1), ("a", "y", None, -1), ("b", "z", None, -1)]
    with pytest.raises(DataError, match=r"file:a and file:a: have the same id 'a' but differ"):
        drop_duplicates(intake(rows))
    drop_duplicates(intake([("a", "x", None, -1), ("a", "x", None, -1)]))  # a copy, not a clash


def test_nulls_and_lists_are_compared_too():
    frame = pd.DataFrame({"id": list("abcd"), "text": ["x", "x", None, None], "tags": [["t"], ["t"], [], ["t"]]})
    rows = Intake(frame, np.full(4, -1), provenance(list("abcd")), rejections([]), ("text", "tags"))
    assert drop_duplicates(rows)[0].frame["id"].tolist() == ["a", "c", "d"]


def test_near_copies_are_counted_between_splits():
    long = "the same long text, sent to many people with another number in each "
    texts = pd.Series([long + "1", long.upper() + " - 22", "short", "short", long + "3", long + "4", "x" * 60])
    splits = pd.Series(["train", "test", "train", "test", "test", "incoming", "dev"])
    assert near_duplicates(texts, splits) == {
        "train_dev": 0,
        "train_test": 2,
        "train_incoming": 1,
        "dev_test": 0,
        "dev_incoming": 0,
        "test_incoming": 1,
    }


def test_the_first_places_are_the_first_that_were_read():
    twelve = intake([("a", f"text {i}", None, -1) for i in range(12)])
    twelve.provenance["source"] = [f"file.csv:{line}" for line in range(2, 14)]
    with pytest.raises(DataError, match=r"file\.csv:2 and file\.csv:3: have the same id"):
        drop_duplicates(twelve, "day")
