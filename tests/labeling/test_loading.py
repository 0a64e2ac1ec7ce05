from textwrap import dedent

import pytest

from labelmill import apply_lfs
from labelmill.errors import LFError
from labelmill.labeling.loading import load_lfs

LABELS = """
    from enum import IntEnum
    class Label(IntEnum):
        HAM = 0
        SPAM = 1
"""


@pytest.fixture
def project(tmp_path, own_lfs):
    """Write files into the `lfs/` of a project; give back the folder."""

    def write(files, name="lfs"):
        folder = tmp_path / name
        for file, content in {"labels.py": LABELS, **files}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(dedent(content), encoding="utf-8")
        return folder

    return write


def names(folder, cardinality=2):
    return [lf.name for lf in load_lfs(folder, cardinality)]


def test_functions_come_in_file_and_definition_order(project):
    files = {
        "b.py": """
            from labelmill import keyword_lf, labeling_function
            from lfs.labels import Label
            from lfs.a import first
            z = keyword_lf("z", "lists/words.txt", column="text", label=Label.SPAM)
            @labeling_function
            def y(row): return Label.HAM
        """,
        "a.py": """
            from labelmill import labeling_function, regex_lf
            @labeling_function(name="x1")
            def first(row): return None
            many = [regex_lf(f"r{i}", str(i), column="text", label=0) for i in range(3)]
            by_name = {"d": regex_lf("d", "d", column="text", label=0)}
        """,
        "lists/words.txt": "cash\n",
        "sub/c.py": """
            from labelmill import labeling_function
            from ..labels import Label
            @labeling_function
            def deep(row): return Label.SPAM
        """,
        "test_a.py": "raise RuntimeError('tests are not loaded')",
        "conftest.py": "raise RuntimeError('nor is this')",
    }
    assert names(project(files)) == ["x1", "r0", "r1", "r2", "d", "z", "y", "deep"]


PARTS = """
    from labelmill import first_of, keyword_lf, labeling_function
    from lfs.labels import Label
    _cash = keyword_lf("cash", ["cash"], column="text", label=Label.SPAM)
    _more = [keyword_lf("gold", ["gold"], column="text", label=Label.SPAM)]
    @labeling_function
    def _known(mail): return Label.HAM if mail.sender == "ann" else None
    plain = keyword_lf("plain", ["-- "], column="text", label=Label.HAM)
    _stranger = ~_known
    stranger = _cash & _stranger
    rich = (_cash | _more[0]).when(_stranger)
    both = _cash | _more[0]
    quiet = (~plain & ~(_cash | _more[0])).votes(Label.HAM)
    best = first_of("best", _known, stranger)
    several = {"a": both.named("either", owner="ann")}
"""


def test_a_name_with_an_underscore_is_a_part_only(project, caplog):
    composites = ["cash when ~_known", "(cash | gold) when ~_known", "cash | gold"]
    folder = project({"a.py": PARTS})
    assert names(folder) == ["plain", *composites, "(~plain & ~(cash | gold)) votes 0", "best", "either"]
    assert not caplog.records
    mail = {"text": "gold -- ", "sender": "bob"}
    assert [lf(mail) for lf in load_lfs(folder, 2)] == [0, -1, 1, 1, -1, -1, 1]


def test_a_part_of_nothing_is_told(project, caplog):
    assert "_lost" not in names(
        project({"a.py": PARTS + "\n    _lost = keyword_lf('lost', ['x'], column='text', label=0)"})
    )
    assert "lost of " in caplog.text
    assert "votes nowhere" in caplog.text


def test_a_part_that_another_file_needs_is_none_there(project):
    more = "from lfs.a import _cash, plain as _plain\nfar = _cash | _plain\n"
    assert "plain" in names(project({"a.py": PARTS, "b.py": more}))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("loose = ~_cash", r"~cash of .*a\.py:16 is a condition"),
        ("again = _cash | _more[0]", r"two labeling functions are named 'cash \| gold': .*a\.py:12 and .*a\.py:16"),
        ("high = _cash | keyword_lf('high', ['h'], column='text', label=2)", "'high' of .* votes for class 2"),
        ("never = plain & _cash", "plain & cash can never vote"),
    ],
)
def test_what_is_wrong_with_a_composite_is_found_when_it_is_loaded(project, line, message):
    with pytest.raises(LFError, match=message):
        load_lfs(project({"a.py": f"{PARTS}    {line}\n"}), 2)


