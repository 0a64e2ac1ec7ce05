"""What the votes of a labeling function depend on, as a hash: the key of its cached columns.

For a template that is its data. For a Python function it is the function and, transitively, every function,
class and constant of the project that it refers to, by value, so that an edit anywhere else changes nothing;
packages count by their version. Where that cannot be told (a file is opened, an object shows nothing of what it
holds), it is every file of `lfs/`.
"""

import hashlib
import importlib.metadata
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labelmill.labeling.composition import CompositeLF
from labelmill.labeling.functions import LabelingFunction
from labelmill.labeling.references import Walk, hash_of


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
    walk = Walk()
    resources = [_file_hash(path) for path in lf.resources]
    try:
        content, resolved = walk.walk(lf, frozenset()), True
    except Exception:  # mostly UnresolvedError, but an object of any kind may stand in the way
        content, resolved = [_folder_hash(folder), lf.name], False
    return Fingerprint(hash_of([*resources, *_expired(lf), *content]), hash_of(walk.lines), resolved)


@cache
def versions_hash() -> str:
    """Hash of what runs labeling functions: Python, numpy, pandas, pyarrow, and this package by its bytes."""
    packages = [importlib.metadata.version(name) for name in ("labelmill", "numpy", "pandas", "pyarrow")]
    own = [_file_hash(file) for file in sorted(Path(__file__).parent.rglob("*.py"))]
    return hash_of([f"{sys.version_info[:2]}", *packages, *own])


def _expired(lf: LabelingFunction) -> list[str]:
    """Names of those that abstain by now, also among its parts: votes from before do not count any more."""
    parts = lf.parts if isinstance(lf, CompositeLF) else ()
    return [lf.name] * lf.upkeep.expired() + [name for part in parts for name in _expired(part)]


def _file_hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _folder_hash(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return hash_of(
        [f"{file.relative_to(folder)} {_file_hash(file)}" for file in files if not file.name.startswith("test_")]
    )
