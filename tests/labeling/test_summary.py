import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from labelmill import lf_summary
from labelmill.errors import LFError
from labelmill.labeling.summary import count_votes, summary_of, totals, wilson

matrices = arrays(np.int8, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6), elements=st.integers(-1, 3))


def slow_summary(L, gold):
    """The definitions, said one vote at a time."""
    n, m = L.shape
    lines = []
    for j in range(m):
        rows = [i for i in range(n) if L[i, j] != -1]
        others = [[v for q, v in enumerate(L[i]) if q != j and v != -1] for i in rows]
        judged = [i for i in rows if gold[i] != -1]
        right = sum(L[i, j] == gold[i] for i in judged)
        lines.append(
            {
                "j": j,
                "Polarity": sorted({int(L[i, j]) for i in rows}),
                "Coverage": len(rows) / max(n, 1),
                "Overlaps": sum(bool(o) for o in others) / max(n, 1),
                "Conflicts": sum(any(v != L[i, j] for v in o) for i, o in zip(rows, others, strict=True)) / max(n, 1),
                "Correct": right,
                "Incorrect": len(judged) - right,
                "Emp. Acc.": right / len(judged) if judged else np.nan,
            }
        )
    return lines


@given(matrices, st.data())
def test_the_numbers_are_those_of_the_definitions(L, data):
    gold = data.draw(arrays(np.int64, len(L), elements=st.integers(-1, 3)))
    summary = lf_summary(L, gold=gold)
    expected = slow_summary(L, gold)
    assert summary.shape == (L.shape[1], 10)
    for name in expected[0] if expected else []:
        found, right = summary[name].tolist(), [line[name] for line in expected]
        assert found == right if name == "Polarity" else np.allclose(found, right, equal_nan=True)


@given(matrices, st.data())
def test_shards_add_up_to_the_whole(L, data):
    cut = data.draw(st.integers(0, len(L)))
    gold = data.draw(arrays(np.int64, len(L), elements=st.integers(-1, 3)))
    parts = count_votes(L[:cut], gold[:cut]) + count_votes(L[cut:], gold[cut:])
    whole = count_votes(L, gold)
    pd.testing.assert_frame_equal(summary_of(parts, with_gold=True), summary_of(whole, with_gold=True))
    assert totals(parts) == totals(whole)


def test_columns_are_those_of_snorkel_in_its_order():
    L = np.array([[0, -1], [1, 1]])
    assert list(lf_summary(L).columns) == ["j", "Polarity", "Coverage", "Overlaps", "Conflicts"]
    gold = ["Correct", "Incorrect", "Emp. Acc.", "Emp. Acc. Low", "Emp. Acc. High"]
    assert list(lf_summary(L, gold=np.array([0, 1])).columns)[5:] == gold
    assert list(summary_of(count_votes(L), error_counts=[0, 3]).columns)[5:] == ["Errors"]
    assert lf_summary(L, lf_names=["a", "b"]).index.tolist() == ["a", "b"]
    assert lf_summary(L).index.name == "lf"


def test_totals():
    L = np.array([[0, 0, -1], [0, 1, -1], [-1, 1, -1], [-1, -1, -1]])
    assert totals(count_votes(L)) == {
        "rows": 4, "coverage": 0.75, "uncovered": 0.25, "overlap": 0.5, "conflict": 0.25, "votes_per_row": 1.25,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"), [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (50, 50, 0.9287, 1.0)]
)
def test_intervals_are_those_of_wilson(correct, total, low, high):
    assert np.allclose(wilson(np.array([correct]), np.array([total])), [[low], [high]], atol=5e-5)


def test_no_interval_where_nothing_is_known():
    summary = lf_summary(np.array([[0], [-1]]), gold=np.array([-1, 0]))
    assert summary[["Emp. Acc.", "Emp. Acc. Low", "Emp. Acc. High"]].isna().all(axis=None)
    assert summary[["Correct", "Incorrect"]].to_numpy().tolist() == [[0, 0]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"L": np.zeros(3, int)},
        {"L": np.zeros((3, 2))},
        {"L": np.full((3, 2), -2)},
        {"L": np.full((3, 2), 127)},
        {"L": np.zeros((3, 2), int), "lf_names": ["a"]},
        {"L": np.zeros((3, 2), int), "gold": np.zeros(2)},
    ],
    ids=["shape", "kind", "low", "high", "names", "gold"],
)
def test_what_does_not_fit_is_an_error(arguments):
    with pytest.raises(LFError):
        lf_summary(arguments.pop("L"), **arguments)
