import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelmill.report.votes import picture


def shards(L: np.ndarray, sizes: tuple[int, ...]) -> list[pd.DataFrame]:
    frame = pd.DataFrame(L, columns=[f"lf{j}" for j in range(L.shape[1])])
    frame.insert(0, "id", [str(i) for i in range(len(L))])
    return [frame.iloc[a:b] for a, b in zip((0, *sizes), (*sizes, len(L)), strict=True)]


@given(arrays(np.int8, (17, 4), elements=st.integers(-1, 2)), st.integers(0, 17))
def test_counts_are_those_of_a_loop_however_the_rows_are_cut(L, cut):
    found = picture(shards(L, (cut,)), top=1000)
    assert found is not None
    rows = [tuple(row) for row in L.tolist()]
    voted = [row for row in rows if row != (-1,) * 4]
    assert (found.n_rows, found.n_covered) == (17, len(voted))
    assert found.n_patterns == len(set(voted))
    assert dict(found.patterns) == {row: rows.count(row) for row in set(voted)}
    for i in range(4):
        for j in range(4):
            both = [row for row in rows if row[i] >= 0 and row[j] >= 0]
            assert found.both[i, j] == len(both)
            assert found.conflicts[i, j] == sum(row[i] != row[j] for row in both)


def test_most_frequent_patterns_come_first():
    L = np.array([[0, -1]] * 2 + [[1, 1]] * 3 + [[-1, 0]], dtype=np.int8)
    found = picture(shards(L, ()), top=2)
    assert found is not None
    assert found.patterns == (((1, 1), 3), ((0, -1), 2))
    assert found.n_patterns == 3


def test_no_rows_and_no_labeling_functions_are_no_picture():
    assert picture([], top=3) is None
    assert picture([pd.DataFrame({"id": ["a"]})], top=3) is None
