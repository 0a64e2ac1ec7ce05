"""Conditions on rows: what the value of a column is, or what a function of a row says."""

from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from labelmill.arrays import ABSTAIN
from labelmill.errors import InvalidVoteError, LFError
from labelmill.labeling.composition import Condition
from labelmill.labeling.functions import LabelingFunction, Origin, RowLF
from labelmill.labeling.rows import value_of
from labelmill.labeling.templates import TemplateLF, Wanted
from labelmill.labeling.upkeep import Upkeep

Test = Callable[[pa.Array], Any]

MOST_TOLD = 3
"""Values that the name of a condition tells of."""

ANYTHING = Wanted("values of one kind", lambda kind: True)


class ColumnValue:
    """The value of a column, to be compared; see `column`."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("==", value, pc.equal)

    def __ne__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("!=", value, pc.not_equal)

    def __lt__(self, value: Any) -> Condition:
        return self._compare("<", value, pc.less)

    def __le__(self, value: Any) -> Condition:
        return self._compare("<=", value, pc.less_equal)

    def __gt__(self, value: Any) -> Condition:
        return self._compare(">", value, pc.greater)

    def __ge__(self, value: Any) -> Condition:
        return self._compare(">=", value, pc.greater_equal)

    def is_in(self, values: Collection[Any]) -> Condition:
        """It is one of some values."""
        given = sorted(values, key=repr)
        told = (
            f"in {given!r}"
            if len(given) <= MOST_TOLD
            else f"in {given[:MOST_TOLD]!r} and {len(given) - MOST_TOLD} more"
        )
        return self._holds(told, given, lambda array: pc.is_in(array, pa.array(given)), Origin.of_caller(1))

    def is_missing(self) -> Condition:
        """There is none."""
        origin = Origin.of_caller(1)
        leaf = PredicateLF(partial(_is_missing, column=self.name), f"{self.name} is missing", origin)
        leaf.columns = (self.name,)
        return Condition("all", [leaf], origin)

    def _compare(self, sign: str, value: Any, compare: Callable[[pa.Array, Any], Any]) -> Condition:
        if isinstance(value, ColumnValue) or value is None:
            raise LFError(f"column {self.name!r} {sign} {value!r}: expected a value; is_missing() asks for none.")
        origin = Origin.of_caller(2)
        return self._holds(f"{sign} {value!r}", value, lambda array: compare(array, pa.scalar(value)), origin)

    def _holds(self, what: str, value: Any, test: Test, origin: Origin) -> Condition:
        name = f"{self.name} {what}"

        def match(array: pa.Array) -> NDArray[np.int8]:
            try:
                holds = pc.fill_null(test(array), False).to_numpy(zero_copy_only=False)
            except (pa.ArrowException, TypeError) as error:
                raise LFError(
                    f"condition {name!r} of {origin}: the column holds {array.type} values ({error})."
                ) from error
            return np.where(holds, 0, ABSTAIN).astype(np.int8)

        spec = {"kind": "condition", "what": what, "value": repr(value)}
        leaf = TemplateLF(
            name, origin, column=self.name, labels=[0], spec=spec, about=name, match=match, upkeep={}, wanted=ANYTHING
        )
        leaf.is_part = True
        return Condition("all", [leaf], origin)


class PredicateLF(RowLF):
    """A function of a row that says True or False, as a part of a condition."""

    def __init__(self, predicate: Callable[[Any], Any], name: str, origin: Origin) -> None:
        def vote(row: Any) -> int | None:
            answer = predicate(row)
            if isinstance(answer, bool | np.bool_):
                return 0 if answer else None
            raise InvalidVoteError(
                f"condition {name!r} of {origin} returned {answer!r}: expected True or False, such as of bool(...)."
            )

        self.is_part = True
        super().__init__(vote, name, origin, Upkeep())
        self.decided_by = (predicate,)
        self.__doc__ = predicate.__doc__


def _is_missing(row: Any, column: str) -> bool:
    return value_of(row, column) is None


def column(name: str) -> ColumnValue:
    """The value of a column, to be compared with another: the result is a condition, for `&` and `when`.

    A missing value is neither equal nor unequal, neither more nor less; of a column of lists any element will do.

    Parameters
    ----------
    name
        The column.

    Examples
    --------
    >>> from labelmill import keyword_lf
    >>> cash = keyword_lf("cash", ["cash"], column="text", label=1)
    >>> many = cash.when(column("recipients") > 20)
    >>> many.name
    'cash when recipients > 20'
    >>> [many({"text": "cash", "recipients": n}) for n in (3, 50, None)]
    [-1, 1, -1]
    """
    return ColumnValue(name)


def as_condition(condition: Any, *, lf: str, origin: Origin) -> LabelingFunction:
    """What `when` takes as something that can be applied: a labeling function, a condition, a function of a row.

    Raises
    ------
    LFError
        It is none of these.
    """
    if isinstance(condition, LabelingFunction):
        return condition
    if isinstance(condition, ColumnValue) or not callable(condition):
        raise LFError(
            f"{lf}.when({condition!r}): expected a labeling function, a condition such as column('size') > 3, "
            "or a function of a row."
        )
    return PredicateLF(condition, _name_of(condition), origin)


def _name_of(predicate: Callable[[Any], Any]) -> str:
    """Its own name; the place of one that has none."""
    name = getattr(predicate, "__name__", type(predicate).__name__)
    code = getattr(predicate, "__code__", None)
    return f"{Path(code.co_filename).stem}:{code.co_firstlineno}" if code and name == "<lambda>" else name
