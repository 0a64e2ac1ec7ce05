"""Words in disguise are found, and ordinary words that look like them are not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill import fuzzy_lf
from labelmill.errors import LFError
from labelmill.labeling.disguises import LOOKALIKES
from labelmill.labeling.explain import why

DRUG = fuzzy_lf("drug", ["viagra"], column="text", label=1)
COMMON = ["hell", "lose", "hoping", "loss", "resign", "cant", "well", "mail", "cash", "seal", "loans", "cope", "sell"]
ORDINARY = [
    "he'll", "he’ll", "loose", "hopping mad", "in 1055", "please re-sign it", "can't", "we'll", "the mall", "mall.",
    "(ash", "by the sea!", "loan(s)", "соре", "сосо", "1 0 5 5", "5311", "we will", "I’ll", "se ll", "a-b-c",
    "mai", "cas", "shell", "helling", "cash4you2", "100% on 1055.",
]  # fmt: skip


def vote(lf, text):
    return lf({"text": text})


@pytest.mark.parametrize(
    "text",
    [
        "viagra", "VIAGRA!", "v1agra", "buy V1AGRA now", "vi@gra", "viágra", "v!agra", "V*i*a*g*r*a", "v i a g r a",
        "v-i-a-g-r-a", "v.i.a.g.r.a", "v1@gr4", "via.gra", "vi\xadagra", "vi\u200bagra", "viaaagra", "v 1 a g r @",
        "V.1.A.G.R.A", "\u03bdiagra", "vіagrа", "v_i_a_g_r_a",
    ],
)  # fmt: skip
def test_disguises_are_found(text):
    assert vote(DRUG, text) == 1


@pytest.mark.parametrize(
    "text", [None, "", "via grand canal", "niagara", "viagrass", "v", "vi agra", "1461", "diagram"]
)
def test_what_is_no_disguise_is_not(text):
    assert vote(DRUG, text) == -1


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_are_no_disguises(text):
    words = [word for word in COMMON if not re.search(rf"\b{word}\b", text)]
    assert vote(fuzzy_lf("all", words, column="text", label=1), text) == -1
    assert vote(fuzzy_lf("all", COMMON, column="text", label=1, plain=False), text) == -1


@given(st.sampled_from(["viagra", "casino", "mortgage", "well"]), st.data())
def test_any_letters_but_not_all_may_be_others(word, data):
    alike = [LOOKALIKES.get(letter, "") for letter in word[:-1]]
    at = data.draw(st.sets(st.sampled_from([i for i, others in enumerate(alike) if others]), min_size=1))
    text = "".join(data.draw(st.sampled_from(alike[i])) if i in at else letter for i, letter in enumerate(word))
    for lf in (fuzzy_lf("f", [word], column="text", label=1, plain=plain) for plain in (True, False)):
        assert vote(lf, f"so {text}, {word[:2]}") == 1


@pytest.mark.slow
@given(st.text("0123456789$@!|+ .", max_size=12))
def test_numbers_and_signs_alone_are_no_words(text):
    assert vote(fuzzy_lf("all", [*COMMON, "viagra"], column="text", label=1), text) == -1


def test_no_look_alike_is_a_letter_of_the_alphabet():
    assert not [letter for others in LOOKALIKES.values() for letter in others if "a" <= letter.lower() <= "z"]
    assert all(len(set(others)) == len(others) for others in LOOKALIKES.values())


def test_the_plain_word_counts_unless_told():
    disguised = fuzzy_lf("drug", ["viagra"], column="text", label=1, plain=False)
    assert [vote(disguised, text) for text in ("viagra", "Viagra!", "v1agra", "v.iagra", "v i a g r a")] == [
        -1, -1, 1, 1, 1,
    ]  # fmt: skip


def test_misspellings_on_demand_and_of_long_words_only():
    lf = fuzzy_lf("f", ["viagra", "cash"], column="text", label=1, misspelled=True)
    texts = ["vigara", "vigra", "viagar", "ivagra", "iagra", "viagr", "csah", "csh"]
    assert [vote(lf, text) for text in texts] == [1, 1, -1, -1, -1, -1, -1, -1]
    assert vote(DRUG, "vigara") == -1


def test_it_is_a_whole_word_in_any_script():
    texts = ["«v1agra»", "viagra—", "v—i—a—g—r—a", "v. i. a. g. r. a…", "viagraé", "яviagra", "v1agra\u0301", "€viagra"]
    assert [vote(DRUG, text) for text in texts] == [1, 1, 1, 1, -1, -1, -1, 1]
    assert [vote(fuzzy_lf("f", ["рада"], column="text", label=1), text) for text in ("рада", "р.ада", "парада")] == [
        1, 1, -1,
    ]  # fmt: skip


def test_lists_and_several_columns():
    lf = fuzzy_lf("drug", ["viagra"], column=("subject", "tags"), label=1)
    assert lf({"subject": None, "tags": ["x", "v1agra"]}) == 1
    assert lf({"subject": "-", "tags": []}) == -1


def test_the_reason_is_the_disguise():
    assert why(DRUG, {"text": "get V*1*agra here"}) == "text has 'V*1*agra'"


@pytest.mark.parametrize("words", [["sex"], ["two words"], ["c0de"], ["c++code"], []])
def test_what_is_no_single_word_is_refused(words):
    with pytest.raises(LFError, match="'f'"):
        fuzzy_lf("f", words, column="text", label=1)


def test_a_text_that_fits_nearly_is_no_danger():
    lf = fuzzy_lf("f", ["pharmaceuticals"], column="text", label=1, misspelled=True)
    assert vote(lf, "p*h*a*r*m*a*c*e*u*t*i*c*a*l*" * 2_000) == -1
