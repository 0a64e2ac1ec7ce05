"""How labeling functions see the data: one frame as Arrow arrays, as Python lists, and row by row."""

import difflib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.errors import LFError
from labelmill.labeling.board import many_rows


class NoSuchColumnError(AttributeError):
    """A labeling function asked for a column that is not there; `apply` adds the function's name."""


class Columns(dict[str, Sequence[Any]]):
    """The columns of one frame; each is turned into what a labeling function needs when first asked for.

    As a mapping it gives Python lists, with None for every kind of missing value.

    Parameters
    ----------
    frame
        One row per thing to label.
    hidden
        Columns that no labeling function may see: they are gone, and the error says why.
    """

    def __init__(self, frame: pd.DataFrame, hidden: Collection[str] = ()) -> None:
        super().__init__()
        if not isinstance(frame, pd.DataFrame):
            kind = f"{type(frame).__module__}.{type(frame).__qualname__}"
            raise LFError(f"expected a pandas DataFrame of rows, found {kind}. Make it one, such as by .to_pandas().")
        if not frame.columns.is_unique:
            twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
            raise LFError(f"the frame has columns of the same name: {twice}. Rename or drop them.")
        self.frame = frame.drop(columns=[name for name in hidden if name in frame.columns]).reset_index(drop=True)
        self.hidden = frozenset(hidden)
        self._arrays: dict[str, pa.Array] = {}

    def __missing__(self, name: str) -> Sequence[Any]:
        self[name] = self.values_in(name, 0, len(self.frame))
        return self[name]

    def values_in(self, name: str, start: int, stop: int) -> Sequence[Any]:
        """The values of one column in some rows, as Python objects."""
        array = self.arrow(name)  # of the whole column: what a value becomes must not depend on its neighbours
        if array is None:
            return _FreshValues(_objects(self.frame[name].iloc[start:stop]))
        values = array.slice(start, stop - start).to_pylist()
        return _FreshValues(values) if pa.types.is_nested(array.type) else values

    @cached_property
    def row_kind(self) -> "type[Row]":
        """Rows with a slot for each column: a filled attribute is read ten times faster."""
        slots = [name for name in self.frame.columns if isinstance(name, str) and name.isidentifier()]
        return type("Row", (Row,), {"__slots__": [name for name in slots if not name.startswith("_")]})

    @property
    def names(self) -> list[str]:
        """All columns there are; as a mapping it holds only those that were asked for."""
        return [str(name) for name in self.frame.columns]

    def arrow(self, name: str) -> pa.Array | None:
        """One column as an Arrow array, missing values as nulls; None where its values are of mixed kinds."""
        if name not in self._arrays:
            self.check(name)
            self._arrays[name] = to_arrow(self.frame[name])
        return self._arrays[name]

    @cached_property
    def table(self) -> NDArray[Any]:
        """All values as one array, missing ones as in the frame: what rows that are Series are cut from."""
        return self.frame.to_numpy()

    def check(self, name: str) -> None:
        """Raise NoSuchColumnError, with the nearest name there is, unless the column exists."""
        if name not in self.frame.columns:
            raise NoSuchColumnError(no_such_column(name, self.names, self.hidden))

    def copy_of_frame(self, start: int, stop: int) -> pd.DataFrame:
        """Some rows as a frame that a batch labeling function may alter without any other seeing it."""
        copy = self.frame.iloc[start:stop].copy()
        for name in [name for name, kind in copy.dtypes.items() if kind.kind == "O"]:
            copy[name] = pd.Series([fresh(value) for value in copy[name]], index=copy.index, dtype=object)
        return copy


class Row:
    """One row, read-only: `row.text` or `row["text"]`."""

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: Mapping[str, Sequence[Any]]) -> None:
        object.__setattr__(self, "_columns", columns)
        object.__setattr__(self, "_index", 0)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._columns[name][self._index]

    def __getitem__(self, name: str) -> Any:
        return self._columns[name][self._index]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a row is read-only: {name!r} cannot be set. Keep the value in a variable.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a row is read-only: {name!r} cannot be deleted.")

    def __repr__(self) -> str:
        return f"Row({', '.join(f'{name}={value!r}' for name, value in values_of(self).items())})"


