"""Dense vote matrices in files: `.npy` and `.npz` of numpy, and `.csv`.

The matrix is that of Snorkel's appliers: one row per data point, one column per labeling function, -1 for abstain
(https://snorkel.readthedocs.io/en/latest/packages/_autosummary/labeling/snorkel.labeling.LFApplier.html). A `.npy`
file has no names. A `.npz` file has the arrays `L`, `lf_names` and, where rows have ids, `ids`
(https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). A `.csv` file (RFC 4180, UTF-8) begins with
a line of names; its first column may be `id`.
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labelmill import storage
from labelmill.errors import DataError
from labelmill.interop import csv_lines
from labelmill.interop.named_votes import NamedVotes, check_cardinality, check_ids, check_names, check_votes, row_name
from labelmill.labeling.votes import MAX_CARDINALITY
from labelmill.sources.files import open_checked

SUFFIXES = (".npy", ".npz", ".csv")
_ARRAYS = ("L", "lf_names", "ids")


def read_dense(path: Path, *, cardinality: int, lf_names: Sequence[str] | None = None) -> NamedVotes:
    """Read a matrix of votes.

    Parameters
    ----------
    path
        A `.npy`, `.npz` or `.csv` file.
    cardinality
        Number of classes.
    lf_names
        The names of the columns, for a file that has none: a `.npy` file (`lf_0`, `lf_1` … if absent), or a `.csv`
        file whose first line is of votes.

    Raises
    ------
    DataError
        The file cannot be read, or a vote is none; the message names file, row and labeling function.

    Examples
    --------
    >>> write_dense(Path("L.npy"), NamedVotes(np.array([[0, -1], [1, 1]], dtype=np.int8), ["words", "links"]))
    >>> read_dense(Path("L.npy"), cardinality=2, lf_names=["words", "links"]).L
    array([[ 0, -1],
           [ 1,  1]], dtype=int8)
    """
    path = Path(path)
    kind = _kind(path)
    check_cardinality(cardinality, where=path)
    if kind == ".csv":
        return _from_csv(path, cardinality, lf_names)
    arrays = _load(path)
    votes = arrays["L"]
    if votes.ndim != 2:
        raise DataError(f"{path}: the votes have {votes.ndim} dimensions; expected rows x labeling functions.")
    given = arrays["lf_names"].tolist() if "lf_names" in arrays else None
    if given is not None and lf_names is not None:
        raise DataError(f"{path}: has names of its own, {given[:5]}. Do not give lf_names.")
    names = given if given is not None else lf_names
    names = [f"lf_{j}" for j in range(votes.shape[1])] if names is None else names
    names = check_names(names, "labeling function", where=path)
    ids = check_ids(arrays["ids"].tolist(), where=path) if "ids" in arrays else None
    return NamedVotes(check_votes(votes, cardinality=cardinality, lf_names=names, ids=ids, where=path), names, ids)


def write_dense(path: Path, votes: NamedVotes) -> None:
    """Write a matrix of votes, in the format that the file's name asks for; equal votes make equal bytes.

    Parameters
    ----------
    path
        A `.npy`, `.npz` or `.csv` file. A `.npy` file keeps neither names nor ids.
    votes
        What to write.

    Raises
    ------
    DataError
        Names or ids cannot be written, or would not be read again as what they are.
    StorageError
        The file cannot be written; what was there is untouched.

    Examples
    --------
    >>> write_dense(Path("votes.csv"), NamedVotes(np.array([[0, -1]], dtype=np.int8), ["words", "links"], ["mail-7"]))
    >>> Path("votes.csv").read_text().split()
    ['id,words,links', 'mail-7,0,-1']
    """
    path = Path(path)
    kind = _kind(path)
    names = check_names(votes.lf_names, "labeling function", where=path)
    ids = None if votes.ids is None else check_ids(votes.ids, where=path)
    L = check_votes(votes.L, cardinality=MAX_CARDINALITY, lf_names=names, ids=ids, where=path)
    buffer = io.BytesIO()
    if kind == ".npy":
        np.save(buffer, L, allow_pickle=False)
    elif kind == ".npz":
        arrays = {"L": L, "lf_names": np.array(names, dtype=str)}
        np.savez(buffer, allow_pickle=False, **arrays, **({} if ids is None else {"ids": np.array(ids, dtype=str)}))
    else:
        buffer.write(_csv_text(L, names, ids, path).encode())
    storage.write_bytes(path, buffer.getvalue())


def _kind(path: Path) -> str:
    if path.suffix not in SUFFIXES:
        raise DataError(f"{path}: votes are kept in {', '.join(SUFFIXES)} files; found {path.suffix or 'no suffix'!r}.")
    return path.suffix


def _load(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a numpy file, once they are those of votes."""
    with open_checked(path) as stream:
        content = stream.read()
    try:
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        arrays = {"L": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: is no file of numpy arrays of numbers and texts ({error}). Write it again."
        ) from error
    if "L" not in arrays:
        raise DataError(f"{path}: has no array 'L'; found {list(arrays)}. Save the votes under that name.")
    if others := [name for name in arrays if name not in _ARRAYS]:
        raise DataError(f"{path}: has arrays beside {', '.join(_ARRAYS)}: {others}. Save them in a file of their own.")
    for name in _ARRAYS[1:]:
        if name in arrays and (arrays[name].ndim != 1 or arrays[name].dtype.kind != "U"):
            raise DataError(f"{path}: the array {name!r} is {arrays[name].dtype}; expected one line of texts.")
    return arrays


def _from_csv(path: Path, cardinality: int, lf_names: Sequence[str] | None) -> NamedVotes:
    lines = csv_lines.read_lines(path)
    header = list(lf_names) if lf_names is not None else lines.pop(0) if lines else []
    if lf_names is None and _are_numbers(header):
        raise DataError(
            f"{path}: the first line has votes, not the names of labeling functions: {header[:5]}. Give lf_names."
        )
    csv_lines.check_widths(path, lines, header)
    with_ids = lf_names is None and header[0] == "id"
    names = check_names(header[1:] if with_ids else header, "labeling function", where=path)
    ids = check_ids([line[0] for line in lines], where=path) if with_ids else None
    allowed = {str(vote): vote for vote in range(-1, cardinality)}
    votes = np.full((len(lines), len(names)), -1, dtype=np.int8)
    for i, line in enumerate(lines):
        fields = line[1:] if with_ids else line
        try:
            votes[i] = [allowed[field] for field in fields]
        except KeyError as error:
            j = fields.index(error.args[0])
            raise DataError(
                f"{path}: {row_name(i, ids)}, labeling function {names[j]!r} votes {fields[j][:80]!r}; "
                f"expected -1 (abstain) or a class from 0 to {cardinality - 1}."
            ) from error
    return NamedVotes(votes, names, ids)


def _are_numbers(fields: Sequence[str]) -> bool:
    """Whether these are votes, or nothing, and no names."""
    return all(field.strip().lstrip("+-").isdecimal() for field in fields)


def _csv_text(L: NDArray[np.int8], names: list[str], ids: list[str] | None, path: Path) -> str:
    if ids is not None:
        return csv_lines.as_text(["id", *names], ([i, *votes] for i, votes in zip(ids, L.tolist(), strict=True)))
    if _are_numbers(names):
        raise DataError(f"{path}: the names {names[:5]} would be read as votes. Rename one, or give ids.")
    return csv_lines.as_text(names, L.tolist())
