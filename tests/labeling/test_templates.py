import re
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


@given(words, st.booleans(), st.booleans(), st.lists(texts, max_size=6))
def test_keywords_are_what_python_would_find(some, whole, case, values):
    values = [text for text in values if text is None or (text.isascii() or not case)]
    body = "|".join(r"[\s\xa0]+".join(re.escape(part) for part in word.split()) for word in some)
    edges = (r"(?<![0-9A-Za-z_])", r"(?![0-9A-Za-z_])") if whole else ("", "")
    pattern = re.compile(f"{edges[0]}(?:{body}){edges[1]}", re.IGNORECASE if case else 0)
    # \s of RE2 is five characters, that of Python more.
    values = [text for text in values if text is None or not re.search(r"[\x0b\x1c-\x1f\x85\u1680-\u3000]", text)]
    found = [1 if text is not None and pattern.search(text) else -1 for text in values]
    assert votes(keyword_lf("k", some, column="text", label=1, whole_word=whole, ignore_case=case), values) == found


class TestKeywords:
    def test_whole_words_whatever_the_case_are_the_default(self):
        lf = keyword_lf("k", ["cash", "c++", "$$$", "credit card"], column="text", label=1)
        yes = [
            "cash",
            "CASH!",
            "(cash)",
            "no\ncash",
            "credit\n card",
            "Credit\xa0Card",
            "c++",
            "I know C++.",
            "$$$",
            "a $$$",
        ]
        no = [None, "", "cashier", "my_cash", "creditcard", "c++x", "x$$$", "card credit"]
        assert votes(lf, yes) == [1] * len(yes)
        assert votes(lf, no) == [-1] * len(no)

    def test_parts_of_words_on_demand(self):
        lf = keyword_lf("k", ["cash"], column="text", label=1, whole_word=False)
        assert votes(lf, ["cashier", "CASH", "ca sh"]) == [1, 1, -1]

    def test_case_on_demand(self):
        lf = keyword_lf("k", ["SEC"], column="text", label=1, ignore_case=False)
        assert votes(lf, ["the SEC", "one sec"]) == [1, -1]

    def test_words_mean_themselves(self):
        lf = keyword_lf("k", [".*", "a|b", "(x", "\\d", "^", "[z]"], column="text", label=1)
        assert (
            votes(lf, ["anything", "a", "5", "z", "x", "is .* here", "a|b", "(x", "\\d", "[z]"]) == [-1] * 5 + [1] * 5
        )

    def test_words_from_a_file_beside_the_one_that_calls(self, tmp_path):
        (tmp_path / "words.txt").write_text("# drugs\nviagra # the first\n\n  we're  #1 \nC#\n", encoding="utf-8")
        (tmp_path / "module.py").write_text("made = keyword_lf('k', 'words.txt', column='text', label=1)\n")
        scope = {"keyword_lf": keyword_lf}
        exec(compile((tmp_path / "module.py").read_text(), str(tmp_path / "module.py"), "exec"), scope)
        assert votes(scope["made"], ["Viagra", "we're #1", "c#", "drugs", "the first", "we're"]) == [
            1,
            1,
            1,
            -1,
            -1,
            -1,
        ]

    def test_any_of_several_columns(self):
        lf = keyword_lf("k", ["cash"], column=("subject", "text"), label=1)
        frame = pd.DataFrame({"subject": ["cash", None, "-"], "text": ["-", "cash", "-"]})
        assert apply_lfs(frame, [lf], cardinality=2).L[:, 0].tolist() == [1, 1, -1]
        assert lf({"subject": None, "text": "cash"}) == 1

    def test_any_item_of_a_list_column(self):
        lf = keyword_lf("k", ["exe"], column="attachments", label=1)
        lists = [["a.txt", "b.exe"], [], None, ["c.txt"], ["d.exe"], [None]]
        assert votes(lf, lists, "attachments") == [1, -1, -1, -1, 1, -1]
        assert [lf({"attachments": names}) for names in lists] == [1, -1, -1, -1, 1, -1]

    def test_a_list_too_long_for_one_pattern(self):
        many = [f"word{i:05d}{'x' * 30}" for i in range(6000)]
        lf = keyword_lf("k", many, column="text", label=1)
        assert len(lf.spec["patterns"]) > 1
        assert votes(lf, [many[0], many[3000], many[-1], "word"]) == [1, 1, 1, -1]

    @pytest.mark.parametrize("bad", [[], [""], [" "], [3], ["a", None]])
    def test_what_is_no_word_is_refused(self, bad):
        with pytest.raises(LFError, match="'k'"):
            keyword_lf("k", bad, column="text", label=1)

    def test_a_single_word_is_taken_for_a_file_and_told_how_to_be_a_list(self):
        with pytest.raises(LFError, match=r"no file .*viagra.*\['viagra'\]"):
            keyword_lf("k", "viagra", column="text", label=1)


class TestRegex:
    @pytest.mark.parametrize(
        ("pattern", "text", "found"),
        [
            (r"\bnow\b", "buy now!", True),
            (r"\bnow\b", "BUY NOW", False),
            (r"\bve\b", "naïve", True),
            (r"\d", "٣", False),
            (r"\s", "a\xa0b", False),
            (r"\w", "é", False),
            (r"\pL", "é", True),
            (r"na.ve", "naïve", True),
            (r"a.b", "a\nb", False),
            (r"(?s)a.b", "a\nb", True),
            (r"^>", "a\n>b", False),
            (r"(?m)^>", "a\n>b", True),
            (r"a$", "a\n", False),
            (r"(?i)CASH", "cash", True),
            (r"b", "a\x00b", True),
        ],
    )
    def test_patterns_are_re2_and_classes_are_ascii(self, pattern, text, found):
        assert regex_lf("r", pattern, column="text", label=1)({"text": text}) == (1 if found else -1)

    def test_case_counts_unless_told(self):
        assert regex_lf("r", "CASH", column="text", label=1, ignore_case=True)({"text": "cash"}) == 1

    @pytest.mark.parametrize(
        ("pattern", "message"),
        [("(a", r"missing \)"), ("(?<=a)b", r"\(\?<"), (r"(a)\1", "invalid escape"), ("a**", "repet")],
    )
    def test_an_invalid_pattern_is_an_error_when_defined(self, pattern, message):
        with pytest.raises(LFError, match=f"'broken'.*{message}"):
            regex_lf("broken", pattern, column="text", label=1)

    def test_an_evil_pattern_is_no_danger(self):
        assert regex_lf("r", r"^(a+)+$", column="text", label=1)({"text": "a" * 50_000 + "b"}) == -1


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
