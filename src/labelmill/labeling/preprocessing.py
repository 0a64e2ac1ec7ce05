"""Work that several labeling functions share: done once per row, kept while its chunk of rows is at hand."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from labelmill.errors import LFError
from labelmill.labeling.board import many_rows
from labelmill.labeling.rows import Chunk, Row, as_row, fresh


class Preprocessor:
    """A function of one row, called once for all labeling functions that ask."""

    def __init__(self, function: Callable[..., Any]) -> None:
        if not inspect.isfunction(function):
            raise LFError(f"@{_decorator(type(self))} goes above a function, without parentheses; found {function!r}.")
        self.function = function
        self.__doc__ = function.__doc__

    def __call__(self, row: Any) -> Any:
        """The value for one row; what the function raises goes to whoever asked.

        Lists and dicts are copied, so that no labeling function alters what the next one sees. Other objects
        are not: treat them as read-only.
        """
        chunk = row._columns if isinstance(row, Row) else None
        if not isinstance(chunk, Chunk):
            return self._value(as_row(row))
        if self not in chunk.memo:
            chunk.memo[self] = self._values(chunk)
        known = chunk.memo[self]
        if row._index not in known:
            known[row._index] = self._value(row)
        return fresh(known[row._index])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.function.__name__}>"

    def _value(self, row: Any) -> Any:
        return self.function(row)

    def _values(self, chunk: Chunk) -> dict[int, Any]:
        """What is known before any single row is asked for."""
        return {}


class BatchPreprocessor(Preprocessor):
    """A function of many rows at once."""

    def _value(self, row: Any) -> Any:
        return self._call([row])[0]

    def _values(self, chunk: Chunk) -> dict[int, Any]:
        try:
            with many_rows(chunk.beat, len(chunk.rows)):
                return dict(enumerate(self._call(chunk.rows.copy())))
        except LFError:
            raise
        except Exception:  # of one row, perhaps: each is asked for by itself, and the one to blame raises again
            return {}

    def _call(self, rows: Sequence[Any]) -> Sequence[Any]:
        values: Iterable[Any] = self.function(rows)
        values = list(values)
        if len(values) != len(rows):
            raise LFError(
                f"batch preprocessor {self.function.__name__!r} returned {len(values)} values for {len(rows)} rows."
            )
        return values


def preprocessor(function: Callable[[Any], Any]) -> Preprocessor:
    """Make a function of one row a preprocessor: called once per row, however many labeling functions ask.

    Parameters
    ----------
    function
        The function: a row in, any value out.

    Raises
    ------
    LFError
        It is no function.

    Examples
    --------
    >>> from labelmill import labeling_function, preprocessor
    >>> @preprocessor
    ... def words(mail):
    ...     return mail.text.lower().split()
    >>> @labeling_function
    ... def terse(mail):
    ...     return 0 if len(words(mail)) < 3 else None
    >>> terse({"text": "See you"})
    0
    """
    return Preprocessor(function)


def batch_preprocessor(function: Callable[[Sequence[Any]], Iterable[Any]]) -> BatchPreprocessor:
    """Make a function of a list of rows a preprocessor: called once per chunk of rows, for what is cheaper in bulk.

    What it makes of a row must not depend on the other rows: how many come at once is not promised. Where it
    raises, it is called again for each row alone.

    Parameters
    ----------
    function
        The function: a list of rows in, a value for each of them out, in order.

    Raises
    ------
    LFError
        It is no function.

    Examples
    --------
    >>> from labelmill import batch_preprocessor
    >>> @batch_preprocessor
    ... def lengths(mails):
    ...     return [len(mail.text) for mail in mails]
    >>> lengths({"text": "See you"})
    7
    """
    return BatchPreprocessor(function)


def _decorator(kind: type[Preprocessor]) -> str:
    return "batch_preprocessor" if kind is BatchPreprocessor else "preprocessor"
