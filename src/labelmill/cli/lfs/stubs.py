"""The text of a new labeling function and of its test, and where in a file of Python it goes."""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

from labelmill.errors import LFError

_KEYWORD = """{name} = keyword_lf(
    "{name}",
    # Words and phrases to look for; or a file with one a line, such as "gazetteers/{name}.txt".
    {words},
    # Of several columns any will do: ("subject", "text").
    column={column},
    label={label},{upkeep}
)
"""

_REGEX = """{name} = regex_lf(
    "{name}",
    # RE2: no look-around, no back-references; \\b is the edge of an ASCII word, (?m) lets ^ and $ be those of a line.
    {pattern},
    column={column},
    label={label},
    ignore_case=True,{upkeep}
)
"""

_LOOKUP = """{name} = lookup_lf(
    "{name}",
    # Whole values of the column, or a file with one a line; match="domain" lets example.org find mail.example.org.
    {words},
    column={column},
    label={label},{upkeep}
)
"""

_PYTHON = '''@labeling_function{call}
def {name}(row):
    """Say in a line what it looks for: `labelmill lfs list` shows it."""
    # A row has its columns as attributes; a missing value is None. Return a class to vote, None to abstain.
    return {label} if {word} in ({value} or "").lower() else None
'''

_TEST = '''def test_{name}():
    """What it must vote on, and what it must leave alone: put cases of your own here."""
    assert {name}({{{column}: {fires}}}) == {label}
    assert {name}({{{column}: "nothing of the kind"}}) == -1
'''

_QUIET_TEST = '''def test_{name}():
    """What it must leave alone; add a text that it must vote on."""
    assert {name}({{{column}: ""}}) == -1
'''

BUILDERS = {
    "keyword": ("keyword_lf", _KEYWORD),
    "regex": ("regex_lf", _REGEX),
    "lookup": ("lookup_lf", _LOOKUP),
    "python": ("labeling_function", _PYTHON),
}
"""What each kind of stub imports, and its text."""


@dataclass(frozen=True)
class Stub:
    """What a new labeling function is to be.

    Attributes
    ----------
    name, kind
        Its name, and one of `BUILDERS`.
    words
        What it looks for.
    pattern
        The RE2 pattern of a regex; None: one that finds the words.
    column
        The column it looks in.
    label
        The class it votes for, as Python writes it.
    owner
        Who keeps it; None: nobody is named.
    """

    name: str
    kind: str
    words: tuple[str, ...]
    pattern: str | None
    column: str
    label: str
    owner: str | None

    @property
    def imports(self) -> list[tuple[str, str]]:
        """Modules and names that its code needs."""
        return [("labelmill", BUILDERS[self.kind][0]), *self._label_import()]

    @property
    def code(self) -> str:
        """Its definition."""
        owner = f"owner={_written(self.owner)}" if self.owner else ""
        return BUILDERS[self.kind][1].format(
            name=self.name,
            words=f"[{', '.join(map(_written, self.words))}]",
            word=_written(self.words[0].lower()),
            pattern=_written_raw(self.pattern or "|".join(map(_whole_word, self.words))),
            column=_written(self.column),
            value=f"row.{self.column}" if self.column.isidentifier() else f"row[{_written(self.column)}]",
            label=self.label,
            upkeep=f"\n    {owner}," if owner else "",
            call=f"({owner})" if owner else "",
        )

    def test(self, module: str) -> tuple[list[tuple[str, str]], str]:
        """What its test needs, and the test."""
        if self.pattern is not None:  # which text it matches, only who wrote it knows
            return [(module, self.name)], _QUIET_TEST.format(name=self.name, column=_written(self.column))
        fires = self.words[0] if self.kind == "lookup" else f"here is {self.words[0]} for you"
        text = _TEST.format(name=self.name, column=_written(self.column), fires=_written(fires), label=self.label)
        return [*self._label_import(), (module, self.name)], text

    def _label_import(self) -> list[tuple[str, str]]:
        return [("lfs.labels", "Label")] if self.label.startswith("Label.") else []


def label_code(folder: Path, classes: tuple[str, ...], name: str) -> str:
    """How Python writes a class: `Label.SPAM` where `lfs/labels.py` has it, else its number."""
    number = classes.index(name)
    file = folder / "labels.py"
    if file.is_file():
        classes_there = (node for node in _parse(file).body if isinstance(node, ast.ClassDef) and node.name == "Label")
        for line in (line for node in classes_there for line in node.body if isinstance(line, ast.Assign)):
            target, value = line.targets[0], line.value
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and value.value == number:
                return f"Label.{target.id}"
    return str(number)


def add_to(file: Path, docstring: str, imports: list[tuple[str, str]], code: str) -> tuple[str, int]:
    """The text of a file with the code at its end and the imports that it lacks, and the line of the code.

    Nothing that stands in the file is changed.
    """
    text = file.read_text(encoding="utf-8") if file.is_file() else f'"""{docstring}"""\n'
    tree = ast.parse(text)
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    tops = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    has = {(node.module, alias.name) for node in tops if isinstance(node, ast.ImportFrom) for alias in node.names}
    new = [f"from {module} import {name}" for module, name in imports if (module, name) not in has]
    if new:
        is_docstring = tree.body and isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant)
        after = tops[-1].end_lineno if tops else tree.body[0].end_lineno if is_docstring else 0
        place = after or 0
        lines[place:place] = new if tops or not place else ["", *new]
    return "\n".join([*lines, "", "", code]), len(lines) + 3


def find_name(name: str, files: list[Path]) -> str | None:
    """Where something of that name is defined or named already; None where nothing is."""
    for file in files:
        if file.suffix != ".py":
            if re.search(rf"""^[-\s]*name:\s*["']?{re.escape(name)}["']?\s*$""", file.read_text("utf-8"), re.MULTILINE):
                return str(file)
            continue
        for node in ast.walk(_parse(file)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return f"{file}:{node.lineno}"
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                return f"{file}:{node.lineno}"
            if isinstance(node, ast.Call):
                named = [*node.args[:1], *(given.value for given in node.keywords if given.arg == "name")]
                if any(isinstance(value, ast.Constant) and value.value == name for value in named):
                    return f"{file}:{node.lineno}"
    return None


def _parse(file: Path) -> ast.Module:
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        line = getattr(error, "lineno", None) or 1
        raise LFError(f"{file}:{line}: is no valid Python ({error}). Mend it first.") from error


def _written(text: str | None) -> str:
    """A text as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def _written_raw(pattern: str) -> str:
    """A pattern in quotes that it does not contain."""
    quote = '"' if '"' not in pattern else "'" if "'" not in pattern else '"""'
    return f"r{quote}{pattern}{quote}"


def _whole_word(word: str) -> str:
    """A pattern that finds it as a whole word; RE2 knows the edges of ASCII words only."""
    if word.isascii():
        return rf"\b{_escaped(word)}\b"
    return rf"(?:^|[^\pL\pM\pN_]){_escaped(word)}(?:[^\pL\pM\pN_]|$)"


def _escaped(text: str) -> str:
    """A text as a pattern that finds it; spaces need no escape."""
    return re.escape(text).replace("\\ ", " ")
