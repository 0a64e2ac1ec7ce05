"""What the votes of a labeling function depend on, as a hash: the key of its cached columns.

For a template that is its data. For a Python function it is the function and, transitively, every function,
class and constant of the project that it refers to, by value, so that an edit anywhere else changes nothing.
Where that cannot be told (a file is opened, an unknown kind of object is used), it is every file of `lfs/`.
"""

import dis
import enum
import functools
import hashlib
import importlib.metadata
import json
import re
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.conditions import PredicateLF
from labelmill.labeling.functions import BatchLF, LabelingFunction, RowLF
from labelmill.labeling.models import ModelLF
from labelmill.labeling.people import WorkerLF
from labelmill.labeling.preprocessing import Preprocessor
from labelmill.labeling.templates import TemplateLF

READERS = frozenset(
    {"open", "read_text", "read_bytes", "read_csv", "read_json", "read_table", "read_parquet", "load", "loadtxt"}
    | {"genfromtxt", "fromfile", "listdir", "scandir", "iterdir", "glob", "rglob", "files"}
    | {"eval", "exec", "globals", "locals", "vars", "__import__", "import_module"}
)
"""Names that can bring in what the code itself does not show."""

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))
SKIPPED = frozenset({"__dict__", "__weakref__", "__module__", "__doc__", "__qualname__", "__firstlineno__"})


class _UnresolvedError(Exception):
    """What a function depends on cannot be told from the function."""


@dataclass(frozen=True)
class Fingerprint:
    """What decides the votes of one labeling function.

    Attributes
    ----------
    key
        Equal keys mean equal votes on equal rows.
    lines
        Changes also when code only moves: the messages of failures name lines.
    resolved
        False where the key is that of the whole folder.
    """

    key: str
    lines: str
    resolved: bool


def fingerprint(lf: LabelingFunction, folder: Path) -> Fingerprint:
    """Hash all that decides the votes of a labeling function of the project in `folder`."""
    walk = _Walk()
    resources = [_file_hash(path) for path in lf.resources]
    try:
        walk.visit(lf, frozenset())
        content, resolved = walk.content, True
    except (_UnresolvedError, RecursionError):
        content, resolved = [_folder_hash(folder), lf.name], False
    return Fingerprint(_hash([*resources, *content]), _hash(walk.lines), resolved)


@cache
def versions_hash() -> str:
    """Hash of what runs labeling functions: Python, numpy, pandas, pyarrow, and this package by its bytes."""
    packages = [importlib.metadata.version(name) for name in ("labelmill", "numpy", "pandas", "pyarrow")]
    own = [_file_hash(file) for file in sorted(Path(__file__).parent.glob("*.py"))]
    return _hash([f"{sys.version_info[:2]}", *packages, *own])


