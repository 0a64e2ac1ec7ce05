"""Labeling functions: named objects around plain functions, still callable on one row."""

import functools
import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack, overload

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.errors import LFError
from labelmill.labeling.rows import as_row, values_of
from labelmill.labeling.upkeep import Upkeep, UpkeepArguments, as_upkeep
from labelmill.labeling.votes import MAX_CARDINALITY, check_vote, check_votes

RowFunction = Callable[[Any], Any]
BatchFunction = Callable[[pd.DataFrame], Any]

RESERVED_NAMES = frozenset({"id"})
"""Columns of the label matrix that are no votes."""

definitions: ContextVar[list["LabelingFunction"] | None] = ContextVar("definitions", default=None)
"""Every labeling function defined while a folder is loaded, also those that a later one of the same name hides."""

entry: ContextVar["Origin | None"] = ContextVar("entry", default=None)
"""The place in a file without code that a labeling function is being made from."""


@dataclass(frozen=True)
class Origin:
    """Where something was defined."""

    file: Path
    line: int

    def __str__(self) -> str:
        file = self.file
        return f"{file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}:{self.line}"

    @classmethod
    def of_caller(cls, depth: int) -> "Origin":
        """The place `depth` calls above the function that asks, or the entry that it is called for."""
        if (place := entry.get()) is not None:
            return place
        frame = sys._getframe(depth + 1)
        return cls(Path(frame.f_code.co_filename), frame.f_lineno)


