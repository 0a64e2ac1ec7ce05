"""Which modules are packages, whose version stands for their content, and which are code of the project."""

import importlib.metadata
import importlib.util
import sys
from functools import cache
from pathlib import Path

OWN = "labelmill"


@cache
def is_external(module: str | None) -> bool:
    """Whether a module is the standard library's or an installed package's.

    A package that is installed as a link to its sources is code of the project: an edit changes no version.
    """
    top = (module or "").partition(".")[0]
    if top in sys.stdlib_module_names or top in ("builtins", OWN):
        return True
    return any(place.is_relative_to(folder) for place in _places(top) for folder in _package_folders())


@cache
def version(module: str | None) -> str:
    """The version of the package that a module belongs to; empty for the standard library, which Python's stands for.

    Raises
    ------
    LookupError
        The package has no version.
    """
    top = (module or "").partition(".")[0]
    if top in sys.stdlib_module_names or top in ("", "builtins", OWN):
        return ""
    try:
        return importlib.metadata.version(top)
    except importlib.metadata.PackageNotFoundError:
        pass
    if found := getattr(sys.modules.get(top), "__version__", None):
        return str(found)
    # Last, since it reads the file lists of everything that is installed: sklearn is scikit-learn's.
    distributions = sorted(set(importlib.metadata.packages_distributions().get(top, ())))
    if not distributions:
        raise LookupError(top)
    return " ".join(importlib.metadata.version(name) for name in distributions)


def _places(top: str) -> list[Path]:
    """Where a package lies, imported or not."""
    try:
        spec = importlib.util.find_spec(top) if top else None
    except ValueError:  # `__main__` and what was put together by hand
        return []
    if spec is None:
        return []
    found = [spec.origin] if spec.has_location and spec.origin else spec.submodule_search_locations or []
    return [Path(place).resolve() for place in found]


@cache
def _package_folders() -> tuple[Path, ...]:
    return tuple(Path(entry).resolve() for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages"))
