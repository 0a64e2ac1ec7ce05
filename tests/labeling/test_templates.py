"""What holds of every labeling function that a builder made."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import apply_lfs, keyword_lf, lookup_lf, regex_lf
from labelmill.errors import InvalidVoteError, LFError

HARD_TEXTS = [
    None, "", "cash", "CASH!", "cashier", "ca$h", "a cash_b", "no\ncash", "credit\n card", "credit\xa0card",
    "creditcard", "naïve", "ÜBER", "über", "ｃａｓｈ", "cash\x00", "straße", "STRASSE", "K", "ſ", "٣", "c++", "c++x",
    "$$$", "x$$$y", "win $$$", "100%", "100%x", "\ud800 cash", "日本 cash 日本", "İ", "é", "é",
]  # fmt: skip
texts = st.none() | st.sampled_from(HARD_TEXTS) | st.text("caCAsShH $_+%é\n\xa0", max_size=12) | st.text(max_size=12)
words = st.lists(st.sampled_from(["cash", "c++", "$$$", "100%", "credit card", "é", "a", "_b", "."]), min_size=1)
hosts = st.none() | st.text("ab.AB", max_size=8)
templates = st.one_of(
    st.builds(
        lambda w, whole, case: keyword_lf("t", w, column="text", label=1, whole_word=whole, ignore_case=case),
        words, st.booleans(), st.booleans(),
    ),
    st.builds(
        lambda p, case: regex_lf("t", p, column="text", label=1, ignore_case=case),
        st.sampled_from([r"\bcash\b", r"^c", r"h$", r"\d", r"\s", r"\w", r"(?m)^c", r"\pL", "", "."]), st.booleans(),
    ),
    st.builds(
        lambda t, m, case: lookup_lf("t", t, column="text", match=m, ignore_case=case),
        st.dictionaries(st.sampled_from(["cash", "ch", "C", "é", "h", "%"]), st.sampled_from([0]), min_size=1),
        st.sampled_from(["exact", "prefix", "suffix", "domain"]), st.booleans(),
    ),
)  # fmt: skip


def votes(lf, values, column="text"):
    return apply_lfs(pd.DataFrame({column: pd.Series(values, dtype=object)}), [lf], cardinality=2).L[:, 0].tolist()


@given(templates, st.lists(texts, max_size=6))
def test_one_row_and_a_column_get_the_same_votes(lf, values):
    alone = [lf(SimpleNamespace(text=text)) for text in values]
    assert votes(lf, values) == alone == [lf({"text": text}) for text in values]


@pytest.mark.parametrize("label", [None, True, 1.0, -1, "spam", 127])
def test_the_label_must_be_a_class(label):
    with pytest.raises(InvalidVoteError, match="'t': label must be a class number"):
        regex_lf("t", "a", column="text", label=label)


@pytest.mark.parametrize(
    ("lf", "values"),
    [
        (regex_lf("t", "a", column="text", label=1), [1, 2]),
        (keyword_lf("t", ["a"], column="text", label=1), [1.5, None]),
        (regex_lf("t", "a", column="text", label=1), ["a", 2]),
        (lookup_lf("t", {"a": 1}, column="text"), [1, 2]),
        (lookup_lf("t", {1: 1}, column="text"), ["1", "2"]),
    ],
)
def test_a_column_of_another_kind_is_an_error_and_never_no_match(lf, values):
    with pytest.raises(LFError, match=r"'t' needs \w+, but column 'text' holds"):
        votes(lf, values)


def test_a_column_of_nulls_alone_is_an_abstain():
    assert votes(regex_lf("t", "", column="text", label=1), [None, np.nan]) == [-1, -1]


@pytest.mark.parametrize("dtype", ["str", "string", object, "category", "string[pyarrow]"])
def test_texts_of_every_pandas_kind(dtype):
    frame = pd.DataFrame({"text": pd.Series(["cash", None, "x"], dtype=dtype)}).set_axis([7, 7, 7])
    lfs = [keyword_lf("k", ["cash"], column="text", label=1), lookup_lf("l", {"x": 0}, column="text")]
    assert apply_lfs(frame, lfs, cardinality=2).L.tolist() == [[1, -1], [-1, -1], [-1, 0]]


def test_a_missing_column_of_one_row_is_named():
    with pytest.raises(LFError, match=r"'k': there is no column 'text'; did you mean 'texts'"):
        keyword_lf("k", ["a"], column="text", label=1)(SimpleNamespace(texts="a"))


def test_a_text_alone_is_no_row():
    with pytest.raises(LFError, match=r"'k': expected a row such as .*'text': 'cash'.*, found a text alone"):
        keyword_lf("k", ["cash"], column="text", label=1)("cash")


@pytest.mark.parametrize("column", ["", [], 3, ["text", 3], None])
def test_a_column_is_a_name(column):
    with pytest.raises(LFError, match="'k': expected the name of a column, or several"):
        keyword_lf("k", ["cash"], column=column, label=1)
