"""Labeling functions of Snorkel, in both directions.

A labeling function of Snorkel has a name, a function `_f`, resources that are passed to it by keyword, and
preprocessors `_pre` that each row goes through first
(https://github.com/snorkel-team/snorkel/blob/main/snorkel/labeling/lf/core.py). These four are all that is asked for,
so that Snorkel need not be installed to leave it.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import pandas as pd

from labelmill.arrays import ABSTAIN
from labelmill.errors import LFError, MissingToolError
from labelmill.labeling.functions import LabelingFunction, Origin, RowLF
from labelmill.labeling.rows import NoSuchColumnError, Row, no_such_column, series_of
from labelmill.labeling.upkeep import UpkeepArguments, as_upkeep

_SHAPE = ("name", "_f", "_resources", "_pre")


def from_snorkel(lf: Any, **upkeep: Unpack[UpkeepArguments]) -> RowLF:
    """Make a labeling function of Snorkel one of labelmill, with the same votes.

    It sees each row as Snorkel's `PandasLFApplier` shows it, as a pandas Series, after the same preprocessors and with
    the same resources. What is no vote (a float, a bool) is refused, where Snorkel would round it. An error is an
    error: `fault_tolerant` belongs to Snorkel's appliers and is not carried over; `apply_lfs` records failures, or
    raises.

    Parameters
    ----------
    lf
        The labeling function: anything with `name`, `_f`, `_resources` and `_pre`.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        It is no labeling function of Snorkel.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def wins(x, words):
    ...     return 1 if any(word in x.text for word in words) else -1
    >>> theirs = SimpleNamespace(name="wins", _f=wins, _resources={"words": ["prize"]}, _pre=[])
    >>> from_snorkel(theirs)({"text": "a prize for you"})
    1
    """
    if isinstance(lf, LabelingFunction):
        raise LFError(f"{lf!r} is a labeling function of labelmill already. Take it as it is.")
    if missing := [name for name in _SHAPE if not hasattr(lf, name)]:
        hint = " It is a plain function: write @labeling_function above it." if inspect.isfunction(lf) else ""
        raise LFError(f"{lf!r} is no labeling function of Snorkel: it has no {', '.join(missing)}.{hint}")
    vote = functools.partial(_vote, lf._f, dict(lf._resources or {}), tuple(lf._pre or ()))
    function = inspect.unwrap(lf._f.func if isinstance(lf._f, functools.partial) else lf._f)
    code = getattr(function, "__code__", None)
    origin = Origin(Path(code.co_filename), code.co_firstlineno) if code else Origin.of_caller(1)
    converted = RowLF(vote, lf.name, origin, as_upkeep(upkeep, lf=lf.name))
    converted.__doc__ = function.__doc__
    return converted


def to_snorkel(lf: LabelingFunction) -> Any:
    """Make a labeling function of labelmill one of Snorkel, with the same votes.

    Parameters
    ----------
    lf
        Any labeling function of labelmill. Of its upkeep only `expires` counts there.

    Raises
    ------
    LFError
        It is no labeling function of labelmill.
    MissingToolError
        The package snorkel is not installed.

    Examples
    --------
    >>> from snorkel.labeling import PandasLFApplier                 # doctest: +SKIP
    >>> PandasLFApplier([to_snorkel(lf) for lf in lfs]).apply(frame)  # doctest: +SKIP
    """
    if not isinstance(lf, LabelingFunction):
        raise LFError(f"{lf!r} is no labeling function of labelmill. Put @labeling_function above it.")
    try:
        from snorkel.labeling import LabelingFunction as SnorkelLF  # noqa: PLC0415 (it is not needed to leave it)
    except ImportError as error:
        raise MissingToolError(
            f"labeling function {lf.name!r} cannot become one of Snorkel: the package snorkel is not installed "
            f"({error}). Install it: `pip install snorkel`."
        ) from error
    return SnorkelLF(lf.name, functools.partial(_vote_on_point, lf))


def _vote(
    function: Callable[..., Any], resources: Mapping[str, Any], preprocessors: Sequence[Callable[[Any], Any]], row: Any
) -> Any:
    """Vote on one row as Snorkel does: preprocessors, then the function with its resources."""
    point = series_of(row) if isinstance(row, Row) else row
    try:
        for preprocessor in preprocessors:
            point = preprocessor(point)
            if point is None:
                raise ValueError(f"the preprocessor {preprocessor!r} returned None; expected the row.")
        return function(point, **resources)
    except (AttributeError, KeyError) as error:
        known = [str(name) for name in series_of(row).index] if isinstance(row, Row) else []
        if (name := _missing_column(error, known)) is not None:
            raise NoSuchColumnError(no_such_column(name, known)) from error
        raise


def _missing_column(error: AttributeError | KeyError, known: Sequence[str]) -> str | None:
    """The column that a row, which has the columns `known`, was asked for in vain, where that is what went wrong."""
    if isinstance(error, AttributeError):
        of_row = isinstance(error.obj, pd.Series) and set(known) <= set(map(str, error.obj.index))
        return error.name if of_row and known else None
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    in_pandas = step is not None and "pandas" in Path(step.tb_frame.f_code.co_filename).parts
    name = error.args[0] if error.args else None
    return name if in_pandas and known and isinstance(name, str) and name not in known else None


def _vote_on_point(lf: LabelingFunction, point: Any) -> int:
    """Vote on what Snorkel hands over: missing values of a Series are None, as in the rows of labelmill."""
    if lf.upkeep.expired():
        return ABSTAIN
    if isinstance(point, pd.Series):
        point = {
            name: None if pd.api.types.is_scalar(value) and pd.isna(value) else value for name, value in point.items()
        }
    return lf(point)