class Chunk(dict[str, Sequence[Any]]):
    """Some neighbouring rows, for all labeling functions; when the next chunk is made, this one is gone.

    As a mapping it gives Python lists, as `Columns` does.

    Parameters
    ----------
    columns
        The columns of the whole frame.
    start, stop
        The rows.
    beat
        What the labeling functions are at; see `board`.

    Attributes
    ----------
    rows
        A row object for each row.
    memo
        What preprocessors made of the rows.
    """

    def __init__(self, columns: Columns, start: int, stop: int, beat: memoryview) -> None:
        super().__init__()
        self.start = start
        self.stop = stop
        self.beat = beat
        self.memo: dict[Any, dict[int, Any]] = {}
        self._columns = columns
        kind = columns.row_kind
        self.rows = [kind.__new__(kind) for _ in range(stop - start)]
        _set_all(Row.__dict__["_columns"], self.rows, [self] * (stop - start))
        _set_all(Row.__dict__["_index"], self.rows, range(stop - start))

    def __missing__(self, name: str) -> Sequence[Any]:
        with many_rows(self.beat, len(self._columns.frame)):  # the first chunk that asks turns the whole column
            values = self[name] = self._columns.values_in(name, self.start, self.stop)
        slot = self._columns.row_kind.__dict__.get(name)
        if slot is not None and isinstance(values, list):
            _set_all(slot, self.rows, values)
        return values

    @property
    def names(self) -> list[str]:
        """All columns there are."""
        return self._columns.names

    def drop(self) -> None:
        """Let go of the rows and of what was made of them: they refer to each other in a circle."""
        self.rows.clear()
        self.memo.clear()


def _set_all(slot: Any, rows: Sequence[Row], values: Iterable[Any]) -> None:
    """Fill one slot of every row: the way round the row's own `__setattr__`, and the fastest."""
    fill: Callable[[Row, Any], None] = slot.__set__
    deque(map(fill, rows, values), maxlen=0)


class _SingleRow(dict[str, Sequence[Any]]):
    def __missing__(self, name: str) -> Sequence[Any]:
        raise NoSuchColumnError(no_such_column(name, list(self)))


def as_row(row: Any) -> Any:
    """Give a dict or a pandas Series attributes; whatever has attributes already stays as it is."""
    if isinstance(row, Mapping | pd.Series):
        return Row(_SingleRow({str(name): [value] for name, value in row.items()}))
    return row


def value_of(row: Any, name: str) -> Any:
    """One value of a row of any kind, missing ones as None."""
    try:
        value = getattr(as_row(row), name)
    except NoSuchColumnError:
        raise
    except AttributeError as error:
        if isinstance(row, str):
            raise NoSuchColumnError(f"expected a row such as {{{name!r}: {row!r}}}, found a text alone") from error
        raise NoSuchColumnError(no_such_column(name, [n for n in dir(row) if not n.startswith("_")])) from error
    return None if _is_missing(value) else value


def values_of(row: Any) -> dict[str, Any]:
    """All values of a row of any kind."""
    if isinstance(row, Row):
        columns = row._columns
        return {name: row[name] for name in (columns.names if isinstance(columns, Columns | Chunk) else columns)}
    if isinstance(row, Mapping | pd.Series):
        return {str(name): value for name, value in row.items()}
    return dict(row._asdict() if hasattr(row, "_asdict") else vars(row))


def series_of(row: Any) -> pd.Series:
    """The row as a pandas Series of its own, as `frame.apply(axis=1)` gives it: missing values as in the frame."""
    part, i = (row._columns, row._index) if isinstance(row, Row) else (None, 0)
    columns, start = (part._columns, part.start) if isinstance(part, Chunk) else (part, 0)
    if not isinstance(columns, Columns):
        return pd.Series(values_of(row), dtype=object)
    values = columns.table[start + i]
    own = [fresh(value) for value in values] if values.dtype == object else values.copy()
    return pd.Series(own, index=columns.frame.columns, dtype=values.dtype)


def to_arrow(values: Any) -> pa.Array | None:
    """Values as one Arrow array; None where they are of mixed kinds."""
    try:
        array = pa.array(values, from_pandas=True)
    except UnicodeEncodeError:  # lone surrogates: no text, but no reason to stop either
        return to_arrow([v.encode("utf-8", "replace").decode() if isinstance(v, str) else v for v in values])
    except (pa.ArrowException, TypeError, ValueError):
        return None
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def no_such_column(name: str, known: list[str], hidden: Collection[str] = ()) -> str:
    """What to tell someone who asked for a column that is not there."""
    if name in hidden:
        return f"column {name!r} is one of the hidden columns, which no labeling function may read"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"there is no column {name!r}" + (f"; did you mean {near[0]!r}?" if near else f"; there are {known}")


class _FreshValues(Sequence[Any]):
    """Lists and dicts, copied whenever they are read, so that no labeling function alters what others see."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def __getitem__(self, index: Any) -> Any:
        return fresh(self._values[index])

    def __len__(self) -> int:
        return len(self._values)


def fresh(value: Any) -> Any:
    """A list or dict copied, with the lists and dicts in it; anything else as it is."""
    if isinstance(value, list):
        return [fresh(item) for item in value]
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    return value


def _objects(series: pd.Series) -> list[Any]:
    return [None if _is_missing(value) else value for value in series]


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
