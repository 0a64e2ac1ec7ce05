"""All that a labeling function refers to, written down by value: what a fingerprint is made of."""

import dis
import enum
import functools
import hashlib
import json
import re
import types
import uuid
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.conditions import PredicateLF
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.models import Identity, ModelLF
from labelmill.labeling.packages import is_external, version
from labelmill.labeling.people import WorkerLF
from labelmill.labeling.preprocessing import Preprocessor
from labelmill.labeling.templates import TemplateLF

READERS = frozenset(
    {"open", "load", "loadtxt", "genfromtxt", "fromfile", "memmap", "connect", "from_pretrained"}
    | {"listdir", "scandir", "iterdir", "glob", "rglob", "files"}
    | {"eval", "exec", "globals", "locals", "vars", "__import__", "import_module", "resolve_name", "run_path"}
)
READING = ("read_", "load_", "open_", "scan_")
"""Names, and beginnings of names, that can bring in what the code itself does not show."""

BY_NAME = frozenset({"getattr", "attrgetter", "methodcaller", "getattr_static", "getmembers", "__getattribute__"})
"""Names that take an attribute from a module without naming it in the code."""

WHOLE_ENUM = BY_NAME | {"type", "__class__", "__members__", "_member_map_", "_value2member_map_", "_member_names_"}
"""Names by which code comes from an enum, or from a member of it, to members that it does not name."""

GETS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_ATTR", "LOAD_METHOD"})
ASKS = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
"""Byte code that puts a value on the stack, and that takes an attribute of the value on it."""

PLAIN = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis))
CONTAINERS = (tuple, list, dict, types.MappingProxyType, set, frozenset)
SKIPPED = frozenset(
    {"__dict__", "__weakref__", "__module__", "__doc__", "__qualname__", "__firstlineno__", "__annotations__"}
    | {"_abc_impl", "__dataclass_fields__", "__dataclass_params__"}
)
"""Of a class: what decides no vote, or stands elsewhere in it too."""

NO_VOTE = frozenset({"name", "origin", "upkeep", "resources", "about", "__doc__"})
"""Of a labeling function: what decides no vote, or is hashed apart."""


class UnresolvedError(Exception):
    """What a function depends on cannot be told from the function."""


