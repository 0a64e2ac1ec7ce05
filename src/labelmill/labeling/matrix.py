"""The label matrix as a table: `id`, then one int8 column per labeling function, named by it.

Its soft votes are a table of their own, one line for each class of each: nothing where there are none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labelmill import storage
from labelmill.arrays import LabelMatrix
from labelmill.errors import DataError


def matrix_frame(ids: Sequence[Any] | pd.Series, L: LabelMatrix, lf_names: Sequence[str]) -> pd.DataFrame:
    """The label matrix of some rows as a frame."""
    frame = pd.DataFrame(L, columns=list(lf_names), dtype=np.int8)
    frame.insert(0, "id", np.asarray(ids, dtype=object))
    return frame.astype({"id": "str"})


def soft_frame(ids: Sequence[Any] | pd.Series, soft: pd.DataFrame | None) -> pd.DataFrame:
    """The soft votes of some rows (`Applied.soft`) by row id: id, lf, class, weight; empty where there are none."""
    if soft is None:
        soft = pd.DataFrame({"row": np.empty(0, int), "lf": np.empty(0, str), "class": [], "weight": np.empty(0)})
    rows = np.asarray(ids, dtype=object)[soft["row"]]
    frame = pd.DataFrame({"id": rows, "lf": soft["lf"], "class": soft["class"], "weight": soft["weight"]})
    return frame.astype({"id": "str", "lf": "str", "class": np.int8})


def read_label_matrix(path: Path) -> tuple[pd.Series, LabelMatrix, list[str]]:
    """Read a label matrix: row ids, L, names of its columns.

    Raises
    ------
    DataError
        The table is no label matrix: a column other than `id` is not int8.
    """
    frame = storage.read_shards(path)
    names = [name for name in frame.columns if name != "id"]
    wrong = {name: str(frame[name].dtype) for name in names if frame[name].dtype != np.int8}
    if wrong or "id" not in frame.columns:
        raise DataError(f"{path}: a label matrix has a column id and int8 columns; found {wrong or 'no id'}.")
    return frame["id"], np.ascontiguousarray(frame[names].to_numpy(dtype=np.int8)), names
