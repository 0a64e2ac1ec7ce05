import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.report.text import markdown, plain, visible

ANY_TEXT = st.text(st.characters(), max_size=60)


@given(ANY_TEXT)
def test_nothing_that_hides_or_reorders_is_left(text):
    for safe in (plain(text), visible(text), markdown(text)):
        assert not [c for c in safe if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") and c not in "\n\t"]
        safe.encode("utf-8")


@given(ANY_TEXT)
def test_html_has_no_markup_but_its_own(text):
    rest = str(visible(text)).replace('<span class="unseen">', "").replace("</span>", "")
    assert not set(rest) & set("<>\"'")


@given(ANY_TEXT)
def test_markdown_stays_on_one_line_and_starts_no_html(text):
    assert "\n" not in markdown(text)
    assert "<" not in markdown(text)


def test_ordinary_text_is_left_as_it_is():
    text = "Grüße, 你好 שלום 👍 100 %"
    assert plain(text) == str(visible(text)) == text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [("\u202e", "⟨U+202E⟩"), ("\x1b[31m", "⟨U+001B⟩[31m"), ("\x00", "⟨U+0000⟩"), ("\u200b", "⟨U+200B⟩")],
)
def test_unseen_characters_are_spelled_out(hidden, shown):
    assert plain(f"a{hidden}b") == f"a{shown}b"
    assert shown.split("[")[0] in visible(f"a{hidden}b")


def test_line_breaks_are_kept_on_the_page_only():
    assert visible("a\r\nb\rc") == "a\nb\nc"
    assert plain("a\r\nb\rc") == "a b c"


def test_long_text_is_cut_and_says_so():
    assert plain("x" * 1000, limit=3) == "xxx … (1,000 characters)"


@pytest.mark.parametrize("nothing", [None, float("nan"), ""])
def test_a_missing_value_is_empty(nothing):
    assert plain(nothing) == visible(nothing) == markdown(nothing) == ""


def test_a_table_cell_of_markdown_is_not_ended():
    assert markdown("a|b") == r"a\|b"
    assert markdown("<b> &amp;") == r"&lt;b\> &amp;amp;"
