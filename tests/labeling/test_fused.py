"""One pass over the bytes gives the votes of each rule by itself, whatever the texts."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill import apply_lfs, count_lf, keyword_lf, length_lf, phrase_lf, regex_lf, share_lf
from labelmill.labeling import fused
from labelmill.labeling.matching import match_column

WORDS = [
    "cash",
    "c++",
    "$$$",
    "credit card",
    "a b c",
    "ski",
    "straße",
    "i",
    "ca",
    "ash",
    "_x",
    "K",
    "é",
    "ſki",
    "рад",
    "ann",
    "e\u0301",
    "e",
    "日本",
    "😀",
    "a😀b",
    "Ⓐ",
    "c’est",
    "no.1",
    "½",
    "हि",
]
PATTERNS = [
    r"https?://|www[.]", r"\b(act|buy|order) now\b", r"(?i)\bdear (sir|madam)\b", r"[$] ?\d+ (million|billion)",
    r"cash$",
    r"^re:", r"(ab|cd){2,3}e?", r"[^a]sk", r"(?i)ſki", r"a.c", r"x{2}", r"\d+%", r"",
    r"(?:free|fr33)+ !", r"\x{e9}t", r"k|s",
    r"(?s)a.*b", r"[[:alpha:]]{3}9", r"\Bash\b", r"caf(é|e)", r"a|", r"(?i:Ca)sh", r"kelvin",
]  # fmt: skip
PIECES = st.sampled_from(
    ["cash", "CASH", "Cash", "c++", "C++", "$$$", "credit", "card", " ", "  ", "\n", "\t", "\xa0", "\x00", "ſ",
     "K", "ß", "é",
     "É", "www.", "http://", "act", "now", "dear", "sir", "k", "K", "s", "S", "i",
     "$ 5 million", "ab", "cd", "e", "_", "9", "!",
     "a", "b", "x", "fr33", "re:", "日本", "😀", "ski", "ſki", "\u2028", "%", "caf", "ash", "рад", "РАД", "па", "ann",
     "e", "\u0301", "\u200d", "\u3000", "語", "ⓐ", "Ⓐ", "’", "c", "est", "no.1", "½", "²", "٣", "ह", "ि", "—", "İ", "ı",
     "\x01", "\ue000", "\U000e0100", "ʼ", "々"]
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.none(), st.lists(PIECES, max_size=8).map("".join), st.text(max_size=12)), max_size=12)


def rules():
    for case in (True, False):
        for whole in (True, False):
            yield keyword_lf(f"k{case}{whole}", WORDS, column="t", label=1, whole_word=whole, ignore_case=case)
            for i, word in enumerate(WORDS):
                yield keyword_lf(f"w{case}{whole}{i}", [word], column="t", label=1, whole_word=whole, ignore_case=case)
        for i, pattern in enumerate(PATTERNS):
            yield regex_lf(f"r{case}{i}", pattern, column="t", label=0, ignore_case=case)
        for i, pattern in enumerate(["!", "[!?]", "k", "[a-f]", "ab", "é", "[^a]", r"\d", "https?://"]):
            yield count_lf(f"c{case}{i}", pattern, column="t", label=1, at_least=1 + i % 2, ignore_case=case)
            yield count_lf(f"n{case}{i}", pattern, column="t", label=1, at_most=i % 3, ignore_case=case)
    for i, phrase in enumerate(
        [["cash", "now"], ["dear", "sir", "act"], ["k", "s"], ["é", "ab"], ["рад", "ann"], ["a", "Ⓐ"]]
    ):
        for case in (True, False):
            near = {"gap": i, "any_order": i % 2 == 1, "ignore_case": case}
            yield phrase_lf(f"p{case}{i}", phrase, column="t", label=1, **near)
    for unit in ("characters", "words"):
        yield length_lf(f"l{unit}", column="t", label=1, at_most=3, unit=unit)
        yield length_lf(f"m{unit}", column="t", label=1, at_least=2, at_most=9, unit=unit)
    for kind in ("capitals", "digits", "marks", "non_ascii"):
        yield share_lf(f"s{kind}", kind, column="t", label=1, at_least=0.3)
        yield share_lf(f"t{kind}", kind, column="t", label=1, at_most=0.1)


RULES = list(rules())


def check(values, kind=None):
    array = pa.array(values, kind or pa.string())
    found = fused.votes_by_lf(RULES, array, min_work=0)
    inner = array
    while pa.types.is_list(inner.type):
        inner = inner.flatten()
    assert len(found) > len(RULES) / 2 or pa.types.is_null(inner.type)
    for lf in RULES:
        if id(lf) in found:
            plain = lf.match(inner)
            wrong = np.flatnonzero(found[id(lf)] != plain)
            assert not wrong.size, (lf.name, lf.spec, inner[int(wrong[0])].as_py(), plain[wrong[0]])


@pytest.mark.slow
@settings(max_examples=300, deadline=None, derandomize=True)
@given(TEXTS)
def test_the_votes_are_those_of_each_rule_alone(values):
    check(values)


@pytest.mark.slow
def test_slices_lists_and_large_strings():
    values = ["cash now", None, "", "CASH K", "dear sir, act now", "ſki", "www.", "a\xa0b c", "é"] * 3
    check(values, pa.large_string())
    check([values[:2], None, [], values[2:]], pa.list_(pa.string()))
    array = pa.array(["x", *values])[1:]
    found = fused.votes_by_lf(RULES, array, min_work=0)
    assert all((found[id(lf)] == lf.match(array)).all() for lf in RULES if id(lf) in found)


@pytest.mark.slow
def test_blocks_are_cut_anywhere(monkeypatch):
    monkeypatch.setattr(fused, "BLOCK_BYTES", 7)
    monkeypatch.setattr(fused, "BLOCK_ROWS", 2)
    check(["cash now", None, "", "CASH K", "dear sir, act now", "ſki", "a very long text with cash at its end: cash"])


@pytest.mark.slow
def test_through_apply_the_matrix_is_the_same(monkeypatch):
    values = ["cash now", None, "nothing", "CASH", "buy now! buy now!"] * 4
    frame = pd.DataFrame({"t": values, "u": [["cash", "x"], None, [], ["act now"], ["y"]] * 4})
    lfs = [*RULES[:8], keyword_lf("both", ["cash"], column=("t", "u"), label=1)]
    plain = apply_lfs(frame, lfs, cardinality=2).L
    monkeypatch.setattr(fused, "MIN_WORK", 0)
    monkeypatch.setattr(fused, "MIN_WORK_AT_START", 0)
    assert (plain == apply_lfs(frame, lfs, cardinality=2).L).all()
    assert match_column(pa.array(frame["t"]), lfs[0].match).tolist() == plain[:, 0].tolist()


def test_a_small_run_loads_no_compiler(monkeypatch):
    monkeypatch.setattr(fused, "_work_so_far", 0)
    monkeypatch.setattr(fused, "_block_votes", lambda *a: pytest.fail("a pass over bytes does not pay here"))
    apply_lfs(pd.DataFrame({"t": ["cash"] * 50}), RULES, cardinality=2)


def test_small_shards_pay_together():
    code = (
        "import sys, pandas as pd; from labelmill import apply_lfs, keyword_lf; from labelmill.labeling import fused\n"
        "fused.MIN_WORK, fused.MIN_WORK_AT_START = 10, 2_000\n"
        "lf = keyword_lf('k', ['cash'], column='t', label=1)\n"
        "for _ in range(4):\n"
        "    apply_lfs(pd.DataFrame({'t': ['no cash'] * 50}), [lf], cardinality=2)\n"
        "    print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["False", "False", "True", "True"]