class Walk:
    """Goes from a labeling function to all it refers to, and writes down what it finds."""

    def __init__(self) -> None:
        self.content: list[str] = []
        self.lines: list[str] = []
        self._seen: dict[int, int] = {}
        self._modules: set[int] = set()
        self._kept: list[Any] = []  # keeps what was seen alive, so that no id is given twice
        self._enums: list[type[enum.Enum]] = []
        self._names: set[str] = set()

    def visit(self, value: Any, names: frozenset[str]) -> None:
        """Write down one value; `names` are those that the code which refers to it uses."""
        if type(value) in PLAIN:
            return self._add("value", type(value).__name__, repr(value))
        if id(value) in self._seen:  # by number, since addresses differ from run to run
            return self._add("again", str(self._seen[id(value)]))
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        if isinstance(value, CONTAINERS) and type(value) not in CONTAINERS:
            return self._instance(value, names)  # its class decides as much as what it holds
        for kind, visit in self._visitors.items():
            if isinstance(value, kind):
                return visit(self, value, names)
        return self._instance(value, names)

    def walk(self, value: Any, names: frozenset[str]) -> list[str]:
        """Write down one value with all it refers to; return what was written."""
        self.visit(value, names)
        if self._names & WHOLE_ENUM:  # some code, perhaps not that which names members, may come to others
            self._values(self._enums, frozenset())
        return self.content

    def _add(self, *parts: str) -> None:
        self.content.append(json.dumps(parts))

    def _lf(self, lf: LabelingFunction, names: frozenset[str]) -> None:
        if isinstance(lf, TemplateLF):
            return self._add("template", json.dumps(lf.spec))
        self._add("labeling function", type(lf).__name__)
        if isinstance(lf, CompositeLF | ModelLF | PredicateLF | WorkerLF):
            return self._values(lf.decided_by, names)
        self._class(type(lf), names)
        return self._dict({name: value for name, value in vars(lf).items() if name not in NO_VOTE}, names)

    def _identity(self, identity: Identity, names: frozenset[str]) -> None:
        """Write down a model; what shows nothing of itself stands for the votes of this run alone."""
        if identity.version is not None:
            return self._add("version", identity.version)
        if identity.is_code:
            return self.visit(identity.model, names)
        try:
            content = Walk().walk(identity.model, names)
        except Exception:  # an object of any kind may stand in the way
            return self._add("unknown", uuid.uuid4().hex)
        return self._add("model", hash_of(content))

    def _function(self, function: types.FunctionType, names: frozenset[str]) -> None:
        # By its globals: `functools.wraps` lends a wrapper the name and the module of what it wraps.
        if is_external(function.__globals__.get("__name__")):
            self._external(function)
            return self._values(_cell_values(function), names)
        self._add("function", function.__qualname__)
        self._values([function.__defaults__, function.__kwdefaults__], names)
        self._dict({name: value for name, value in vars(function).items() if name != "__wrapped__"}, names)
        used, as_values = self._code(function.__code__)
        for name in sorted(used & function.__globals__.keys()):
            value = function.__globals__[name]
            self._add("global", name)
            if isinstance(value, types.ModuleType):
                self._module(value, used, as_values, name=name)
            elif name not in as_values and _is_plain_enum(value):
                self._members(value, used)
            else:
                self.visit(value, used)
        return self._values(_cell_values(function), used)

    def _code(self, code: types.CodeType) -> tuple[frozenset[str], frozenset[str]]:
        """Write down the code, nested functions too.

        Returns all names that it uses, and those of them whose values go on (into a call, a variable) rather
        than being asked for an attribute at once.
        """
        used, as_values = set(code.co_names), set()
        self._names |= used
        if found := sorted(name for name in used if _reads(name)):
            raise UnresolvedError(f"{code.co_qualname} uses {found}")
        steps = list(dis.get_instructions(code))
        for level, _, step in zip(steps, steps[1:], steps[2:], strict=False):
            if step.opname == "IMPORT_NAME":
                if level.argval != 0 or not is_external(step.argval):
                    raise UnresolvedError(f"{code.co_qualname} imports {step.argval}")
                self._add("import", step.argval, _version(step.argval))
        for step, after in pairwise([*steps, steps[-1]]):
            if step.opname in GETS and after.opname not in ASKS:
                as_values.add(step.argval)
        self._add("code", code.co_code.hex(), code.co_exceptiontable.hex(), repr(code.co_names), repr(code.co_varnames))
        self._add("shape", str(code.co_flags), str(code.co_argcount), repr(code.co_freevars), repr(code.co_cellvars))
        self.lines += [Path(code.co_filename).name, str(code.co_firstlineno), code.co_linetable.hex()]
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                inner = self._code(constant)
                used |= inner[0]
                as_values |= inner[1]
            else:
                self.visit(constant, frozenset())
        return frozenset(used), frozenset(as_values)

    def _module(self, module: types.ModuleType, names: frozenset[str], as_values: frozenset[str], *, name: str) -> None:
        """Write down what the code can ask a module for."""
        if is_external(module.__name__):
            return self._external(module)
        if found := names & BY_NAME:
            raise UnresolvedError(f"{sorted(found)} beside module {module.__name__}")
        if name in as_values:
            raise UnresolvedError(f"module {module.__name__} is handed on")
        self._add("module", module.__name__)
        for attribute in sorted((names | {"__getattr__"}) & vars(module).keys()):
            value = vars(module)[attribute]
            self._add("attribute", attribute)
            if isinstance(value, types.ModuleType):
                if id(value) not in self._modules:
                    self._modules.add(id(value))
                    self._module(value, names, as_values, name=attribute)
                    self._modules.discard(id(value))
            else:
                self.visit(value, names)
        return None

    def _stray_module(self, module: types.ModuleType, names: frozenset[str]) -> None:
        """A module in a list, a closure, an object: what is asked of it does not show."""
        if not is_external(module.__name__):
            raise UnresolvedError(f"module {module.__name__} is held by an object")
        self._external(module)

    def _class(self, kind: type, names: frozenset[str]) -> None:
        if is_external(kind.__module__):
            return self._external(kind)
        self._add("class", kind.__qualname__)
        self._values([*kind.__bases__, type(kind)], names)
        if issubclass(kind, enum.Enum):
            members = {name: member.value for name, member in kind.__members__.items()}
            own = {name: value for name, value in vars(kind).items() if isinstance(value, types.FunctionType)}
            own = {name: value for name, value in own.items() if not is_external(value.__module__)}
            return self._dict({**members, **own}, names)
        return self._dict({name: value for name, value in vars(kind).items() if name not in SKIPPED}, names)

    def _members(self, kind: type[enum.Enum], names: frozenset[str]) -> None:
        """Write down the members that the code names, so that a class added to the task changes no other vote."""
        self._enums.append(kind)
        self._add("members", kind.__qualname__)
        self._values([*kind.__bases__, type(kind)], names)
        self._dict({name: member.value for name, member in kind.__members__.items() if name in names}, names)

    def _external(self, value: Any) -> None:
        module = value.__name__ if isinstance(value, types.ModuleType) else value.__module__
        if _reads(value.__name__):
            raise UnresolvedError(f"uses {value.__name__}")
        self._add("external", str(module), getattr(value, "__qualname__", ""), _version(module))

    def _instance(self, value: Any, names: frozenset[str]) -> None:
        """Write down an object as pickle would see it, without making any bytes of it: class, arguments, state."""
        if isinstance(value, PurePath):
            raise UnresolvedError("refers to a path")  # and will read what is there
        try:
            seen = value.__reduce_ex__(4)
        except Exception as error:  # it may be any code; an open file, a lock, a session of a C library refuse
            raise UnresolvedError(f"refers to a {type(value).__name__}, which shows nothing of itself") from error
        self._class(type(value), names)
        if isinstance(seen, str):
            return self._add("named", seen)
        make, arguments, *rest = seen
        state, items, pairs = [*rest, None, None, None][:3]
        return self._values([make, arguments, state, list(items or ()), list(pairs or ())], names)

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
            hashes.append(hash_of(Walk().walk(value, names)))
        self._add("set", *sorted(hashes))

    def _array(self, array: np.ndarray[Any, Any], names: frozenset[str]) -> None:
        self._add("array", str(array.dtype), str(array.shape))
        if array.dtype.hasobject:
            return self._values(array.ravel().tolist(), names)
        return self._add("bytes", hashlib.sha256(array.tobytes()).hexdigest())

    def _builtin(self, function: types.BuiltinFunctionType, names: frozenset[str]) -> None:
        self._external(function)
        if not isinstance(function.__self__, types.ModuleType):  # such as the `search` of a compiled pattern
            self.visit(function.__self__, names)

    def _wrapped(self, value: Any, names: frozenset[str]) -> None:
        self._add(type(value).__name__)
        self.visit(value.__wrapped__, names)

    _visitors: dict[Any, Callable[["Walk", Any, frozenset[str]], None]] = {  # noqa: RUF012
        LabelingFunction: _lf,
        Identity: _identity,
        Preprocessor: lambda walk, value, names: walk._values([type(value).__name__, value.function], names),
        types.FunctionType: _function,
        types.ModuleType: _stray_module,
        enum.Enum: lambda walk, member, names: walk._values([member.name, type(member)], names),
        type: _class,
        types.MethodType: lambda walk, method, names: walk._values([method.__func__, method.__self__], names),
        staticmethod | classmethod | functools._lru_cache_wrapper: _wrapped,
        property: lambda walk, value, names: walk._values([value.fget], names),
        functools.cached_property: lambda walk, value, names: walk._values([value.func], names),
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
        raise UnresolvedError(f"{function.__qualname__} has an empty closure") from error


def _is_plain_enum(value: Any) -> bool:
    """Whether it is an enum of the project without code of its own: what is asked of it are its members."""
    if not isinstance(value, enum.EnumMeta) or is_external(value.__module__):
        return False
    code = [own for own in vars(value).values() if isinstance(own, types.FunctionType)]
    return all(is_external(part.__module__) for part in [*value.__bases__, *code])


def _reads(name: str) -> bool:
    return name in READERS or name.startswith(READING)


def _version(module: str | None) -> str:
    try:
        return version(module)
    except LookupError as error:
        raise UnresolvedError(f"{module} has no version") from error


def hash_of(parts: Iterable[str]) -> str:
    """SHA-256 of some texts, in hex."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()
