"""Find the labeling functions of a project: import its folder, by path, as the package `lfs`, and read its YAML."""

import enum
import importlib
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from labelmill.errors import LFError
from labelmill.labeling.apply import check_labels
from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.functions import LabelingFunction, Origin, definitions
from labelmill.labeling.recipes import ClassNames, class_names, read_recipes
from labelmill.labeling.votes import check_cardinality

PACKAGE = "lfs"

_LOG = logging.getLogger(__name__)


def load_lfs(folder: Path, cardinality: int, *, classes: Sequence[str] = ()) -> list[LabelingFunction]:
    """Import every file of a folder and return its active labeling functions, in file and definition order.

    See `load_all_lfs`, which returns the others, too.
    """
    return [lf for lf in load_all_lfs(folder, cardinality, classes=classes) if lf.upkeep.active]


def load_all_lfs(folder: Path, cardinality: int, *, classes: Sequence[str] = ()) -> list[LabelingFunction]:
    """Import every file of a folder and return its labeling functions, also those that are not active.

    A name that begins with `_` keeps a labeling function out of the label matrix: it is only a part of others.
    Files named `test_*.py` and `conftest.py` are left out; `*.yaml` files right in the folder hold labeling
    functions without code. The files are read anew on each call, also when the folder of another project was
    loaded before.

    Parameters
    ----------
    folder
        The folder, `lfs/` of a project.
    cardinality
        Number of classes.
    classes
        Their names, by which YAML files may call them; the members of the enums in `labels.py` do as well.

    Raises
    ------
    LFError
        A file that cannot be imported (named with line and cause), no labeling function at all, two of one
        name (both places named), a class out of range.
    """
    check_cardinality(cardinality)
    folder = Path(folder).resolve()
    files = lf_files(folder)
    _forget(folder)
    defined: list[LabelingFunction] = []
    token = definitions.set(defined)
    try:
        recipes = [file for file in files if file.suffix != ".py"]
        names = _class_names(folder, classes) if recipes else ClassNames()
        named = [
            {lf.name: lf for lf in read_recipes(file, names)} if file in recipes else vars(_import(file, folder))
            for file in files
        ]
    finally:
        definitions.reset(token)
    lfs = _found(named, parts=False)
    if not lfs:
        raise LFError(
            f"{folder}: there are no labeling functions in its {len(files)} files. "
            "Write one with @labeling_function, keyword_lf, regex_lf or lookup_lf, or in a YAML file."
        )
    local = [lf for lf in defined if lf.origin.file.is_relative_to(folder) and not lf.is_part]
    _check_names({id(lf): lf for lf in [*lfs, *local]}.values())
    for lf in lfs:
        check_labels(lf, cardinality=cardinality)
    _warn_of_idle(_found(named, parts=True), lfs)
    return lfs


def lf_files(folder: Path) -> list[Path]:
    """The Python files of the folder, tests left out, and the YAML files right in it."""
    if not folder.is_dir():
        raise LFError(f"{folder}: there is no such folder. A project keeps its labeling functions there.")
    modules = [file for file in folder.rglob("*.py") if "__pycache__" not in file.parts]
    recipes = [file for ending in ("yaml", "yml") for file in folder.glob(f"[!.]*.{ending}")]
    return [file for file in sorted([*modules, *recipes]) if not _is_test(file.stem)]


def _is_test(module: str) -> bool:
    return module.startswith("test_") or module == "conftest"


class _Source(SourceFileLoader):
    """Compiles the source each time: cached bytecode is taken for current when an edit keeps second and size."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


class _Finder(MetaPathFinder):
    """Finds `lfs` and its modules in one folder, whatever `sys.path` says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        head, *rest = fullname.split(".")
        if head != PACKAGE:
            return None
        place = self.folder.joinpath(*rest)
        if place.is_dir():
            init = place / "__init__.py"
            if init.is_file():
                return spec_from_file_location(
                    fullname, init, loader=_Source(fullname, str(init)), submodule_search_locations=[str(place)]
                )
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(place)]
            return spec
        file = place.with_suffix(".py")
        return spec_from_file_location(fullname, file, loader=_Source(fullname, str(file))) if file.is_file() else None


def _forget(folder: Path) -> None:
    """Make the next `import lfs` find this folder and nothing else; a test that asks for it stays imported."""
    for name in [name for name in sys.modules if name == PACKAGE or name.startswith(PACKAGE + ".")]:
        if not _is_test(name.rpartition(".")[2]):
            del sys.modules[name]
    sys.meta_path[:] = [_Finder(folder), *(finder for finder in sys.meta_path if not isinstance(finder, _Finder))]


def _import(file: Path, folder: Path) -> ModuleType:
    parts = file.relative_to(folder).with_suffix("").parts
    name = ".".join([PACKAGE, *(part for part in parts if part != "__init__")])
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        what = str(error) if isinstance(error, LFError) else f"{type(error).__name__}: {error}"
        raise LFError(f"{_place(error, file, folder)}: cannot be imported: {what}") from error


def _class_names(folder: Path, classes: Sequence[str]) -> ClassNames:
    file = folder / "labels.py"
    values = vars(_import(file, folder)).values() if file.is_file() else ()
    enums = [value for value in values if isinstance(value, type) and issubclass(value, enum.IntEnum)]
    return class_names(classes, [{name: int(member) for name, member in of.__members__.items()} for of in enums])


def _place(error: BaseException, file: Path, folder: Path) -> Origin:
    """File and line of the user's own code that is to blame."""
    if isinstance(error, SyntaxError) and error.filename:
        return Origin(Path(error.filename), error.lineno or 1)
    steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).is_relative_to(folder)]
    return Origin(Path(steps[-1].filename), steps[-1].lineno or 1) if steps else Origin(file, 1)


def _found(named: Iterable[Mapping[str, Any]], *, parts: bool) -> list[LabelingFunction]:
    """Those in names that are public, or in those that begin with `_`; each once."""
    values = [value for names in named for name, value in names.items() if name.startswith("_") == parts]
    return list({id(lf): lf for lf in _labeling_functions(values)}.values())


def _warn_of_idle(parts: Iterable[LabelingFunction], lfs: Iterable[LabelingFunction]) -> None:
    """Tell of parts that nothing is made of: perhaps they were meant to vote."""
    used, waiting = set(), list(lfs)
    while waiting:
        lf = waiting.pop()
        used.add(id(lf))
        waiting += lf.parts if isinstance(lf, CompositeLF) else []
    for part in parts:
        if id(part) not in used:
            _LOG.warning(
                "%s of %s votes nowhere: its name begins with _, and nothing is made of it", part.name, part.origin
            )


def _labeling_functions(values: Iterable[Any]) -> Iterator[LabelingFunction]:
    """Those in a module's names, also inside lists and dicts that were filled in a loop."""
    for value in values:
        if isinstance(value, LabelingFunction):
            yield value
        elif isinstance(value, list | tuple | set | frozenset):
            yield from _labeling_functions(item for item in value if isinstance(item, LabelingFunction))
        elif isinstance(value, dict):
            yield from _labeling_functions(item for item in value.values() if isinstance(item, LabelingFunction))


def _check_names(lfs: Iterable[LabelingFunction]) -> None:
    seen: dict[str, LabelingFunction] = {}
    for lf in lfs:
        if (other := seen.setdefault(lf.name, lf)) is not lf:
            first, second = sorted((other.origin, lf.origin), key=lambda origin: (str(origin.file), origin.line))
            raise LFError(f"two labeling functions are named {lf.name!r}: {first} and {second}. Rename one.")
