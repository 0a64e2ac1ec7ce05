from html.parser import HTMLParser

import pandas as pd
import pytest

from labelmill.quality.expectations import Check
from labelmill.quality.outcome import QUARANTINE_COLUMNS, Outcome, Result
from labelmill.report.validation_page import LINES_SHOWN, render

HOSTILE = "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(2)>\"'&\u202e\x1b[31m"


def outcome(*, stops: bool = False, lines: int = 1, text: str = "hello") -> Outcome:
    check = Check(text, "text", "expect_column_values_to_not_be_null", "a value", "validate.columns.text.nullable")
    line = (text, f"inbox/{text}", "text", check.expectation, text, f"has no value: {text}")
    results = (
        Result(check, stops, 1, f"none, but {text}", (text,)),
        Result(
            Check("id", "id", "expect_column_values_to_be_unique", "every id once", "labelmill itself"), True, 0, "ok"
        ),
    )
    return Outcome(
        rows=1000,
        clean=999,
        rejected=0,
        results=results,
        quarantine=pd.DataFrame([line] * lines, columns=list(QUARANTINE_COLUMNS), dtype="str"),
        shares={"quarantined": 0.001, "duplicate": 0.0, "undecoded": 0.02},
        undeclared=(text,),
        sources={text: f"inbox/{text}"},
    )


class Page(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data


@pytest.mark.parametrize("stops", [False, True])
def test_the_page_loads_nothing_and_runs_nothing(stops):
    page = Page(render(outcome(stops=stops, text=HOSTILE), task="spam"))
    for tag, attributes in page.tags:
        assert tag not in {"script", "img", "link", "iframe", "object", "embed", "base"}
        assert not {"src", "href", "action", "style"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
    style = render(outcome(), task="spam").split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_text_from_rows_is_escaped_and_hidden_characters_are_spelled_out():
    html = render(outcome(stops=True, text=HOSTILE), task="spam")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html.replace("&#x202e;", "")
    assert "⟨U+202E⟩" in html


def test_the_verdict_is_readable_at_a_glance():
    assert "Passed. Rows that broke an expectation" in render(outcome(), task="spam")
    assert "Stopped: 1 expectation broken" in render(outcome(stops=True), task="spam")
    spotless = Outcome(5, 5, 0, (), outcome(lines=0).quarantine, {}, (), {})
    assert "Every row is as expected" in render(spotless, task="spam")


def test_a_stop_names_rows_key_and_what_to_do():
    words = Page(render(outcome(stops=True), task="spam")).words
    for expected in (
        "hello (inbox/hello)",
        "validate.columns.text.nullable",
        "change validate.columns",
        "found none, but",
    ):
        assert expected in words


def test_a_long_quarantine_is_cut_and_says_so():
    html = render(outcome(lines=LINES_SHOWN + 1), task="spam")
    assert html.count("inbox/hello") == LINES_SHOWN
    assert f"first {LINES_SHOWN} of {LINES_SHOWN + 1}" in html
