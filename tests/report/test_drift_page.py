import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from watched import LFS, stale_offer, stream, window

from labelmill.params import parse_params
from labelmill.quality.drift.findings import Diagnosis
from labelmill.quality.watched import Watched
from labelmill.report import drift_words
from labelmill.report.drift_page import render

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m"


@pytest.fixture(scope="module")
def params():
    task = {"name": "spam", "classes": ["ham", "spam"], "text_columns": ["subject", "text"]}
    return parse_params({"task": task, "ingest": {"source": "generated"}})


@pytest.fixture(scope="module")
def page(params):
    return render(stream(), params, windows=12)


class Words(HTMLParser):
    """The text of a page without its styles."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags = "", []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data if self.tags[-1:] != ["style"] else ""


def test_the_newest_verdict_comes_first_with_what_followed(page):
    words = Words(page).words
    assert words.index("Window 12 is not like training: stale labeling function offer.") < words.index("Over time")
    assert "The author of offer is asked to look at it" in words
    assert "A retrain was asked for: served flows start it" in words


def test_commands_are_set_as_code(page):
    assert "`" not in page
    assert "<code>labelmill promote</code>" in page


def test_every_labeling_function_is_drawn_that_which_stands_out_first(page):
    drawn = re.findall(
        r"<figure(?: class=\"out\")?><figcaption>(\w+)(?:<b>|</figcaption>)", page.split('class="lfs"')[1]
    )
    assert drawn[0] == "offer"
    assert sorted(drawn) == sorted(LFS)
    assert "window 12: 54." in page


def test_rows_before_and_after_are_shown(page):
    words = Words(page).words
    assert "free cash, act now" in words
    assert "claim it" in words
    assert "offer says spam" in words


def test_what_rows_say_is_escaped_and_nothing_is_loaded(params):
    found, shown = stale_offer(text=HOSTILE)
    html = render([window(1, stale="offer", diagnoses=[found], samples=[shown])], params, windows=1)
    assert "script" not in Words(html).tags
    assert "⟨U+202E⟩" in html
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", html)
    assert "default-src 'none'" in html


def test_equal_records_give_equal_bytes(page, params):
    assert render([Watched.from_json(one.to_json()) for one in stream()], params, windows=12) == page


def test_without_a_window_it_says_how_to_begin(params):
    assert "labelmill incoming add FILE" in render([], params, windows=0)


def test_colours_are_those_of_the_page(page):
    assert "var(--accent)" in page
    assert not re.search(r"(fill|stroke)=\"#0000", page)


@pytest.mark.parametrize(
    ("diagnoses", "says"),
    [
        ([], "Window 3 is like training."),
        ([stale_offer()[0]], "Window 3 is not like training: stale labeling function offer."),
        ([stale_offer(confirmed=False)[0]], "may not be like training (stale labeling function offer); the next one"),
        ([Diagnosis("broken_feed", "text", "empty.", True)], "Window 3: the feed is broken."),
    ],
)
def test_the_verdict_in_a_sentence(diagnoses, says):
    assert says in drift_words.verdict(window(3, diagnoses=diagnoses))[1]


def test_markdown_holds_no_markup_of_rows():
    found = Diagnosis("new_content", "", f"above all by {HOSTILE} | *x*", True)
    text = drift_words.as_markdown(window(3, stale="offer", diagnoses=[found]))
    assert "<script>" not in text
    assert r"\*x\*" in text
    assert "| agreement of offer with the others | 95.0% |" in text


def test_signals_of_every_layer_are_told_in_words():
    lines = [drift_words.signal_line(signal) for signal in drift_words.alarms(window(3, stale="offer", prior=0.2))]
    assert lines[0].startswith("agreement of offer with the others: 95.0% in training, 5")
    assert lines[1] == "predicted by champion: spam: 40.0% in training, 20.0% now"


def test_a_labeling_function_that_was_found_stale_is_listed_until_it_is_mended(params):
    found, shown = stale_offer()
    old, same = window(1, diagnoses=[found], samples=[shown]), window(2)
    mended = replace(same, lfs={**same.lfs, "offer": "e" * 64})
    pages = [render([old, newest], params, windows=2) for newest in (same, mended)]
    assert ["found stale earlier" in page for page in pages] == [True, False]
