import pytest

from labelmill import keyword_lf, labeling_function, lookup_lf, phrase_lf, regex_lf
from labelmill.labeling.explain import about, found_in, why


@labeling_function
def documented(row):
    """Long texts are ham.

    More about it.
    """
    return 0


@pytest.mark.parametrize(
    ("lf", "row", "reason"),
    [
        (
            keyword_lf("k", ["cheap pills"], column="text", label=1),
            {"text": "Cheap\n pills!"},
            "text has 'Cheap\\n pills'",
        ),
        (keyword_lf("k", ["$$$"], column="text", label=1), {"text": "win $$$ now"}, "text has '$$$'"),
        (
            regex_lf("r", r"(act|buy) now", column="text", label=1, ignore_case=True),
            {"text": "x\nBUY NOW\nact now"},
            "text has 'BUY NOW'",
        ),
        (regex_lf("r", "(?m)^b.*$", column="text", label=1), {"text": "a\nbc\nd"}, "text has 'bc'"),
        (regex_lf("r", "^a", column=("subject", "text"), label=1), {"subject": "b", "text": "ab"}, "text has 'a'"),
        (
            regex_lf("r", r"\.biz/", column="links", label=1),
            {"links": ["http://a.org/", "http://b.biz/c"]},
            "links has '.biz/'",
        ),
        (lookup_lf("l", ["biz"], column="domain", label=1, match="domain"), {"domain": "a.biz"}, "domain has 'a.biz'"),
        (lookup_lf("l", {3: 1}, column="stars"), {"stars": 3}, "stars has 3"),
        (documented, {}, "Long texts are ham."),
    ],
)
def test_the_reason_is_what_was_found(lf, row, reason):
    assert why(lf, row) == reason


@pytest.mark.parametrize(
    ("lf", "text"),
    [
        (keyword_lf("k", ["cash", "$$$"], column="text", label=1), "words (2): cash, $$$"),
        (regex_lf("r", "[a-z]+", column="text", label=1), "pattern [a-z]+"),
        (lookup_lf("l", ["a.b"], column="text", label=1, match="suffix"), "suffix (1): a.b"),
        (documented, "Long texts are ham."),
    ],
)
def test_about_says_what_it_looks_for(lf, text):
    assert about(lf) == text


def test_every_place_is_found_also_where_one_space_parts_two():
    lf = keyword_lf("k", ["cash", "act now"], column="text", label=1)
    (found,) = found_in(lf, {"text": "cash cash cash, act now act now"})
    assert [found.text[start:stop] for start, stop in found.places] == ["cash"] * 3 + ["act now"] * 2


def test_places_are_those_of_the_text_as_it_is():
    lf = keyword_lf("k", ["рад", "c’est", "😀"], column="text", label=1)
    (found,) = found_in(lf, {"text": "«рад» парад — c’est—рад рад 😀😀"})
    assert [found.text[start:stop] for start, stop in found.places] == ["рад", "c’est", "рад", "рад", "😀", "😀"]
    phrase = phrase_lf("p", ["lower", "payments"], column="text", label=1, gap=1)
    assert why(phrase, {"text": "— Lower naïve “payments”"}) == "text has 'Lower naïve “payments'"
