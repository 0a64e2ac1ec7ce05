"""Labeling functions: named objects around plain functions, still callable on one row."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labelmill.errors import LFError
from labelmill.labeling.column import Column
from labelmill.labeling.rows import as_row, values_of
from labelmill.labeling.upkeep import Upkeep
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

    def __init__(self, name: str, origin: Origin, upkeep: Upkeep = Upkeep()) -> None:
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
        >>> from labelmill import labeling_function
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
