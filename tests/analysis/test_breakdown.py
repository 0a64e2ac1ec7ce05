"""The summary cut by class, month, owner and tag, on votes that can be counted by hand."""

import numpy as np
import pandas as pd
import pytest

from labelmill import keyword_lf
from labelmill.analysis.breakdown import NOBODY, by_class, by_month, by_upkeep, state

L = [[0, -1, 1], [0, 0, -1], [-1, 1, 1], [-1, -1, -1]]
GOLD = [0, 0, 1, 1]


def test_by_class(make_evidence):
    table = by_class(make_evidence(L, GOLD), ["ham", "spam"])
    assert table["Votes"].to_dict() == {"ham": 3, "spam": 3}
    assert table["Coverage"].to_dict() == {"ham": 0.5, "spam": 0.5}
    assert table["Conflicts"].to_dict() == {"ham": 0.25, "spam": 0.25}
    assert table.loc["spam", ["Correct", "Incorrect", "Recall"]].tolist() == [2, 1, 0.5]
    assert table["LFs"].to_dict() == {"ham": ["lf_0", "lf_1"], "spam": ["lf_1", "lf_2"]}


def test_by_month_covers_every_row_once_also_those_without_a_date(make_evidence):
    table = by_month(make_evidence(L, GOLD), pd.Series(["2024-01", "2024-02", "2024-01", None]))
    assert table["Rows"].to_dict() == {NOBODY: 1, "2024-01": 2, "2024-02": 1}
    assert table.loc["2024-01", "Conflicts"] == 0.5
    assert table.loc["2024-01", "LFs"] == {"lf_0": 0.5, "lf_1": 0.5, "lf_2": 1.0}
    assert np.isnan(table.loc[NOBODY, "Emp. Acc."])


def lf(name, **upkeep):
    return keyword_lf(name, ["x"], column="text", label=0, **upkeep)


@pytest.mark.parametrize("group", ["owner", "tag"])
def test_by_upkeep(make_evidence, group):
    lfs = [
        lf("lf_0", owner="ann", tags=["a", "b"]),
        lf("lf_1", owner="ann", tags="b", active=False),
        lf("lf_2"),
        lf("unseen", owner="bob", tags="b"),
    ]
    table = by_upkeep(make_evidence(L, GOLD), lfs, group=group)
    mine = table.loc["ann" if group == "owner" else "b"]
    assert mine["Coverage"] == 0.75
    assert mine["Alone"] == 0.25
    assert mine["Conflicts"] == 0.25
    assert (mine["Correct"], mine["Incorrect"]) == (4, 0)
    assert "lf_1" in mine["Silent"] and "lf_0" not in mine["Silent"]
    assert table.index[-1] == NOBODY
    if group == "tag":
        assert table.loc["a", "LFs"] == ["lf_0"]
        assert "unseen" in mine["Silent"]


def test_state():
    assert [state(lf("a")), state(lf("a", active=False)), state(lf("a", expires="2020-01-01"))] == [
        "active",
        "inactive",
        "expired",
    ]