class LabelingFunction(ABC):
    """A rule that votes for a class or abstains.

    Attributes
    ----------
    name
        Its name in the label matrix.
    origin
        File and line of its definition.
    columns
        Columns that it is known to need; empty where only a run can tell.
    labels
        Classes that it is known to vote for; empty where only a run can tell.
    resources
        Files whose content decides its votes.
    upkeep
        Who keeps it, and how long it is trusted.
    """

    columns: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    resources: tuple[Path, ...] = ()

    def __init__(self, name: str, origin: Origin, upkeep: Upkeep = Upkeep()) -> None:  # noqa: B008, it is frozen
        if not isinstance(name, str) or not name.isprintable() or not name.strip():
            raise LFError(f"{origin}: the name of a labeling function must be a word, found {name!r}.")
        if name in RESERVED_NAMES:
            raise LFError(
                f"{origin}: a labeling function cannot be named {name!r}, which the label matrix needs itself."
            )
        self.name = name
        self.origin = origin
        self.upkeep = upkeep
        if (defined := definitions.get()) is not None:
            defined.append(self)

    @abstractmethod
    def __call__(self, row: Any) -> int:
        """Vote on one row: anything with the columns as attributes, a dict or a pandas Series. -1 is an abstain."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self.origin}>"


class RowLF(LabelingFunction):
    """A labeling function that is called once per row."""

    def __init__(
        self, function: RowFunction, name: str, origin: Origin, upkeep: Upkeep, resources: tuple[Path, ...] = ()
    ) -> None:
        super().__init__(name, origin, upkeep)
        self.function = function
        self.resources = resources
        self.__doc__ = function.__doc__

    def __call__(self, row: Any) -> int:
        """Vote on one row; what the function raises is not caught."""
        return check_vote(self.function(as_row(row)), cardinality=MAX_CARDINALITY, lf=self.name, row=row)


class BatchLF(LabelingFunction):
    """A labeling function that is called once with a whole frame."""

    def __init__(
        self, function: BatchFunction, name: str, origin: Origin, upkeep: Upkeep, resources: tuple[Path, ...] = ()
    ) -> None:
        super().__init__(name, origin, upkeep)
        self.function = function
        self.resources = resources
        self.__doc__ = function.__doc__

    def __call__(self, row: Any) -> int:
        """Vote on one row, as a frame of that row alone."""
        return int(self.votes(pd.DataFrame([values_of(row)]), cardinality=MAX_CARDINALITY)[0])

    def votes(self, frame: pd.DataFrame, *, cardinality: int, ids: Sequence[Any] | None = None) -> NDArray[np.int8]:
        """Vote on every row of a frame."""
        ids = range(len(frame)) if ids is None else ids
        index = frame.index
        return check_votes(self.function(frame), index, cardinality=cardinality, lf=self.name, ids=ids)


@overload
def labeling_function(function: RowFunction, /) -> RowLF: ...
@overload
def labeling_function(
    *, name: str | None = None, resources: Sequence[str | Path] = (), **upkeep: Unpack[UpkeepArguments]
) -> Callable[[RowFunction], RowLF]: ...
def labeling_function(
    function: RowFunction | None = None,
    /,
    *,
    name: str | None = None,
    resources: Sequence[str | Path] = (),
    **upkeep: Unpack[UpkeepArguments],
) -> RowLF | Callable[[RowFunction], RowLF]:
    """Make a function of one row a labeling function; works with and without parentheses.

    The function returns a class number (an `IntEnum` member, best) or None to abstain.

    Parameters
    ----------
    function
        The function, where the decorator is used without parentheses.
    name
        Its name in the label matrix; that of the function if absent.
    resources
        Files that it reads, relative to the file it stands in: an edit of one of them reruns it.
    **upkeep
        See `UpkeepArguments`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> @labeling_function
    ... def shouts(mail):
    ...     return 1 if mail.subject.isupper() else None
    >>> shouts(SimpleNamespace(subject="FREE MONEY")), shouts(SimpleNamespace(subject="Minutes"))
    (1, -1)
    """
    return _decorate(RowLF, function, name=name, resources=resources, upkeep=upkeep)


@overload
def batch_labeling_function(function: BatchFunction, /) -> BatchLF: ...
@overload
def batch_labeling_function(
    *, name: str | None = None, resources: Sequence[str | Path] = (), **upkeep: Unpack[UpkeepArguments]
) -> Callable[[BatchFunction], BatchLF]: ...
def batch_labeling_function(
    function: BatchFunction | None = None,
    /,
    *,
    name: str | None = None,
    resources: Sequence[str | Path] = (),
    **upkeep: Unpack[UpkeepArguments],
) -> BatchLF | Callable[[BatchFunction], BatchLF]:
    """Make a function of a whole frame a labeling function; works with and without parentheses.

    The function gets its own copy of the frame and returns one vote per row: an integer array with
    -1 to abstain, or a nullable or object array with None.

    Parameters
    ----------
    function
        The function, where the decorator is used without parentheses.
    name
        Its name in the label matrix; that of the function if absent.
    resources
        Files that it reads, relative to the file it stands in: an edit of one of them reruns it.
    **upkeep
        See `UpkeepArguments`.

    Examples
    --------
    >>> import numpy as np
    >>> @batch_labeling_function
    ... def long_text(frame):
    ...     return np.where(frame.text.str.len() > 20, 0, -1)
    >>> long_text({"text": "short"})
    -1
    """
    return _decorate(BatchLF, function, name=name, resources=resources, upkeep=upkeep)


def _decorate(
    kind: type[RowLF] | type[BatchLF], function: Any, *, name: str | None, resources: Any, upkeep: UpkeepArguments
) -> Any:
    make = functools.partial(_make, kind, name=name, resources=resources, upkeep=upkeep)
    return make if function is None else make(function)


def _make(
    kind: type[RowLF] | type[BatchLF],
    function: Any,
    *,
    name: str | None,
    resources: Sequence[str | Path],
    upkeep: UpkeepArguments,
) -> Any:
    decorator = "labeling_function" if kind is RowLF else "batch_labeling_function"
    inner = inspect.unwrap(function) if callable(function) else None
    if not inspect.isfunction(inner):
        hint = (
            f"To give a name, write @{decorator}(name={function!r})." if isinstance(function, str) else "Write a def."
        )
        raise LFError(f"@{decorator} goes above a function; found {function!r}. {hint}")
    origin = Origin(Path(inner.__code__.co_filename), inner.__code__.co_firstlineno)
    name = function.__name__ if name is None else name
    try:
        inspect.signature(function).bind("row")
    except TypeError as error:
        raise LFError(f"{origin}: labeling function {name!r} must take one argument, the row ({error}).") from error
    files = tuple(_resource(file, name, origin) for file in resources)
    return kind(function, name, origin, as_upkeep(upkeep, lf=name), files)


def _resource(file: str | Path, name: str, origin: Origin) -> Path:
    path = origin.file.parent / file
    if not path.is_file():
        raise LFError(f"{origin}: labeling function {name!r} needs {path}, and there is no such file.")
    return path
