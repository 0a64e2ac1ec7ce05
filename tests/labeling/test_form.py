"""How long a text is, how often it has something, and how much of it is something."""

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import apply_lfs, count_lf, length_lf, share_lf
from labelmill.errors import LFError
from labelmill.labeling.explain import about, why

texts = st.text("aA1! é\n\xa0ÄЖж日😀\x00,$", max_size=12)
bounds = st.fixed_dictionaries({}, optional={"at_least": st.integers(0, 6), "at_most": st.integers(6, 9)}).filter(bool)
shares = st.fixed_dictionaries(
    {}, optional={"at_least": st.sampled_from([0, 0.1, 0.5]), "at_most": st.sampled_from([0.5, 0.9, 1])}
).filter(bool)
VISIBLE = re.compile("[^ \\t\\n\\f\\r\xa0]")
KINDS = {
    "capitals": (lambda c: unicodedata.category(c) == "Lu", lambda c: unicodedata.category(c)[0] == "L"),
    "digits": (lambda c: c in "0123456789", VISIBLE.match),
    "marks": (lambda c: unicodedata.category(c)[0] in "PS", VISIBLE.match),
    "non_ascii": (lambda c: c > "\x7f", VISIBLE.match),
}


def votes(lf, values, column="text"):
    return apply_lfs(pd.DataFrame({column: pd.Series(values, dtype=object)}), [lf], cardinality=2).L[:, 0].tolist()


def within(value, at_least=None, at_most=None):
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


@given(st.lists(texts, max_size=5), bounds)
def test_length_is_that_of_python(values, between):
    for unit, length in (("characters", len), ("words", lambda text: len(re.findall("[^ \\t\\n\\f\\r\xa0]+", text)))):
        lf = length_lf("l", column="text", label=1, unit=unit, **between)
        assert votes(lf, values) == [1 if within(length(text), **between) else -1 for text in values]


@given(st.lists(texts, max_size=5), st.sampled_from(["!", "[aA]", "aa", r"\b[A-Z]+\b", "é", "[^a]"]), bounds)
def test_count_is_that_of_python(values, pattern, between):
    lf = count_lf("c", pattern, column="text", label=1, **between)
    counts = [len(re.findall(pattern, text, re.ASCII)) for text in values]
    assert votes(lf, values) == [1 if within(count, **between) else -1 for count in counts]


@given(st.lists(texts, max_size=5), st.sampled_from(list(KINDS)), shares)
def test_share_is_that_of_python(values, kind, between):
    part, whole = ([len(list(filter(of, text))) for text in values] for of in KINDS[kind])
    said = [1 if n and within(k / n, **between) else -1 for k, n in zip(part, whole, strict=True)]
    assert votes(share_lf("s", kind, column="text", label=1, **between), values) == said


def test_missing_texts_have_no_form():
    lfs = [
        length_lf("l", column="text", label=1, at_most=9),
        count_lf("c", "!", column="text", label=1, at_most=9),
        share_lf("s", "digits", column="text", label=1, at_most=1),
    ]
    assert [votes(lf, [None, ""]) for lf in lfs] == [[-1, 1], [-1, 1], [-1, -1]]


def test_a_share_among_matches_of_a_pattern():
    lf = share_lf("s", r"\b[A-Z]{4,}\b", among=r"\b[A-Za-z]{4,}\b", column="text", label=1, at_least=0.5)
    assert votes(lf, ["FREE cash NOW", "FREE this that", "a b", None]) == [1, -1, -1, -1]


def test_case_on_demand():
    blind = count_lf("c", "k", column="text", label=1, at_least=2, ignore_case=True)
    assert votes(blind, ["kK", "Kk", "kk", "k"]) == [1, 1, 1, -1]
    assert votes(count_lf("c", "k", column="text", label=1, at_least=2), ["kK", "kk"]) == [-1, 1]


def test_any_item_of_a_list_and_any_of_several_columns():
    lf = length_lf("l", column=("subject", "tags"), label=1, at_least=4)
    frame = pd.DataFrame({"subject": ["long", None, "a"], "tags": [["a"], ["b", "longer"], []]})
    assert apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist() == [1, 1, -1]


@pytest.mark.parametrize(
    ("lf", "row", "reason"),
    [
        (count_lf("c", "!+", column="text", label=1, at_least=2), "Yes!! No!", "text has '!!'"),
        (length_lf("l", column="text", label=1, at_most=5), "Short", "text has 'Short'"),
    ],
)
def test_the_reason(lf, row, reason):
    assert why(lf, {"text": row}) == reason


@pytest.mark.parametrize(
    ("lf", "words"),
    [
        (length_lf("l", column="text", label=1, at_least=5, unit="words"), "at least 5 words"),
        (count_lf("c", "!", column="text", label=1, at_least=1, at_most=2), "at least 1 and at most 2 matches of !"),
        (share_lf("s", "capitals", column="text", label=1, at_least=0.5), "at least 0.5 capitals of letters"),
    ],
)
def test_about_says_the_bounds(lf, words):
    assert about(lf) == words


@pytest.mark.parametrize(
    "make",
    [
        lambda: length_lf("f", column="text", label=1),
        lambda: length_lf("f", column="text", label=1, at_least=3, at_most=2),
        lambda: length_lf("f", column="text", label=1, at_least="3"),
        lambda: length_lf("f", column="text", label=1, at_least=True),
        lambda: length_lf("f", column="text", label=1, at_least=3, unit="lines"),
        lambda: count_lf("f", "(", column="text", label=1, at_least=1),
        lambda: count_lf("f", "!", column="text", label=1),
        lambda: share_lf("f", "vowels", column="text", label=1, at_least=0.5),
        lambda: share_lf("f", "capitals", column="text", label=1, at_least=50),
        lambda: share_lf("f", "[a", among="b", column="text", label=1, at_least=0.5),
        lambda: share_lf("f", "capitals", column="text", label=1),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(LFError, match="'f'"):
        make()
