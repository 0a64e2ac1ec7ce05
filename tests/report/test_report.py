"""The page and the cards as a whole, for two and three classes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.label_model import load
from labelmill.params import Params
from labelmill.report import charts, gather, wording, write_report

WRITTEN = (paths.REPORT, paths.MODEL_CARD, paths.DATA_CARD)
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = ("meta", "br", "img", "link", "input")


class Page(HTMLParser):
    """Tags and texts of a page; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.values: list[tuple[str, str]] = []
        self.value: str | None = None
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.value = dict(attrs).get("data-value") or self.value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if data.strip() and self.value:
            self.values.append((self.value, data.strip()))
            self.value = None


@pytest.fixture
def page(written: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.chdir(written)
    return Page(paths.REPORT.read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_anywhere(page: Page):
    text = paths.REPORT.read_text(encoding="utf-8")
    assert not [
        tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object", "embed", "image", "use", "base")
    ]
    for tag, attributes in page.tags:
        assert "src" not in attributes
        assert "srcset" not in attributes
        href = attributes.get("href", "#") or ""
        assert tag == "a" or "href" not in attributes
        assert href.startswith("#") or ":" not in href
    assert "@import" not in text
    assert "url(" not in text
    assert "http:" not in text and "https:" not in text


def test_only_our_script_and_no_handlers(page: Page):
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    policy = next(a["content"] for t, a in page.tags if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/=]+';", policy)


def test_text_of_rows_is_shown_and_does_nothing(page: Page):
    text = paths.REPORT.read_text(encoding="utf-8")
    assert "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'> & " in "".join(page.texts)
    for path in WRITTEN:
        for character in "\u202e\u202c\u2066\u2069\x1b\x00":
            assert character not in path.read_text(encoding="utf-8")
    assert "U+202E" in text and "U+001B" in text
    assert "{{ 7 * 7 }}" in text
    assert "<b>low</b>" not in text


def test_every_chart_says_what_it_shows_and_takes_its_colours_from_the_page(page: Page):
    charts = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(charts) >= 10
    assert all(a["role"] == "img" and a["aria-label"] for a in charts)
    assert not [a for _, a in page.tags if str(a.get("fill", "")).startswith("#00")]
    variables = set(re.findall(r'(?:fill|stroke)="var\((--\w+)\)"', paths.REPORT.read_text(encoding="utf-8")))
    assert variables
    styles = paths.REPORT.read_text(encoding="utf-8").split("</style>")[0]
    assert all(styles.count(f"{name}:") == 2 for name in variables), "a colour is missing in light or dark"
    anchors = [str(a["href"])[1:] for t, a in page.tags if t == "a" and str(a["href"]).startswith("#")]
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert set(anchors) <= set(ids)


def test_numbers_are_those_of_the_files(page: Page):
    scores = storage.read_json(paths.metrics("evaluate"))["test"]
    shown = {json.dumps(float(raw)): text for raw, text in page.values}
    checked = 0
    for entry, is_difference in leaves(scores):
        if entry["value"] is not None:
            expected = wording.signed(entry["value"]) if is_difference else f"{entry['value']:.3f}"
            assert shown[json.dumps(entry["value"])] == expected
            checked += 1
    assert checked > 100
    assert "–" in page.texts  # what is undefined


def leaves(scores: dict) -> Iterator[tuple[dict, bool]]:
    for system, parts in scores.items():
        slices = (
            [p for pair in parts.values() for p in pair.values()] if system == "differences" else list(parts.values())
        )
        for part in slices:
            if part is parts.get("months"):
                yield from ((month["balanced_accuracy"], False) for month in part.values())
            else:
                yield from (
                    (e, system == "differences") for name, e in part.items() if name not in ("n", "n_per_class")
                )


def test_all_sections_are_filled(page: Page):
    assert "Not available" not in "".join(page.texts)
    for path in (paths.MODEL_CARD, paths.DATA_CARD):
        assert "Not available" not in path.read_text(encoding="utf-8")


def test_labeling_functions_that_depend_on_each_other_are_shown_with_the_evidence(project: Params):
    model = load(paths.LABEL_MODEL)
    edge = {"lf_a": "<b>loud", "lf_b": "shouting", "kind": "agree", "overlap": 1234}
    model.diagnostics_["edges"] = [{**edge, "agreement": 0.9, "expected": 0.6, "excess": 0.75, "z": 12.34}]
    model.save(paths.LABEL_MODEL)
    write_report(project)
    shown = Page(paths.REPORT.read_text(encoding="utf-8")).texts
    assert {"<b>loud and shouting", "agree", "1,234", "90.0%", "60.0%", "+12.3"} <= {*shown}


@pytest.mark.parametrize("project", [2], indirect=True)
def test_the_same_files_give_the_same_bytes(project: Params):
    write_report(project)
    first = [path.read_bytes() for path in WRITTEN]
    write_report(project)
    assert [path.read_bytes() for path in WRITTEN] == first


def test_the_page_is_light(page: Page):
    assert paths.REPORT.stat().st_size < 1_000_000


def test_other_inputs_are_declared_by_the_stage():
    evaluate = pytest.importorskip("labelmill.stages.evaluate")
    assert set(gather.READS) <= set(evaluate.READS)
    assert set(WRITTEN) <= set(evaluate.WRITES)


MAY_BE_MISSING = (paths.CLEAN, paths.LABEL_MATRIX, paths.LF_SUMMARY, paths.LABEL_MODEL, paths.metrics("evaluate"))


@pytest.mark.parametrize("project", [3], indirect=True)
@pytest.mark.parametrize("path", MAY_BE_MISSING, ids=str)
def test_any_file_may_be_missing(path: Path, project: Params, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(charts, "render", lambda chart, *, alt: "")  # drawing takes most of the time
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    write_report(project)
    Page(paths.REPORT.read_text(encoding="utf-8"))
    assert f"{path} has not been written" in paths.REPORT.read_text(encoding="utf-8")


@pytest.mark.parametrize("project", [2], indirect=True)
def test_an_empty_project_has_a_report_that_names_what_is_missing(
    project: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    write_report(project)
    text = paths.REPORT.read_text(encoding="utf-8")
    for path in (
        "reports/metrics/evaluate.json",
        "reports/lf_summary.csv",
        "data/label_matrix",
        "reports/leak_probe.json",
    ):
        assert f"{path} has not been written" in text
    Page(text)


@pytest.mark.parametrize("project", [2], indirect=True)
def test_a_damaged_file_is_named_not_passed_over(project: Params):
    part = paths.LABEL_MATRIX / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(CorruptFileError, match="part-00000"):
        write_report(project)


@pytest.mark.parametrize("project", [2], indirect=True)
def test_fingerprints_change_with_labeling_functions_but_not_with_their_tests(project: Params):
    provenance = pytest.importorskip("labelmill.tracking.provenance")
    before = gather.gather(project).fingerprints["labeling functions"]
    assert provenance.lf_set_hash().startswith(before)
    (paths.LFS / "test_words.py").write_text("1")
    assert gather.gather(project).fingerprints["labeling functions"] == before
    (paths.LFS / "words.py").write_text("2")
    assert gather.gather(project).fingerprints["labeling functions"] != before


@pytest.mark.slow
def test_no_script_of_a_row_runs_in_a_browser_and_ours_does(page: Page, tmp_path: Path):
    if BROWSER is None:
        pytest.skip("needs chromium")
    text = paths.REPORT.read_text(encoding="utf-8")
    assert '<button type="button">Coverage</button>' in shown_by_browser(text, tmp_path)
    # Without the policy, which would hide a fault in escaping, and with a probe that tells what ran and sorts.
    probe = """<script>
        const ran = window.ran;
        document.querySelectorAll("table.sortable th button")[2].click();
        const first = document.querySelector("table.sortable tbody th").textContent;
        document.title = `ran=${ran} first=${first}`;
    </script></body>"""
    open_page = re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</body>", probe)
    title = re.search(r"<title>(.*?)</title>", shown_by_browser(open_page, tmp_path))
    summary = pd.read_csv(paths.LF_SUMMARY).sort_values("Coverage", ascending=False, kind="stable")
    assert title is not None
    assert title[1] == f"ran=undefined first={summary['lf'].iloc[0]}"


def shown_by_browser(text: str, folder: Path) -> str:
    """The page as the browser has it after its scripts ran."""
    file = folder / "page.html"
    file.write_text(text, encoding="utf-8")
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += [f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
