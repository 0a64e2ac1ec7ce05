"""The examples of the cookbook are true."""

import doctest
import re
from pathlib import Path

import pytest

from labelmill.errors import LFError
from labelmill.labeling.loading import load_lfs
from labelmill.labeling.recipes import BUILDERS

COOKBOOK = Path(__file__).parents[2] / "docs/cookbook"


def blocks(page, language):
    text = (COOKBOOK / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["words", "knowledge", "fields", "models", "people", "composition", "plain_python"])
def test_python(page):
    examples = doctest.DocTestParser().get_doctest("\n".join(blocks(page, "python")), {}, page, f"{page}.md", 0)
    assert examples.examples
    said = []
    doctest.DocTestRunner().run(examples, out=said.append)
    assert not said, "".join(said)


@pytest.fixture
def rules(tmp_path, own_lfs):
    (tmp_path / "lfs").mkdir()
    (yaml,) = blocks("without_code", "yaml")
    (tmp_path / "lfs/rules.yaml").write_text(yaml, encoding="utf-8")
    return tmp_path / "lfs"


def test_yaml(rules):
    lfs = {lf.name: lf for lf in load_lfs(rules, 2, classes=["ham", "spam"])}
    assert lfs["price"]({"subject": "only $ 5"}) == 1
    assert lfs["answers"]({"is_reply": True}) == 0
    assert set(re.findall(r"kind: (\w+)", (rules / "rules.yaml").read_text())) == set(BUILDERS)


def test_the_mistake(rules, monkeypatch):
    (said,) = blocks("without_code", "text")
    (rules / "rules.yaml").write_text((rules / "rules.yaml").read_text().replace("SPAM", "SPMA", 1))
    monkeypatch.chdir(rules.parent)
    with pytest.raises(LFError, match=f"^{re.escape(said.strip())}$"):
        load_lfs(rules, 2, classes=["ham", "SPAM"])
