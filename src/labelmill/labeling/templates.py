"""Labeling functions that are data, not code: they run on whole columns, at the speed of Arrow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError
from labelmill.labeling.amounts import Bounds
from labelmill.labeling.functions import LabelingFunction, Origin
from labelmill.labeling.literals import Literals
from labelmill.labeling.matching import Match, is_text, match_column
from labelmill.labeling.provenance import Provenance
from labelmill.labeling.rows import Columns, NoSuchColumnError, to_arrow, value_of
from labelmill.labeling.upkeep import UpkeepArguments, as_upkeep


@dataclass(frozen=True)
class Wanted:
    """What kind of values a template needs: their name for people, which Arrow types have it, how to get it."""

    name: str
    fits: Callable[[pa.DataType], bool]
    hint: str = ""


TEXTS = Wanted("texts", is_text)
NUMBERS = Wanted("numbers", lambda kind: not is_text(kind))
ANYTHING = Wanted("values of one kind", lambda kind: True)


@dataclass(frozen=True)
class Joint:
    """Votes on each row of several Arrow arrays together, lists left whole; columns of nulls alone are of no type."""

    match: Callable[[Sequence[pa.Array]], NDArray[np.int8]]


class TemplateLF(LabelingFunction):
    """A labeling function made by one of the builders.

    Attributes
    ----------
    spec
        All that decides its votes, ready for JSON.
    about
        What it looks for, for people.
    match
        Its votes on an Arrow array of single values, or on all of its columns together.
    scan
        What a pass over the bytes of a text can tell of it; None where it can tell nothing.
    provenance
        The files and databases that it was made from.
    """

    def __init__(
        self,
        name: str,
        origin: Origin,
        *,
        column: str | Sequence[str],
        labels: Iterable[int],
        spec: Mapping[str, Any],
        about: str,
        match: Match | Joint,
        upkeep: UpkeepArguments,
        wanted: Wanted = TEXTS,
        scan: Literals | Bounds | None = None,
        provenance: Sequence[Provenance] = (),
    ) -> None:
        super().__init__(name, origin, as_upkeep(upkeep, lf=name))
        self.columns = names_of(column, lf=name)
        self.labels = tuple(sorted(set(labels)))
        self.spec = {**spec, "columns": list(self.columns)}
        self.about = about
        self.match = match
        self.scan = scan
        self.provenance = tuple(provenance)
        self._wanted = wanted

    def __call__(self, row: Any) -> int:
        """Vote on one row: the same kernel on a column of one value."""
        try:
            return int(self._votes(lambda name: to_arrow([value_of(row, name)]), 1)[0])
        except NoSuchColumnError as error:
            raise LFError(f"labeling function {self.name!r}: {error}") from error

    def votes(self, columns: Columns, match: Callable[[str], Match] | None = None) -> NDArray[np.int8]:
        """Vote on every row; `match` gives for a column what is faster than its own, where there is such."""
        return self._votes(columns.arrow, len(columns.frame), match)

    def check_kinds(self, columns: Columns) -> None:
        """Raise LFError where a column holds values of another kind than it needs, or than it compares with."""
        arrays = {name: self._checked(name, columns.arrow(name)) for name in self.columns}
        self._votes(lambda name: arrays[name].slice(0, 0), 0)

    def _votes(
        self, column: Callable[[str], pa.Array | None], size: int, match: Callable[[str], Match] | None = None
    ) -> NDArray[np.int8]:
        arrays = [self._checked(name, column(name)) for name in self.columns]
        if isinstance(self.match, Joint):
            return self.match.match(arrays)
        votes = np.full(size, ABSTAIN, dtype=np.int8)
        for name, array in zip(self.columns, arrays, strict=True):
            found = match_column(array, match(name) if match else self.match)
            votes = np.where(votes == ABSTAIN, found, votes)
        return votes

    def _checked(self, name: str, array: pa.Array | None) -> pa.Array:
        if array is not None and (pa.types.is_null(array.type) or self._wanted.fits(array.type)):
            return array
        found = "values of mixed kinds" if array is None else f"{array.type} values"
        raise LFError(
            f"labeling function {self.name!r} needs {self._wanted.name}, but column {name!r} holds {found}."
            f"{self._wanted.hint}"
        )


def names_of(column: Any, *, lf: str) -> tuple[str, ...]:
    """The columns that a builder was given.

    Raises
    ------
    LFError
        There is none, or one is no name.
    """
    names = (column,) if isinstance(column, str) or not isinstance(column, Sequence) else tuple(column)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise LFError(f"labeling function {lf!r}: expected the name of a column, or several; found {column!r}.")
    return names
