"""How labeling functions see the data: one frame as Arrow arrays, as Python lists, and row by row."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from labelmill.errors import LFError


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
        if not frame.columns.is_unique:
            twice = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]})
            raise LFError(f"the frame has columns of the same name: {twice}. Rename or drop them.")
        self.frame = frame.drop(columns=[name for name in hidden if name in frame.columns]).reset_index(drop=True)
        self.hidden = frozenset(hidden)
        self._arrays: dict[str, pa.Array] = {}

    def __missing__(self, name: str) -> Sequence[Any]:
        array = self.arrow(name)
        values = _objects(self.frame[name]) if array is None else array.to_pylist()
        fresh = array is None or pa.types.is_nested(array.type)
        self[name] = _FreshValues(values) if fresh else values
        return self[name]

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

    def copy_of_frame(self) -> pd.DataFrame:
        """A frame that a batch labeling function may alter without any other seeing it."""
        copy = self.frame.copy()
        for name in [name for name, kind in copy.dtypes.items() if kind.kind == "O"]:
            copy[name] = pd.Series([_fresh(value) for value in copy[name]], index=copy.index, dtype=object)
        return copy


class Row:
    """One row, read-only: `row.text` or `row["text"]`. The same object is moved along the rows."""

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


move_row = Row.__dict__["_index"].__set__
"""Move a row object to another position: the way round its own `__setattr__`, and the fastest."""


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
        raise NoSuchColumnError(no_such_column(name, [n for n in dir(row) if not n.startswith("_")])) from error
    return None if _is_missing(value) else value


def values_of(row: Any) -> dict[str, Any]:
    """All values of a row of any kind."""
    if isinstance(row, Row):
        columns = row._columns
        return {name: row[name] for name in (columns.names if isinstance(columns, Columns) else columns)}
    if isinstance(row, Mapping | pd.Series):
        return {str(name): value for name, value in row.items()}
    return dict(row._asdict() if hasattr(row, "_asdict") else vars(row))


def series_of(row: Any) -> pd.Series:
    """The row as a pandas Series of its own, as `frame.apply(axis=1)` gives it: missing values as in the frame."""
    columns = row._columns if isinstance(row, Row) else None
    if not isinstance(columns, Columns):
        return pd.Series(values_of(row), dtype=object)
    values = columns.table[row._index]
    own = [_fresh(value) for value in values] if values.dtype == object else values.copy()
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
        return _fresh(self._values[index])

    def __len__(self) -> int:
        return len(self._values)


def _fresh(value: Any) -> Any:
    if isinstance(value, list):
        return [_fresh(item) for item in value]
    if isinstance(value, dict):
        return {key: _fresh(item) for key, item in value.items()}
    return value


def _objects(series: pd.Series) -> list[Any]:
    return [None if _is_missing(value) else value for value in series]


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
