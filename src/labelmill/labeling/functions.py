"""Labeling functions: named objects around plain functions, still callable on one row."""

import functools
import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Unpack, overload

import numpy as np
import pandas as pd

from labelmill.errors import LFError
from labelmill.labeling.column import Column
from labelmill.labeling.rows import as_row, values_of
from labelmill.labeling.upkeep import Upkeep, UpkeepArguments, as_upkeep
from labelmill.labeling.votes import MAX_CARDINALITY, check_vote, check_votes

if TYPE_CHECKING:
    from labelmill.labeling.composition import CompositeLF, Condition

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
    is_part
        Whether an operator made it, which others may have made as well: no name of its own is taken.
    """

    columns: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    resources: tuple[Path, ...] = ()
    is_part: bool = False

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
        """Vote on one row: anything with the columns as attributes, a dict or a pandas Series. -1 is an abstain.

        Of a soft vote it is the heaviest class; `weights` has all of them.
        """

    def said_of(self, row: Any) -> Column:
        """What it says of one row; those that vote softly say more than their call does."""
        return Column(np.array([self(row)], dtype=np.int8))

    def weights(self, row: Any) -> dict[int, float]:
        """The weight of each class it votes for on one row: several of a soft vote, none where it abstains.

        Examples
        --------
        >>> @labeling_function
        ... def no_sport(row):
        ...     return {0, 2}
        >>> no_sport.weights({"text": "the election"})
        {0: 0.5, 2: 0.5}
        """
        (weights,) = self.said_of(row).weights(np.array([0]), MAX_CARDINALITY)
        return {int(label): float(weights[label]) for label in np.flatnonzero(weights)}

    def __and__(self, other: Any) -> "CompositeLF":
        return _composition().both(self, other, Origin.of_caller(1))

    def __or__(self, other: Any) -> "CompositeLF":
        return _composition().either(self, other, Origin.of_caller(1))

    def __invert__(self) -> "Condition":
        return _composition().Condition("none", [self], Origin.of_caller(1))

    def when(self, condition: Any) -> "CompositeLF":
        """The same labeling function on some rows only.

        Parameters
        ----------
        condition
            A labeling function (where that votes, for whatever class), a condition (`~other`,
            `column("size") > 3`), or a function that says True or False of a row.

        Examples
        --------
        >>> from labelmill import keyword_lf
        >>> cash = keyword_lf("cash", ["cash"], column="text", label=1)
        >>> known = keyword_lf("known", ["example.org"], column="sender", label=0)
        >>> stranger = cash.when(~known)
        >>> stranger.name
        'cash when ~known'
        >>> [stranger({"text": "cash", "sender": sender}) for sender in ("shop.biz", "example.org")]
        [1, -1]
        """
        from labelmill.labeling.conditions import as_condition  # noqa: PLC0415, conditions are made of this class

        origin = Origin.of_caller(1)
        return _composition().when(self, as_condition(condition, lf=self.name, origin=origin), origin)

    def __bool__(self) -> bool:
        raise LFError(
            f"labeling function {self.name!r} is neither true nor false: to compose it write &, | and ~, "
            "not and, or and not."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self.origin}>"


def _composition() -> ModuleType:
    from labelmill.labeling import composition  # noqa: PLC0415, composites are labeling functions themselves

    return composition


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
        return int(self.said_of(row).votes[0])

    def said_of(self, row: Any) -> Column:
        """What it says of one row."""
        vote = check_vote(self.function(as_row(row)), cardinality=None, lf=self.name, row=row)
        if isinstance(vote, int):
            return Column(np.array([vote], dtype=np.int8))
        return Column.of_weights(vote[None])


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
        return int(self.said_of(row).votes[0])

    def said_of(self, row: Any) -> Column:
        """What it says of one row."""
        return self.said(pd.DataFrame([values_of(row)]), cardinality=None)

    def said(self, frame: pd.DataFrame, *, cardinality: int | None, ids: Sequence[Any] | None = None) -> Column:
        """What it says of every row of a frame; of any number of classes where `cardinality` is None."""
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

    The function returns a class number (an `IntEnum` member, best) or None to abstain. Where it knows less, it
    returns a set of classes ("one of these"), or a dict from classes to weights.

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
    -1 to abstain, or a nullable or object array with None; or weights, a float array of rows x classes, in
    which a row of NaN or of zeros abstains.

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
