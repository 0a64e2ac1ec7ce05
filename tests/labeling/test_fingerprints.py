"""A key changes with whatever can change votes, and with nothing else of the project."""

import importlib
import os
import subprocess
import sys
from textwrap import dedent

import pytest

from labelmill.labeling import packages
from labelmill.labeling.fingerprints import fingerprint
from labelmill.labeling.loading import load_lfs

FILES = {
    "labels.py": """
        from enum import IntEnum
        class Label(IntEnum):
            HAM = 0
            SPAM = 1
    """,
    "deep.py": """
        LIMIT = 3
        def unused():
            return 0
        def count(text):
            return text.count("!") > LIMIT
    """,
    "middle.py": """
        from lfs import deep
        def noisy(text):
            return deep.count(text)
    """,
    "main.py": """
        import re
        from pathlib import Path
        from labelmill import keyword_lf, labeling_function
        from lfs.labels import Label
        from lfs.middle import noisy
        WORDS = frozenset({"cash", "money", "gold"})
        PATTERN = re.compile("a+")
        BRANDS = set((Path(__file__).parent / "brands.txt").read_text().split())

        @labeling_function
        def far(mail):
            return Label.SPAM if noisy(mail.text) else None

        @labeling_function
        def words(mail):
            # a comment
            return Label.SPAM if WORDS & set(mail.text.split()) else None

        @labeling_function
        def pattern(mail):
            return Label.SPAM if PATTERN.search(mail.text) else None

        @labeling_function
        def brands(mail):
            return Label.SPAM if any(b in mail.text for b in BRANDS) else None

        @labeling_function
        def opens(mail):
            return Label.SPAM if mail.text in open(Path(__file__).parent / "listed.txt").read() else None

        @labeling_function(resources=["declared.txt"])
        def declares(mail):
            return Label.HAM if mail.text else None

        def make(name, limit):
            @labeling_function(name=name)
            def inner(mail):
                return Label.HAM if len(mail.text) > limit else None
            return inner

        made = [make("over_5", 5), make("over_6", 6)]
        drugs = keyword_lf("drugs", "drugs.txt", column="text", label=Label.SPAM)
    """,
    "brands.txt": "acme\n",
    "listed.txt": "x\n",
    "declared.txt": "x\n",
    "drugs.txt": "pill\n",
}
EVERY = {"far", "words", "pattern", "brands", "opens", "declares", "over_5", "over_6", "drugs"}


@pytest.fixture
def folder(tmp_path, own_lfs):
    for file, content in FILES.items():
        (tmp_path / "lfs").mkdir(exist_ok=True)
        (tmp_path / "lfs" / file).write_text(dedent(content))
    return tmp_path / "lfs"


def prints(folder):
    return {lf.name: fingerprint(lf, folder) for lf in load_lfs(folder, 2)}


def keys(folder):
    return {name: found.key for name, found in prints(folder).items()}


def test_only_what_reads_files_when_called_hangs_on_the_whole_folder(folder):
    assert {name for name, found in prints(folder).items() if not found.resolved} == {"opens"}


