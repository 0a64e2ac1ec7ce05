"""Words, phrases and patterns in texts."""

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import apply_lfs, keyword_lf, phrase_lf, regex_lf
from labelmill.errors import LFError
from labelmill.labeling.explain import why

SIGNS = "caéÉ рРд\u0301ि語😀€’ⓐⒶ½_+ \n\xa0\u200d\x01\ue000"
words = st.lists(
    st.sampled_from(
        ["cash", "c++", "$$$", "100%", "credit card", "é", "a", "_b", ".", "рд", "e\u0301", "語", "😀", "€"]
    )
    | st.text(SIGNS, min_size=1, max_size=3).filter(str.strip),
    min_size=1,
)
texts = st.none() | st.text("caCAsShH $_+%é\n\xa0", max_size=12) | st.text(SIGNS, max_size=12) | st.text(max_size=12)


def votes(lf, values, column="text"):
    return apply_lfs(pd.DataFrame({column: pd.Series(values, dtype=object)}), [lf], cardinality=2).L[:, 0].tolist()


def is_part(character):
    """Whether a character is part of a word."""
    return character == "_" or unicodedata.category(character)[0] in "LMN"


def is_found(word, text, *, whole, case):
    """Whether Python finds it; where it begins decides where it ends."""
    body = r"[\s\xa0]+".join(re.escape(part) for part in word.split())
    for match in re.finditer(f"(?=({body}))", text, re.IGNORECASE if case else 0):
        start, stop = match.span(1)
        if not whole or not any(map(is_part, text[max(start - 1, 0) : start] + text[stop : stop + 1])):
            return True
    return False


@given(words, st.booleans(), st.booleans(), st.lists(texts, max_size=6))
def test_keywords_are_what_python_would_find(some, whole, case, values):
    # Whatever the case, Python and RE2 differ in rare letters. \s of RE2 is five characters, that of Python more.
    values = [text for text in values if not case or all(char.isascii() or char in SIGNS for char in text or "")]
    values = [text for text in values if not re.search(r"[\x0b\x1c-\x1f\x85\u1680-\u3000]", text or "")]
    found = [any(is_found(word, text or "", whole=whole, case=case) for word in some) for text in values]
    lf = keyword_lf("k", some, column="text", label=1, whole_word=whole, ignore_case=case)
    assert votes(lf, values) == [1 if one else -1 for one in found]


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

    @pytest.mark.parametrize(
        ("word", "yes", "no"),
        [
            ("рад", ["рад", "Я РАД!", "«рад»", "рад—рада"], ["парад", "рада", "рад1", "рад\u0301"]),
            ("gel", ["Gel", "gel’s", "gel😀"], ["gelöst", "ögel"]),
            ("ann", ["ann", "“Ann”", "ann…"], ["année", "Ännann"]),
            ("cafe", ["cafe"], ["cafe\u0301"]),
            ("हिन्द", ["हिन्द।"], ["हिन्दी"]),
            ("日本", ["日本", "「日本」"], ["日本語"]),
            ("€", ["€", "5 €!", "€€", "— € —"], ["5€", "€é"]),
            ("😀", ["😀😀", "x 😀"], ["x😀"]),
            ("c’est", ["c’est", "—c’est—"], ["c'est", "c—est", "c’était"]),
        ],
    )
    def test_words_end_where_they_do_in_any_script(self, word, yes, no):
        lf = keyword_lf("k", [word], column="text", label=1)
        assert votes(lf, yes + no) == [1] * len(yes) + [-1] * len(no)

    def test_letters_are_folded_one_by_one(self):
        lf = keyword_lf("k", ["straße", "istanbul", "ski"], column="text", label=1)
        assert votes(lf, ["STRAẞE", "STRASSE", "İSTANBUL", "ıstanbul", "ſKI"]) == [1, -1, -1, -1, 1]

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

    @pytest.mark.parametrize("pattern", [re.compile("a", re.IGNORECASE), 3, ["a"], b"a"], ids=repr)
    def test_a_pattern_is_a_text(self, pattern):
        with pytest.raises(LFError, match="'r': a pattern is a text"):
            regex_lf("r", pattern, column="text", label=1)


