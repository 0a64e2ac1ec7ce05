"""No text with a match is without a sign of it; a sign that decides is a match."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.labeling.literals import character_spans, literals, word_literals
from labelmill.labeling.patterns import WORD

atoms = st.sampled_from(
    ["a", "b", "K", "s", "é", " ", r"\.", r"\$", "[ab]", "[a-c]", "[^a]", "[]x]", r"[\d-]", r"\d", r"\w", ".", r"\x62",
     r"\x{e9}", "^", "$", r"\b", r"\B", "[K]", r"\pL", r"[\]a]", "cash", "ab", r"\n"]
)  # fmt: skip
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.tuples(inner, st.sampled_from("ab ")).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({'|'.join(some)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0}", "{1,3}", "{2,}", "+?"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
        inner.map(lambda one: f"(?i:{one})"),
        inner.map(lambda one: f"(?i){one}"),
        inner.map(lambda one: rf"\b{one}\b"),
    ),
    max_leaves=6,
)
texts = st.lists(st.sampled_from([*"abcxKkSs. $é\n9_]-", "cash", "CASH", "ab"]), max_size=10).map("".join)


def has(found, text):
    """Whether a text has one of the signs, capitals of ASCII being small letters."""
    return any(small(sign) in small(text) for sign in found.texts)


def small(text):
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), text)


def decided(found, text):
    """Whether the signs decide that a text has a match, as their attributes say."""
    for sign in found.texts:
        left, right = (r"(?<![0-9A-Za-z_])" if found.left else ""), (r"(?![0-9A-Za-z_])" if found.right else "")
        flags = re.ASCII if found.spelled else re.ASCII | re.IGNORECASE
        if re.search(left + re.escape(sign) + right, text, flags):
            return True
    return False


@settings(max_examples=400)
@given(patterns, st.booleans(), st.lists(texts, min_size=1, max_size=8))
def test_no_match_is_without_its_sign(pattern, ignore_case, some):
    found = literals(pattern, ignore_case=ignore_case)
    if found is None:
        return
    matches = pc.match_substring_regex(pa.array(some), pattern=pattern, ignore_case=ignore_case).to_pylist()
    for text, match in zip(some, matches, strict=True):
        assert has(found, text) or not match, (found, text)
        if found.decides:
            assert decided(found, text) == match, (found, text)


@pytest.mark.parametrize(
    ("pattern", "signs"),
    [
        ("cash", ["cash"]),
        (r"\b(act|buy) now\b", ["act now", "buy now"]),
        ("https?://", ["http://", "https://"]),
        (r"\$\d+", ["$"]),
        ("[Cc]lick +here", ["Click ", "click "]),
        ("a{2,3}b", ["aa"]),
        ("(?i)na.ve", ["ve"]),
        ("[]x]yz", ["]yz", "xyz"]),
        (r"[^\d]foo", ["foo"]),
        ("(?P<word>abc)+d", ["abc"]),
        ("naïve", ["naïve"]),
        ("(abc|def)?ghi", ["abcghi", "defghi", "ghi"]),
    ],
)
def test_the_rarest_sign_by_guess_is_taken(pattern, signs):
    assert list(literals(pattern).texts) == signs


@pytest.mark.parametrize(
    "pattern",
    [
        "", ".", "a", r"\d+", "[A-Z]{4,}", "(abc)?", "abc|", "abc|[a-z]", r"\s\n", r"\Qabc\E", "[[:alpha:]]bc",
        r"\bab|c\b",
        "(?i)é", "a{٣}bc",
    ],
)  # fmt: skip
def test_patterns_without_a_sign_worth_a_look(pattern):
    assert literals(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "decides"),
    [
        ("cash", True), (r"\bcash\b", True), (r"\bcash", True), (r"\b\$9\b", False), ("^cash", False), ("ca?sh", True),
        ("cash+", False), ("(?i)cash", True), ("(?i:ca)sh", False), (r"ca\bsh", False), (r"\bab|cd\b", False),
        ("(?i:é)sh", False),
    ],
)  # fmt: skip
def test_a_sign_decides_where_nothing_else_is_asked(pattern, decides):
    assert literals(pattern).decides == decides


def test_large_patterns_stay_small():
    assert literals("[a-z]{9}cash[^0-9]{9}").texts == ("cash",)
    assert len(literals("[ab]{40}cash").texts) <= 64
    assert literals("|".join(f"word{i}" for i in range(1_001))) is None
    assert len(literals("|".join(f"word{i}" for i in range(1_000))).texts) == 1_000


def test_words_beyond_ascii_are_unread_where_case_does_not_count():
    blind = word_literals(["cash", "naïve"], whole_word=True, ignore_case=True)
    assert (blind.texts, blind.unread, blind.decides) == (("cash",), True, True)
    spelled = word_literals(["cash", "naïve"], whole_word=True, ignore_case=False)
    assert (spelled.texts, spelled.unread, spelled.spelled) == (("cash", "naïve"), False, True)


@pytest.mark.parametrize(
    ("pattern", "ignore_case", "spans"),
    [
        ("!", False, ((33, 33),)), ("[!?]", False, ((33, 33), (63, 63))), ("[a-c]", True, ((65, 67), (97, 99))),
        ("a|b", False, ((97, 98),)), ("!!", False, None), ("é", False, None), ("^a", False, None), (".", False, None),
        ("a?", False, None), ("(?i)a", False, None),
    ],
)  # fmt: skip
def test_single_characters_are_spans_of_bytes(pattern, ignore_case, spans):
    assert character_spans(pattern, ignore_case=ignore_case) == spans


def test_word_characters_are_those_of_re2():
    characters = [chr(code) for code in range(0x300)]
    found = pc.match_substring_regex(pa.array(characters), pattern=r"\w").to_pylist()
    assert {character for character, is_word in zip(characters, found, strict=True) if is_word} == WORD


def test_at_the_sides_of_words_any_script_counts_and_in_patterns_ascii():
    assert word_literals(["cash"], whole_word=True, ignore_case=True).any_script
    assert not word_literals(["cash"], whole_word=False, ignore_case=True).any_script
    assert not literals(r"\bcash\b").any_script


def test_words_with_the_long_s_or_the_kelvin_sign_are_found_in_ascii_too():
    found = word_literals(["ſki", "5 \u212a", "é"], whole_word=True, ignore_case=True)
    assert (found.texts, found.unread) == (("ski", "5 k"), True)
    assert not word_literals(["ſki"], whole_word=True, ignore_case=True).unread
    assert word_literals(["ſki"], whole_word=True, ignore_case=False).texts == ("ſki",)
