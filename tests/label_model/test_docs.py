"""The pages on label models: one for each, complete, and what they show in Python is true."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest

from labelmill.label_model import KINDS, make

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "label_models"
BENCHMARKS = DOCS.parent / "benchmarks" / "label_models"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted(FOLDER.glob("*.md"))}
LARGEST_FIGURE = 60_000
FIGURES = sorted(path.name for path in (DOCS / "figures").glob("*.svg"))


def headings(text):
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def anchors(text):
    """What GitHub makes of the headings."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings(text)}


def test_each_kind_has_a_page_that_the_overview_links_to(kind):
    assert f"({kind}.md)" in PAGES["README"]
    assert f"`kind: {kind}`" in PAGES["README"]
    assert f"`kind: {kind}`" in PAGES[kind]


def test_each_page_of_a_model_has_all_parts(kind):
    found = headings(PAGES[kind])
    assert found[0] == KINDS[kind].__name__
    wanted = ["Assumptions", "Equation", "When to take it", "When it fails", "Hyper-parameters", "Cost", "Source"]
    assert [title.removesuffix("s") if title == "Equations" else title for title in found[1:]] == wanted
    assert PAGES[kind].count("](../figures/") == 1


def test_the_table_of_hyper_parameters_is_the_signature(kind):
    (table,) = re.findall(r"^## Hyper-parameters\n(.*?)^## ", PAGES[kind], re.MULTILINE | re.DOTALL)
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    told = {}
    for names, defaults in rows:
        names = re.findall(r"`(\w+)`", names)
        told |= dict(zip(names, defaults.split(","), strict=True))
    signature = inspect.signature(KINDS[kind]).parameters
    assert set(told) == set(signature)
    given = vars(make(kind, cardinality=2))
    for name, value in given.items():
        if isinstance(value, int | float) and name != "cardinality":
            word = told[name].strip()
            assert (word == str(value).lower()) if isinstance(value, bool) else float(word) == value, name


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", PAGES[page])
    assert links or page in ("votes",)
    for link in links:
        file, _, place = link.partition("#")
        assert (FOLDER / file).is_file(), link
        if place:
            assert place in anchors(PAGES[Path(file).stem]), link


def test_every_figure_is_shown_and_every_page_is_linked_to():
    text = "\n".join(PAGES.values())
    assert FIGURES
    assert not [name for name in FIGURES if f"(../figures/{name})" not in text]
    assert not [page for page in PAGES if page != "README" and f"({page}.md)" not in PAGES["README"]]


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_small_and_load_nothing(name):
    drawn = (DOCS / "figures" / name).read_text(encoding="utf-8")
    assert len(drawn) < LARGEST_FIGURE
    assert not re.findall(r"(?:href|src)=|url\(", drawn.replace("url(#", ""))
    assert "<script" not in drawn


def test_the_command_draws_just_these_figures(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    figures = importlib.import_module("figures")
    assert [f"{name}.svg" for name in sorted(figures.figures())] == FIGURES


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_are_true(page):
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    assert blocks
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, f"{page}.md", 0)
    assert examples.examples
    said = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples, out=said.append)
    assert not said, "".join(said)
