"""The pages on other tools, and the docstrings: what they show in Python is true, what they name is there."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

from labelmill import interop

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {page: (DOCS / f"{page}.md").read_text(encoding="utf-8") for page in ("interop", "coming_from_snorkel")}
MODULES = ["crowd", "dense", "label_studio", "label_studio_tasks", "named_votes", "snorkel", "wrench"]


def anchors(text):
    """What GitHub makes of the headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def found(name):
    """Whether a dotted name can be imported."""
    module, _, attribute = name.rpartition(".")
    return hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_are_true(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, page, f"{page}.md", 0)
    assert len(examples.examples) > 10
    said = []
    doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(examples, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    tried = doctest.testmod(importlib.import_module(f"labelmill.interop.{name}"))
    assert tried.attempted > 0
    assert tried.failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_links_to_exists(page):
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", PAGES[page])
    assert links
    for link in links:
        file, _, place = link.partition("#")
        text = (DOCS / file).read_text(encoding="utf-8") if file else PAGES[page]
        assert not place or place in anchors(text), link


def test_every_public_function_is_on_the_page():
    assert interop.__all__ == sorted(interop.__all__)
    for name in interop.__all__:
        assert hasattr(interop, name)
        assert name in PAGES["interop"] or name[0].isupper(), name


def test_the_names_of_labelmill_in_the_table_are_there():
    names = set(re.findall(r"`(labelmill\.[\w.]+)`", PAGES["coming_from_snorkel"]))
    assert len(names) > 10
    assert not [name for name in sorted(names) if not found(name)]


@pytest.mark.filterwarnings("ignore")
def test_the_names_of_snorkel_in_the_table_are_there():
    pytest.importorskip("snorkel", reason="snorkel is not installed")
    names = set(re.findall(r"`(snorkel\.[\w.]+)`", PAGES["coming_from_snorkel"])) - {
        "snorkel.labeling.lf.nlp.nlp_labeling_function"  # needs spaCy as well
    }
    assert len(names) > 5
    assert not [name for name in sorted(names) if not found(name)]
