"""Charsets, encoded words and HTML: the right text where there is one, a named problem where not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelmill.sources import decoding
from labelmill.sources.decoding import clean, decode, decode_header, html_to_text, storable


@pytest.mark.parametrize(
    ("data", "charset", "text", "problems"),
    [
        (b"plain", None, "plain", []),
        ("é".encode(), None, "é", []),
        ("é".encode(), "us-ascii", "é", []),
        (b"\x93x\x94", "iso-8859-1", "“x”", []),  # what Windows mailers mean by Latin-1
        ("游".encode("gb18030"), "GB2312", "游", []),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本", []),
        (b"caf\xe9", None, "café", ["charset:none"]),
        (b"caf\xe9", "utf-8", "café", ["charset:utf-8"]),
        (b"caf\xe9", "x-unheard-of", "café", ["charset:x-unheard-of"]),
        (b"plain", "x-unheard-of", "plain", []),
        (b"a.b", "idna", "a.b", []),  # a codec of Python, but no charset
        (b"\xff", "zip", "ÿ", ["charset:zip"]),
        (b"a\x00b", "ascii", "ab", []),
        (b"a\r\nb\rc", None, "a\nb\nc", []),
    ],
)
def test_decode(data, charset, text, problems):
    found = []
    assert decode(data, charset, found) == text
    assert found == problems


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain text", "plain text"),
        ("folded\r\n  line", "folded line"),
        ("=?iso-8859-1?Q?a=E9_b?=", "aé b"),
        ("=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=", "éé"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),  # a character cut in two
        ("a =?utf-8?Q?b?= c", "a b c"),
        ("=?nonsense", "=?nonsense"),
        ("caf\udce9", "café"),  # 8-bit bytes as the parser of the standard library keeps them
    ],
)
def test_decode_header(value, text):
    assert decode_header(value, []) == text


def test_html_keeps_what_a_reader_sees():
    html = "<style>p{}</style><p>One&nbsp;two</p><!-- no --><table><tr><td>a<td>b</table><img src=x>"
    assert html_to_text(html, []).split() == ["One", "two", "a", "b"]


def test_html_that_the_library_cannot_take_is_stripped_of_tags(monkeypatch):
    def fail(html):
        raise RecursionError("too deep")

    monkeypatch.setattr("inscriptis.get_text", fail)
    problems = []
    assert html_to_text("<p>a &lt; b</p>", problems) == "a < b"
    assert problems == ["html"]


def test_long_html_is_cut(monkeypatch):
    monkeypatch.setattr(decoding, "MAX_HTML_CHARS", 10)
    problems = []
    assert html_to_text("<p>abcdefghij</p>", problems) == "abcdefg"
    assert problems == ["html"]


@given(st.text(st.characters(codec=None), max_size=50))
def test_clean_text_can_be_stored(text):
    for result in (clean(text), storable(text)):
        result.encode("utf-8")
        assert "\x00" not in result
    assert storable(storable(text)) == storable(text)


@given(st.text(st.characters(codec=None), max_size=80), st.sampled_from(["", "=?utf-8?B?", "=?gb2312?Q?=", "?="]))
def test_any_header_value_can_be_decoded(text, part):
    decode_header(part + text + part, []).encode("utf-8")
