"""Find the labeling functions of a project: import its folder, by path, as the package `lfs`."""

import importlib
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from labelmill.errors import LFError
from labelmill.labeling.apply import check_labels
from labelmill.labeling.functions import LabelingFunction, Origin, definitions
from labelmill.labeling.votes import check_cardinality

PACKAGE = "lfs"


def load_lfs(folder: Path, cardinality: int) -> list[LabelingFunction]:
    """Import every file of a folder and return its active labeling functions, in file and definition order.

    See `load_all_lfs`, which returns the others, too.
    """
    return [lf for lf in load_all_lfs(folder, cardinality) if lf.upkeep.active]


def load_all_lfs(folder: Path, cardinality: int) -> list[LabelingFunction]:
    """Import every file of a folder and return its labeling functions, also those that are not active.

    Files named `test_*.py` and `conftest.py` are left out. The files are read anew on each call, also when
    the folder of another project was loaded before.

    Parameters
    ----------
    folder
        The folder, `lfs/` of a project.
    cardinality
        Number of classes.

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
        modules = [_import(file, folder) for file in files]
    finally:
        definitions.reset(token)
    lfs = list({id(lf): lf for module in modules for lf in _labeling_functions(vars(module).values())}.values())
    if not lfs:
        raise LFError(
            f"{folder}: there are no labeling functions in its {len(files)} files. "
            "Write one with @labeling_function, keyword_lf, regex_lf or lookup_lf."
        )
    local = [lf for lf in defined if lf.origin.file.is_relative_to(folder)]
    _check_names([*lfs, *(lf for lf in local if lf not in lfs)])
    for lf in lfs:
        check_labels(lf, cardinality=cardinality)
    return lfs


def lf_files(folder: Path) -> list[Path]:
    """The Python files of the folder, tests left out."""
    if not folder.is_dir():
        raise LFError(f"{folder}: there is no such folder. A project keeps its labeling functions there.")
    files = sorted(file for file in folder.rglob("*.py") if "__pycache__" not in file.parts)
    return [file for file in files if not _is_test(file.stem)]


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


def _place(error: BaseException, file: Path, folder: Path) -> Origin:
    """File and line of the user's own code that is to blame."""
    if isinstance(error, SyntaxError) and error.filename:
        return Origin(Path(error.filename), error.lineno or 1)
    steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename).is_relative_to(folder)]
    return Origin(Path(steps[-1].filename), steps[-1].lineno or 1) if steps else Origin(file, 1)


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