class TestPhrases:
    def test_words_in_order_with_few_between(self):
        lf = phrase_lf("p", ["lower", "payments"], column="text", label=1, gap=2)
        yes = ["lower payments", "LOWER your monthly payments!", "lower, much lower\npayments", "so lower - payments."]
        no = [None, "", "payments lower", "lower all of your payments", "slower payments", "lower repayments", "lower"]
        assert votes(lf, yes) == [1] * len(yes)
        assert votes(lf, no) == [-1] * len(no)

    def test_in_any_order_on_demand(self):
        lf = phrase_lf("p", ["claim", "your", "prize"], column="text", label=1, gap=1, any_order=True)
        assert votes(lf, ["your prize: claim it", "the prize is your claim", "claim the old big prize, your"]) == [
            1,
            1,
            -1,
        ]

    def test_case_on_demand(self):
        lf = phrase_lf("p", ["US", "law"], column="text", label=1, ignore_case=False)
        assert votes(lf, ["US federal law", "us federal law"]) == [1, -1]

    def test_no_gap_is_the_phrase_itself(self):
        lf = phrase_lf("p", ["act", "now"], column="text", label=1, gap=0)
        assert votes(lf, ["act now", "act, now", "act right now"]) == [1, 1, -1]

    @given(
        st.lists(st.sampled_from(["act", "рад", "x", "é", "e\u0301", "語", "½"]), max_size=8),
        st.sampled_from([" ", ", ", " — ", "\xa0", "\u3000", "’", " 😀 ", "…"]),
        st.integers(0, 3),
        st.booleans(),
    )
    def test_the_gap_counts_words(self, said, between, gap, any_order):
        lf = phrase_lf("p", ["act", "рад"], column="text", label=1, gap=gap, any_order=any_order)
        places = {word: [i for i, other in enumerate(said) if other == word] for word in ("act", "рад")}
        steps = [second - first for first in places["act"] for second in places["рад"]]
        near = any(0 < (abs(step) if any_order else step) <= gap + 1 for step in steps)
        assert lf({"text": between.join(said)}) == (1 if near else -1)

    def test_words_of_any_script_stand_between(self):
        buy = phrase_lf("buy", ["купи", "сейчас"], column="text", label=1, gap=0)
        assert votes(buy, ["Купи — сейчас!", "купи сейчас", "купи очень много всего сейчас"]) == [1, 1, -1]
        lower = phrase_lf("lower", ["lower", "payments"], column="text", label=1, gap=1)
        assert votes(lower, ["lower naïve payments", "lower é è payments", "lower «payments»"]) == [1, -1, 1]

    def test_a_word_may_stand_in_it_twice(self):
        for any_order in (True, False):
            lf = phrase_lf("p", ["really", "really"], column="text", label=1, gap=1, any_order=any_order)
            assert votes(lf, ["really, really!", "really very really", "really", "surely really"]) == [1, 1, -1, -1]

    def test_the_reason_is_the_words_and_what_is_between(self):
        lf = phrase_lf("p", ["lower", "payments"], column="text", label=1)
        assert why(lf, {"text": "Get lower monthly payments!"}) == "text has 'lower monthly payments'"

    def test_many_of_the_first_word_are_no_danger(self):
        lf = phrase_lf("p", ["a", "b", "c", "d", "e"], column="text", label=1, gap=50, any_order=True)
        assert lf({"text": "a b c d " * 5_000}) == -1
        assert lf({"text": "a b é d — " * 5_000}) == -1

    @pytest.mark.parametrize(
        "arguments",
        [
            {"words": ["a"]}, {"words": "a b"}, {"words": list("abcdef")}, {"words": ["a", ""]}, {"words": ["a", 3]},
            {"words": ["a", "b"], "gap": -1}, {"words": ["a", "b"], "gap": True}, {"words": ["a", "b"], "gap": 51},
        ],
        ids=str,
    )  # fmt: skip
    def test_what_is_no_phrase_is_refused(self, arguments):
        with pytest.raises(LFError, match="'p'"):
            phrase_lf("p", column="text", label=1, **arguments)