def test_each_project_gets_its_own_functions(project):
    body = """
        from labelmill import labeling_function
        @labeling_function
        def {0}(row):
            from lfs.own import VOTE
            return VOTE
    """
    one = project({"own.py": "VOTE = 0", "f.py": body.format("one")}, "one")
    two = project({"own.py": "VOTE = 1", "f.py": body.format("two")}, "two")
    assert names(one) == ["one"]
    loaded = load_lfs(two, 2)
    assert [(lf.name, lf({})) for lf in loaded] == [("two", 1)]
    assert [lf({}) for lf in load_lfs(one, 2)] == [0]


def test_an_edit_within_the_same_second_is_seen(project):
    body = "from labelmill import labeling_function\n@labeling_function\ndef f(row):\n    return {}\n"
    assert [lf({}) for vote in (0, 1, 0) for lf in load_lfs(project({"f.py": body.format(vote)}), 2)] == [0, 1, 0]
    assert not list(project({}).rglob("*.pyc"))


def test_an_installed_package_named_lfs_is_not_in_the_way(project, tmp_path, monkeypatch):
    (tmp_path / "elsewhere/lfs").mkdir(parents=True)
    (tmp_path / "elsewhere/lfs/__init__.py").write_text("raise RuntimeError('the wrong one')")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    body = "from labelmill import labeling_function\n@labeling_function\ndef f(row): return 0\n"
    assert names(project({"f.py": body})) == ["f"]


DOUBLE = """
    from labelmill import labeling_function
    @labeling_function(name="same")
    def {}(row): return None
"""


@pytest.mark.parametrize(
    ("files", "places"),
    [
        ({"a.py": DOUBLE.format("f"), "b.py": DOUBLE.format("g")}, r"a\.py:3 and .*b\.py:3"),
        ({"a.py": DOUBLE.format("f") + DOUBLE.format("f")}, r"a\.py:3 and .*a\.py:7"),
    ],
    ids=["two files", "one hides the other"],
)
def test_two_of_one_name_are_an_error_with_both_places(project, files, places):
    with pytest.raises(LFError, match=f"two labeling functions are named 'same': .*{places}"):
        load_lfs(project(files), 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\ndef f(:\n", r"bad\.py:2: cannot be imported: SyntaxError"),
        ("\nimport no_such_package\n", r"bad\.py:2: cannot be imported: ModuleNotFoundError: .*no_such_package"),
        ("from lfs.labels import Lable\n", r"bad\.py:1: cannot be imported: ImportError: .*Lable"),
        ("def f():\n    return 1 / 0\nf()\n", r"bad\.py:2: cannot be imported: ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", r"bad\.py:2: cannot be imported: SystemExit: 3"),
        ("from labelmill import regex_lf\nregex_lf('r', '(', column='t', label=1)\n", r"bad\.py:2: .*'r'.*missing \)"),
    ],
    ids=["syntax", "package", "name", "raises", "exits", "pattern"],
)
def test_a_file_that_cannot_be_imported_is_named_with_line_and_cause(project, content, message):
    with pytest.raises(LFError, match=message):
        load_lfs(project({"bad.py": content}), 2)


def test_a_folder_without_functions_is_an_error(project, tmp_path):
    with pytest.raises(LFError, match="no labeling functions in its 1 files"):
        load_lfs(project({}), 2)
    with pytest.raises(LFError, match="no such folder"):
        load_lfs(tmp_path / "nowhere", 2)


def test_a_class_out_of_range_is_found_before_any_row(project):
    body = "from labelmill import regex_lf\nr = regex_lf('r', 'a', column='text', label=2)\n"
    with pytest.raises(LFError, match=r"'r' of .* votes for class 2"):
        load_lfs(project({"a.py": body}), 2)
    assert names(project({"a.py": body}), 3) == ["r"]


def test_the_functions_run(project):
    import pandas as pd

    body = """
        from labelmill import labeling_function
        from lfs.labels import Label
        @labeling_function
        def replies(mail):
            return Label.HAM if mail.subject.startswith("Re:") else None
    """
    lfs = load_lfs(project({"a.py": body}), 2)
    assert apply_lfs(pd.DataFrame({"subject": ["Re: x", "x"]}), lfs, cardinality=2).L.tolist() == [[0], [-1]]
