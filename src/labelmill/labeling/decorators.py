"""The decorators that make plain functions labeling functions."""

import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Unpack, overload

from labelmill.errors import LFError
from labelmill.labeling.functions import BatchFunction, BatchLF, Origin, RowFunction, RowLF
from labelmill.labeling.upkeep import UpkeepArguments, as_upkeep


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