def test_every_function_has_a_key_of_its_own(folder):
    assert len(set(keys(folder).values())) == len(EVERY)


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("deep.py", "LIMIT = 3", "LIMIT = 4", {"far"}),
        ("deep.py", 'count("!")', 'count("?")', {"far"}),
        ("deep.py", "return 0", "return 1", set()),
        ("deep.py", "LIMIT = 3", "# more\n\nLIMIT  =  3", set()),
        ("middle.py", "return deep", "return not deep", {"far"}),
        ("main.py", '"gold"', '"silver"', {"words"}),
        ("main.py", "# a comment", "# another comment", set()),
        ("main.py", "WORDS &", "WORDS ^", {"words"}),
        ("main.py", 'compile("a+")', 'compile("a*")', {"pattern"}),
        ("main.py", 'compile("a+")', 'compile("a+", re.I)', {"pattern"}),
        ("main.py", '"over_6", 6', '"over_6", 7', {"over_6"}),
        ("main.py", "> limit", ">= limit", {"over_5", "over_6"}),
        ("main.py", '"drugs.txt", column="text"', '"drugs.txt", column="subject"', {"drugs"}),
        ("brands.txt", "acme", "ajax", {"brands"}),
        ("listed.txt", "x", "y", set()),
        ("declared.txt", "x", "y", {"declares"}),
        ("drugs.txt", "pill", "# none\npill", set()),
        ("drugs.txt", "pill", "pills", {"drugs"}),
        ("labels.py", "SPAM = 1", "SPAM = 0", EVERY - {"declares", "over_5", "over_6"}),  # these say HAM
        ("labels.py", "HAM = 0", "HAM = 2", {"declares", "over_5", "over_6"}),
        ("labels.py", "SPAM = 1", "SPAM = 1\n    NEWS = 2", set()),
    ],
)
def test_an_edit_changes_the_keys_that_it_must(folder, file, old, new, changed):
    before = keys(folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    after = keys(folder)
    assert {name for name in before if before[name] != after[name]} - {"opens"} == changed - {"opens"}
    assert before["opens"] != after["opens"]  # any byte of the folder


@pytest.mark.parametrize(
    "body",
    [
        "return Label(len(mail.text) % len(Label))",
        "return list(Label)[-1]",
        'return Label["HAM"]',
        "return max(type(Label.HAM))",
        "return last(Label.HAM)",
        "return getattr(Label, mail.text)",
        'return Label.__members__["HAM"]',
    ],
)
def test_code_that_may_come_to_members_which_it_does_not_name_depends_on_all_of_them(folder, body):
    code = f"""
        from labelmill import labeling_function
        from lfs.labels import Label
        def last(label):
            return max(label.__class__)
        @labeling_function
        def any_of_them(mail):
            {body}
    """
    (folder / "more.py").write_text(dedent(code))
    before = keys(folder)
    (folder / "labels.py").write_text(dedent(FILES["labels.py"]) + "    NEWS = 2\n")
    after = keys(folder)
    assert {name for name in before if before[name] != after[name]} - {"opens"} == {"any_of_them"}


def test_an_enum_with_code_of_its_own_counts_whole(folder):
    labels = dedent(FILES["labels.py"]) + "    def other(self):\n        return Label(1 - self)\n"
    (folder / "labels.py").write_text(labels)
    before = keys(folder)
    (folder / "labels.py").write_text(labels.replace("SPAM = 1", "SPAM = 1\n    NEWS = 2"))
    after = keys(folder)
    assert {name for name in before if before[name] != after[name]} == EVERY - {"drugs"}


def test_lines_change_where_code_moves_and_keys_do_not(folder):
    before = prints(folder)
    (folder / "deep.py").write_text("\n" + (folder / "deep.py").read_text())
    after = prints(folder)
    assert before["far"].key == after["far"].key
    assert before["far"].lines != after["far"].lines
    assert before["words"].lines == after["words"].lines


def test_keys_are_the_same_in_every_process(folder):
    code = (
        "import sys; from pathlib import Path; from labelmill.labeling.loading import load_lfs\n"
        "from labelmill.labeling.fingerprints import fingerprint\n"
        "print([fingerprint(lf, Path(sys.argv[1])).key for lf in load_lfs(Path(sys.argv[1]), 2)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code, str(folder)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{list(keys(folder).values())}\n".encode()}


@pytest.mark.parametrize(
    "body",
    [
        "from lfs.middle import noisy\n    return 1 if noisy(mail.text) else None",
        "from .middle import noisy\n    return 1 if noisy(mail.text) else None",
        "return getattr(lfs.middle, 'noisy')(mail.text) or None",
        "return 1 if OBJECT.x else None",
        "return eval('1')",
        "return 1 if handed_on(lfs.middle, mail.text) else None",
        "return operator.attrgetter('noisy')(lfs.middle)(mail.text) or None",
        "return 1 if MODULES[0].noisy(mail.text) else None",
        "other = lfs.middle\n    return 1 if other.noisy(mail.text) else None",
        "return 1 if FOLDER / mail.text else None",
        "return 1 if sqlite3.connect('lfs/x.db') else None",
    ],
)
def test_what_cannot_be_told_hangs_on_the_whole_folder(folder, body):
    head = (
        "import lfs.middle, operator, pathlib, sqlite3, threading\nfrom labelmill import labeling_function\n"
        "OBJECT, MODULES, FOLDER = threading.Lock(), [lfs.middle], pathlib.Path('x')\n"
        "def handed_on(module, text):\n    return module.noisy(text)\n"
    )
    (folder / "zz.py").write_text(f"{head}@labeling_function\ndef odd(mail):\n    {body}\n")
    assert not prints(folder)["odd"].resolved


@pytest.mark.parametrize(
    ("head", "body", "edit"),
    [
        ("class Rule:\n    def __init__(self, n): self.n = n\n    def hit(self, t): return t > self.n\nR = Rule(3)",
         "R.hit(mail.text)", ("Rule(3)", "Rule(4)")),
        ("class Rule:\n    def hit(self, t): return len(t) > 3\nR = Rule()", "R.hit(mail.text)", ("> 3", "> 4")),
        ("import numpy as np\nA = np.arange(3)", "A[0]", ("arange(3)", "arange(4)")),
        ("import functools\ndef g(a, b): return a\nP = functools.partial(g, 1)", "P(mail)", ("g, 1", "g, 2")),
        ("import functools\n@functools.cache\ndef g(a): return 1", "g(mail)", ("return 1", "return 2")),
        ("import re\nfind = re.compile('a').search", "find(mail.text)", ("'a'", "'b'")),
        ("D = {'a': [1, (2, {3})]}", "D['a']", ("{3}", "{4}")),
        ("def g(a, b=1): return b", "g(mail)", ("b=1", "b=2")),
        ("f = lambda a: [x + 1 for x in a]", "f([1])", ("x + 1", "x + 2")),
        ("class B:\n    x = 1\nclass C(B): pass", "C.x", ("x = 1", "x = 2")),
        ("import collections\nN = collections.Counter('ab')", "N['a']", ("'ab'", "'aab'")),
        ("import datetime\nT = datetime.timedelta(1)", "T.days", ("(1)", "(2)")),
        ("class D(dict):\n    def __missing__(self, k): return 1\nD1 = D(a=2)", "D1['b']", ("return 1", "return 2")),
        ("class D(dict): pass\nD1 = D(a=2)", "D1['b']", ("a=2", "a=3")),
        ("class S(str): pass\nS1 = S('a')", "S1 + 'b'", ("'a'", "'b'")),
        ("class P:\n    __slots__ = ('x',)\n    def __init__(self, x): self.x = x\nP1 = P(1)",
         "P1.x", ("P(1)", "P(2)")),
        ("def g(): return g.limit\ng.limit = 3", "g()", ("limit = 3", "limit = 4")),
        ("import functools, json\ndef deco(f):\n    @functools.wraps(json.dumps)\n    def inner(a): return f(a) + 1\n"
         "    return inner\n@deco\ndef g(a): return 2", "g(mail)", ("+ 1", "+ 2")),
        ("import functools, json\ndef deco(f):\n    @functools.wraps(json.dumps)\n    def inner(a): return f(a) + 1\n"
         "    return inner\n@deco\ndef g(a): return 2", "g(mail)", ("return 2", "return 3")),
        ("import numpy as np\nfrom sklearn.linear_model import LogisticRegression\n"
         "M = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])", "M.predict([[1]])[0]",
         ("[0, 0, 1, 1]", "[0, 1, 1, 1]")),
        ("import numpy as np\nfrom sklearn.tree import DecisionTreeClassifier\n"
         "M = DecisionTreeClassifier(random_state=0).fit([[0.0], [1.0], [2.0]], [0, 0, 1])", "M.predict([[1]])[0]",
         ("[0, 0, 1]", "[0, 1, 1]")),
        ("import labelmill\n@labelmill.preprocessor\ndef w(m): return len(m.text)", "w(mail)", ("len(", "id(")),
        ("import labelmill\nK = labelmill.regex_lf('k', 'a', column='text', label=1)", "K(mail)", ("'a'", "'b'")),
    ],
)  # fmt: skip
def test_constants_of_many_kinds_count_by_value(folder, head, body, edit):
    text = f"from labelmill import labeling_function\n{head}\n@labeling_function\ndef odd(mail):\n    return {body}\n"
    (folder / "zz.py").write_text(text)
    before = prints(folder)["odd"]
    assert before.resolved
    assert prints(folder)["odd"] == before
    assert edit[0] in text
    (folder / "zz.py").write_text(text.replace(*edit))
    assert prints(folder)["odd"].key != before.key


def test_a_recursive_function_has_a_key(folder):
    (folder / "zz.py").write_text(
        "from labelmill import labeling_function\ndef a(n): return b(n)\ndef b(n): return n and a(n - 1)\n"
        "@labeling_function\ndef odd(mail):\n    return a(3)\n"
    )
    assert prints(folder)["odd"].resolved


@pytest.mark.parametrize(
    ("source", "body", "edit"),
    [
        (
            "def __getattr__(name):\n    if name == 'LIMIT': return 3\n    raise AttributeError(name)\n",
            "lazy.LIMIT",
            ("return 3", "return 4"),
        ),
        ("LIMIT = 3\n", "LIMIT", ("3", "4")),
    ],
    ids=["module-level __getattr__", "star import"],
)
def test_names_that_a_module_makes_up_or_passes_on_count(folder, source, body, edit):
    (folder / "lazy.py").write_text(source)
    (folder / "zz.py").write_text(
        f"from labelmill import labeling_function\nfrom lfs import lazy\nfrom lfs.lazy import *\n"
        f"@labeling_function\ndef odd(mail):\n    return {body}\n"
    )
    before = prints(folder)["odd"]
    (folder / "lazy.py").write_text(source.replace(*edit))
    assert prints(folder)["odd"].key != before.key


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages with one package in it."""
    folder = tmp_path / "site-packages"
    (folder / "spelling").mkdir(parents=True)
    (folder / "spelling/__init__.py").write_text("def right(word):\n    return True\n")
    monkeypatch.syspath_prepend(folder)
    forget_packages()
    yield folder
    sys.modules.pop("spelling", None)
    forget_packages()


def forget_packages():
    """What an installation while Python runs would need."""
    importlib.invalidate_caches()
    for known in (packages.version, packages.is_external, packages._package_folders):
        known.cache_clear()


def test_the_version_of_every_package_that_is_used_counts(folder, site, monkeypatch):
    (folder / "zz.py").write_text(
        "import spelling\nfrom labelmill import labeling_function\n"
        "@labeling_function\ndef odd(mail):\n    return int(spelling.right(mail.text))\n"
        "@labeling_function\ndef late(mail):\n    import spelling as s\n    return int(s.right(mail.text))\n"
    )
    assert not prints(folder)["odd"].resolved, "without a version nothing stands for its content"
    found = []
    for number in ("1.0", "1.1"):
        facts = site / number / f"spelling-{number}.dist-info"  # a folder each, since their listings are kept
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: spelling\nVersion: {number}\n")
        monkeypatch.syspath_prepend(facts.parent)
        forget_packages()
        found.append(prints(folder))
    assert {name for name in found[0] if found[0][name].key != found[1][name].key} == {"odd", "late"}
    assert found[0]["odd"].resolved and found[0]["late"].resolved
