"""Labeling functions without code."""

from pathlib import Path
from textwrap import dedent

import pandas as pd
import pytest

import labelmill
from labelmill import apply_lfs
from labelmill.errors import LFError
from labelmill.labeling import recipes
from labelmill.labeling.fingerprints import fingerprint
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.loading import load_lfs

LABELS = "from enum import IntEnum\nclass Label(IntEnum):\n    HAM = 0\n    SPAM = 1\n"
RULES = """\
    # what spam says
    - name: cash
      kind: keyword
      words: [cash, credit card]
      column: text
      label: SPAM
      owner: ann
      tags: [money]
      expires: 2099-12-31
      why: nobody gives it away

    - name: known
      kind: lookup
      table: {example.org: HAM, biz: spam}
      column: host
      match: domain
    - {name: drugs, kind: keyword, words: lists/drugs.txt, column: text, label: 1}
"""


@pytest.fixture
def project(tmp_path, own_lfs):
    """Write files into the `lfs/` of a project; give back the folder."""

    def write(rules=RULES, **files):
        folder = tmp_path / "lfs"
        for name, content in {"rules.yaml": rules, "labels.py": LABELS, "lists/drugs.txt": "pill\n", **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                (folder / name).write_text(dedent(content), encoding="utf-8")
        return folder

    return write


def test_entries_become_labeling_functions(project):
    lfs = load_lfs(project(), 2)
    assert [lf.name for lf in lfs] == ["cash", "known", "drugs"]
    frame = pd.DataFrame({"text": ["CASH", "a pill", "x"], "host": ["x.biz", None, "example.org"]})
    assert apply_lfs(frame, lfs, cardinality=2).L.tolist() == [[1, 1, -1], [-1, -1, 1], [-1, 0, -1]]
    assert [lf.origin.line for lf in lfs] == [2, 12, 17]
    assert {lf.origin.file.name for lf in lfs} == {"rules.yaml"}
    assert (lfs[0].upkeep.owner, lfs[0].upkeep.tags, lfs[0].upkeep.expires.year) == ("ann", ("money",), 2099)


def test_they_stand_beside_python_files_in_file_order(project):
    python = "from labelmill import regex_lf\n{0} = regex_lf('{0}', 'a', column='text', label=0)\n"
    folder = project(**{"a.py": python.format("first"), "z.py": python.format("last")})
    assert [lf.name for lf in load_lfs(folder, 2)] == ["first", "cash", "known", "drugs", "last"]


def test_an_entry_and_a_call_of_its_builder_have_one_key(project, tmp_path):
    python = (
        "from labelmill import keyword_lf\ncash = keyword_lf('cash', ['cash', 'credit card'], column='text', label=1)\n"
    )
    without_code = load_lfs(project(), 2)[0]
    key = fingerprint(without_code, tmp_path / "lfs")
    (tmp_path / "lfs/rules.yaml").unlink()
    with_code = load_lfs(project(rules=None, **{"rules.py": python}), 2)[0]
    assert fingerprint(with_code, tmp_path / "lfs") == key


def test_moving_an_entry_changes_no_key_and_editing_it_does(project, tmp_path):
    keys = [fingerprint(load_lfs(project(rules), 2)[0], tmp_path / "lfs").key for rules in (
        RULES, "\n\n" + dedent(RULES), RULES.replace("cash, credit", "cash, debit"))]  # fmt: skip
    assert keys[0] == keys[1] != keys[2]


def test_names_of_classes_come_from_params_and_from_labels(project):
    rules = "- {name: a, kind: regex, pattern: a, column: text, label: Spam}\n"
    assert load_lfs(project(rules), 2)[0].labels == (1,)
    folder = project(rules, **{"labels.py": ""})
    assert load_lfs(folder, 2, classes=["ham", "spam"])[0].labels == (1,)
    with pytest.raises(LFError, match=r"rules\.yaml:1: .*no class 'Spam': write its number"):
        load_lfs(folder, 2)
    with pytest.raises(LFError, match=r"labels\.py gives HAM the number 0, and task.classes of params.yaml 1"):
        load_lfs(project(rules), 2, classes=["spam", "ham"])


def test_classes_that_differ_by_case_alone_must_be_named_exactly(project):
    rules = "- {{name: a, kind: regex, pattern: a, column: text, label: {}}}\n"
    for label, number in (("US", 0), ("us", 1)):
        lfs = load_lfs(project(rules.format(label), **{"labels.py": ""}), 2, classes=["US", "us"])
        assert lfs[0].labels == (number,)
    with pytest.raises(LFError, match="no class 'Us'"):
        load_lfs(project(rules.format("Us"), **{"labels.py": ""}), 2, classes=["US", "us"])


ENTRY = "- name: a\n  kind: keyword\n  words: [x]\n  column: text\n  label: SPAM\n"


@pytest.mark.parametrize(
    ("rules", "line", "message"),
    [
        (ENTRY.replace("keyword", "keywords"), 2, "no kind 'keywords'; did you mean 'keyword'"),
        (ENTRY.replace("keyword", "[1]"), 2, r"no kind \[1\]; there are cidr, "),
        (ENTRY.replace("  kind: keyword\n", ""), 1, "no kind None"),
        (ENTRY.replace("words", "word"), 3, "no key 'word' of kind keyword; did you mean 'words'"),
        (ENTRY + "  onwer: ann\n", 6, "no key 'onwer' of kind keyword; did you mean 'owner'"),
        (ENTRY.replace("SPAM", "SPMA"), 5, "no class 'SPMA'; did you mean 'SPAM'"),
        (ENTRY.replace("SPAM", "2"), 1, "votes for class 2"),
        (ENTRY.replace("  label: SPAM\n", ""), 1, "'label' is missing; kind keyword needs name, words, column, label"),
        (ENTRY + "  whole_word: no\n", 6, "whole_word must be true or false, found 'no'"),
        (ENTRY.replace("text", "[1]"), 4, r"column must be a text or a list, found \[1\]"),
        (ENTRY.replace("SPAM", "1.5"), 5, "label must be a whole number, found 1.5"),
        (ENTRY.replace("[x]", "[]"), 1, "'a': .* holds no words"),
        (ENTRY.replace("[x]", "nothing.txt"), 1, "there is no file .*nothing.txt"),
        (ENTRY + "  expires: soon\n", 1, "expires must be a day"),
        (ENTRY + "  expires: 2026-31-12\n", 1, "cannot be read: month must be in"),
        (ENTRY.replace("[x]", "[cash, 100]"), 1, "100 is no word. Write '100', in quotes"),
        (ENTRY + "  label: HAM\n", 6, 'is not valid YAML: found duplicate key "label"'),
        (ENTRY + ENTRY, 6, r"two labeling functions are named 'a': .*rules\.yaml:1 and .*rules\.yaml:6"),
        (ENTRY + "- words\n", 6, "expected an entry with a name"),
        ("- kind: keyword\n", 1, "expected an entry with a name"),
        ("a: 1\n", 1, "expected a list of entries"),
        ("- name: [\n", 2, "is not valid YAML"),
        ("- !!python/object/apply:os.system [ls]\n", 1, "is not valid YAML: could not determine a constructor"),
        ("- {name: t, kind: time, column: at, label: SPAM, hours: 3}\n", 1, "hours must be a list, found 3"),
        ("- {name: t, kind: threshold, column: n, label: SPAM, at_least: '3'}\n", 1, "at_least must be a number"),
        ("- {name: m, kind: missing, column: n, label: SPAM, when: nul}\n", 1, "missing or empty or blank or present"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_what_was_meant(project, rules, line, message):
    with pytest.raises(LFError, match=message) as raised:
        load_lfs(project(rules), 2)
    assert f"rules.yaml:{line}" in str(raised.value)


def test_the_place_is_said_once(project):
    with pytest.raises(LFError) as raised:
        load_lfs(project(ENTRY.replace("name: a", "name: id")), 2)
    assert str(raised.value).count("rules.yaml") == 1


def test_a_file_of_comments_alone_is_empty(project):
    assert len(load_lfs(project(**{"more.yaml": "# later\n"}), 2)) == 3


def test_yaml_in_folders_below_is_data(project):
    assert len(load_lfs(project(**{"lists/brands.yaml": "acme: 1\n"}), 2)) == 3


def test_anchors_and_merges_are_plain_yaml(project):
    rules = """\
        - &spam {name: a, kind: keyword, words: [x], column: text, label: SPAM}
        - <<: *spam
          name: b
          words: [y]
    """
    lfs = load_lfs(project(rules), 2)
    assert [lf({"text": "y"}) for lf in lfs] == [-1, 1]


def test_inactive_entries_are_checked_and_do_not_vote(project):
    lfs = load_lfs(
        project(RULES + "    - {name: off, kind: regex, pattern: a, column: t, label: HAM, active: false}\n"), 2
    )
    assert "off" not in [lf.name for lf in lfs]
    with pytest.raises(LFError, match="'off'"):
        load_lfs(project(RULES + "    - {name: off, kind: regex, pattern: (, column: t, label: 0, active: false}\n"), 2)


NEEDS_CODE = {"embedding", "model"}
"""Builders that are given what only Python can say."""


def test_every_builder_that_needs_no_code_is_a_kind():
    made = {name.removesuffix("_lf") for name in labelmill.__all__ if name.endswith("_lf")}
    assert made - NEEDS_CODE == set(recipes.BUILDERS)


@pytest.mark.parametrize("kind", recipes.BUILDERS)
def test_every_argument_of_a_builder_can_be_told_to_people(kind):
    hints, needed = recipes._arguments(kind)
    assert {"name", "label"} <= hints.keys()
    assert needed[0] == "name"
    for hint in hints.values():
        told = recipes._describe(hint)
        assert told and not set("<>[].|") & set(told)


ONE_OF_EACH = """\
- {name: cidr, kind: cidr, ranges: [10.0.0.0/8], column: ip, label: SPAM}
- {name: count, kind: count, pattern: cash, column: text, at_least: 1, label: SPAM}
- {name: distant_supervision, kind: distant_supervision, pairs: [[ann, acme]], columns: [who, firm], label: SPAM}
- {name: domain, kind: domain, domains: {example.org: SPAM}, column: link}
- {name: fuzzy, kind: fuzzy, words: [cash], column: text, label: SPAM}
- {name: keyword, kind: keyword, words: [cash], column: text, label: SPAM}
- {name: length, kind: length, column: text, at_most: 2, unit: words, label: SPAM}
- {name: lookup, kind: lookup, table: {true: SPAM}, column: flag}
- {name: missing, kind: missing, column: gap, label: SPAM}
- {name: phrase, kind: phrase, words: [cash, '5'], column: text, label: SPAM}
- {name: regex, kind: regex, pattern: '\\$\\d', column: text, label: SPAM}
- {name: share, kind: share, part: digits, column: text, at_least: 0.1, label: SPAM}
- {name: threshold, kind: threshold, column: n, at_least: 3, label: SPAM}
- {name: time, kind: time, column: at, hours: [22, 6], after: 2024-01-01, label: SPAM}
"""
ROW = {
    "ip": "10.0.0.1", "who": "Ann", "firm": "Acme", "link": "http://example.org/", "text": "cash $5", "flag": True,
    "gap": "", "n": 3, "at": pd.Timestamp("2024-07-01T23:00"),
}  # fmt: skip


def test_one_of_each_kind(project):
    lfs = load_lfs(project(ONE_OF_EACH), 2)
    assert [lf.name for lf in lfs] == sorted(recipes.BUILDERS)
    assert apply_lfs(pd.DataFrame([ROW]), lfs, cardinality=2).L.tolist() == [[1] * len(lfs)]


class TestBeforeTheFirstRow:
    """What can be known to be wrong is found before any labeling function has voted."""

    @pytest.fixture
    def lfs(self, project):
        called = []

        @labelmill.labeling_function
        def first(row):
            called.append(row)

        yield [first, *load_lfs(project(ONE_OF_EACH), 2)]
        assert not called

    @pytest.mark.parametrize("column", ROW)
    def test_a_missing_column(self, lfs, column):
        with pytest.raises(LFError, match=f"rules.yaml.*there is no column '{column}'"):
            apply_lfs(pd.DataFrame([ROW]).drop(columns=column), lfs, cardinality=2)

    @pytest.mark.parametrize("column", sorted(ROW.keys() - {"gap"}))
    def test_a_column_of_another_kind(self, lfs, column):
        wrong = 1 if isinstance(ROW[column], str) else "x"
        frame = pd.DataFrame([{**ROW, column: wrong}])
        with pytest.raises(LFError, match=f"needs .*, but column '{column}' holds"):
            apply_lfs(frame, lfs, cardinality=2)

    def test_a_class_that_is_none(self, lfs):
        with pytest.raises(LFError, match="votes for class 1: the classes are 0 to 0"):
            apply_lfs(pd.DataFrame([ROW]), lfs, cardinality=1)

    def test_two_of_one_name(self, lfs):
        with pytest.raises(LFError, match="two labeling functions are named 'cidr'"):
            apply_lfs(pd.DataFrame([ROW]), [*lfs, lfs[1]], cardinality=2)


def test_the_template_project_has_one_and_its_names_are_known(own_lfs):
    folder = Path(labelmill.__file__).parent / "template/lfs"
    lfs = {lf.name: lf for lf in load_lfs(folder, 2)}
    assert isinstance(lfs["country_domain"], LabelingFunction)
    assert lfs["country_domain"].origin.file.name == "domains.yaml"
    assert lfs["country_domain"]({"sender_domain": "mail.example.cn"}) == 1