class _Walk:
    """Goes from a labeling function to all it refers to, and writes down what it finds."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.lines: list[str] = []
        self._seen: dict[int, int] = {}
        self._kept: list[Any] = []  # keeps what was seen alive, so that no id is given twice

    def visit(self, value: Any, names: frozenset[str]) -> None:
        """Write down one value; `names` are those that the code which refers to it uses."""
        if isinstance(value, PLAIN) and type(value) in PLAIN:
            return self._add("value", type(value).__name__, repr(value))
        if id(value) in self._seen:  # by number, since addresses differ from run to run
            return self._add("again", str(self._seen[id(value)]))
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        for kind, visit in self._visitors.items():
            if isinstance(value, kind):
                return visit(self, value, names)
        return self._instance(value, names)

    def _add(self, *parts: str) -> None:
        self.content.append(json.dumps(parts))

    def _function(self, function: types.FunctionType, names: frozenset[str]) -> None:
        if _is_external(function.__module__):
            return self._external(function)
        self._add("function", function.__qualname__)
        self._values([function.__defaults__, function.__kwdefaults__], names)
        used = self._code(function.__code__)
        self._values(_cell_values(function), used)
        for name in sorted(used & function.__globals__.keys()):
            self._add("global", name)
            self.visit(function.__globals__[name], used)
        return None

    def _code(self, code: types.CodeType) -> frozenset[str]:
        """Write down the code, nested functions too, and return all names that it uses."""
        used = set(code.co_names)
        if found := used & READERS:
            raise _UnresolvedError(f"{code.co_qualname} uses {sorted(found)}")
        for level, _, step in zip(*(list(dis.get_instructions(code))[i:] for i in range(3)), strict=False):
            if step.opname == "IMPORT_NAME" and (level.argval != 0 or not _is_external(step.argval)):
                raise _UnresolvedError(f"{code.co_qualname} imports {step.argval}")
        self._add("code", code.co_code.hex(), code.co_exceptiontable.hex(), repr(code.co_names), repr(code.co_varnames))
        self._add("shape", str(code.co_flags), str(code.co_argcount), repr(code.co_freevars), repr(code.co_cellvars))
        self.lines += [Path(code.co_filename).name, str(code.co_firstlineno), code.co_linetable.hex()]
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                used |= self._code(constant)
            else:
                self.visit(constant, frozenset())
        return frozenset(used)

    def _module(self, module: types.ModuleType, names: frozenset[str]) -> None:
        if _is_external(module.__name__):
            return self._external(module)
        if "getattr" in names:
            raise _UnresolvedError(f"getattr beside module {module.__name__}")
        self._add("module", module.__name__)
        del self._seen[id(module)]  # the next function may use other names of it
        for name in sorted(names & vars(module).keys()):
            self._add("attribute", name)
            self.visit(vars(module)[name], names)
        return None

    def _class(self, kind: type, names: frozenset[str]) -> None:
        if _is_external(kind.__module__):
            return self._external(kind)
        self._add("class", kind.__qualname__)
        self._values(kind.__bases__, names)
        if issubclass(kind, enum.Enum):
            members = {name: member.value for name, member in kind.__members__.items()}
            own = {name: value for name, value in vars(kind).items() if isinstance(value, types.FunctionType)}
            own = {name: value for name, value in own.items() if not _is_external(value.__module__)}
            return self._dict({**members, **own}, names)
        return self._dict({name: value for name, value in vars(kind).items() if name not in SKIPPED}, names)

    def _external(self, value: Any) -> None:
        module = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
        if value.__name__ in READERS:
            raise _UnresolvedError(f"uses {value.__name__}")
        self._add("external", str(module), getattr(value, "__qualname__", ""), _version(module))

    def _instance(self, value: Any, names: frozenset[str]) -> None:
        kind = type(value)
        if _is_external(kind.__module__) or not hasattr(value, "__dict__"):
            raise _UnresolvedError(f"refers to a {kind.__name__}")
        self._class(kind, names)
        self._dict(vars(value), names)

    def _values(self, values: Iterable[Any], names: frozenset[str]) -> None:
        self._add("values")
        for value in values:
            self.visit(value, names)
        self._add("end")

    def _dict(self, values: dict[Any, Any], names: frozenset[str]) -> None:
        self._values([part for item in values.items() for part in item], names)

    def _set(self, values: Iterable[Any], names: frozenset[str]) -> None:
        hashes = []
        for value in values:  # in no order, so each on its own
            walk = _Walk()
            walk.visit(value, names)
            hashes.append(_hash(walk.content))
        self._add("set", *sorted(hashes))

    def _array(self, array: np.ndarray[Any, Any], names: frozenset[str]) -> None:
        if array.dtype.hasobject:
            return self._values(array.ravel().tolist(), names)
        return self._add("array", str(array.dtype), str(array.shape), hashlib.sha256(array.tobytes()).hexdigest())

    def _builtin(self, function: types.BuiltinFunctionType, names: frozenset[str]) -> None:
        self._external(function)
        if not isinstance(function.__self__, types.ModuleType):  # such as the `search` of a compiled pattern
            self.visit(function.__self__, names)

    def _wrapped(self, value: Any, names: frozenset[str]) -> None:
        self._add(type(value).__name__)
        self.visit(value.__wrapped__, names)

    _visitors: dict[Any, Callable[["_Walk", Any, frozenset[str]], None]] = {  # noqa: RUF012
        CompositeLF | ModelLF | PredicateLF | WorkerLF: lambda walk, lf, names: walk._values(
            [type(lf).__name__, *lf.decided_by], names
        ),
        TemplateLF: lambda walk, lf, names: walk._add("template", json.dumps(lf.spec)),
        RowLF | BatchLF: lambda walk, lf, names: walk._values([type(lf).__name__, lf.function], names),
        Preprocessor: lambda walk, value, names: walk._values([type(value).__name__, value.function], names),
        types.FunctionType: _function,
        types.ModuleType: _module,
        enum.Enum: lambda walk, member, names: walk._values([member.name, type(member)], names),
        type: _class,
        types.MethodType: lambda walk, method, names: walk._values([method.__func__, method.__self__], names),
        staticmethod | classmethod | functools._lru_cache_wrapper: _wrapped,
        property: lambda walk, value, names: walk._values([value.fget], names),
        functools.partial: lambda walk, value, names: walk._values([value.func, value.args, value.keywords], names),
        types.BuiltinFunctionType: _builtin,
        re.Pattern: lambda walk, value, names: walk._values([value.pattern, value.flags], names),
        np.ndarray: _array,
        np.generic: lambda walk, value, names: walk._add("scalar", str(value.dtype), repr(value.item())),
        tuple | list: _values,
        dict | types.MappingProxyType: _dict,
        set | frozenset: _set,
    }


def _cell_values(function: types.FunctionType) -> list[Any]:
    cells = function.__closure__ or ()
    try:
        return [cell.cell_contents for cell in cells]
    except ValueError as error:
        raise _UnresolvedError(f"{function.__qualname__} has an empty closure") from error


def _is_external(module: str | None) -> bool:
    """Whether a module is the standard library's or an installed package's: its version stands for its content."""
    top = (module or "").split(".", 1)[0]
    return top in sys.stdlib_module_names or top in ("builtins", "labelmill") or _version(top) != ""


@cache
def _version(module: str | None) -> str:
    top = (module or "").split(".", 1)[0]
    if top in sys.stdlib_module_names or top == "lfs":
        return ""
    return str(getattr(sys.modules.get(top), "__version__", ""))


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _folder_hash(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return _hash(
        [f"{file.relative_to(folder)} {_file_hash(file)}" for file in files if not file.name.startswith("test_")]
    )


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
