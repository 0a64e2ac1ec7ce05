"""The feature matrix on disk: the three arrays of a CSR matrix, and a table that says which row is which."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from labelmill import storage
from labelmill.errors import CorruptFileError
from labelmill.storage.folders import read_manifest


def write_features(path: Path, X: sp.csr_matrix, rows: pd.DataFrame, *, featurizer: str) -> None:
    """Write features as one folder.

    Parameters
    ----------
    path
        The folder to replace.
    X
        n x number of features.
    rows
        n rows, in the order of `X`, with columns `id` and `split`.
    featurizer
        Hash of the featurizer that made them; `featurizer_hash` gives it back.
    """
    from safetensors.numpy import save

    X = X.sorted_indices()
    arrays = {
        "data": X.data.astype(np.float32),
        "indices": X.indices.astype(np.int32),
        "indptr": X.indptr.astype(np.int64),
        "shape": np.array(X.shape, dtype=np.int64),
    }
    with storage.new_folder(path, featurizer=featurizer) as folder:
        storage.write_bytes(folder / "features.safetensors", save(arrays))
        storage.write_table(folder / "rows.parquet", rows[["id", "split"]])


def read_features(path: Path) -> tuple[sp.csr_matrix, "pd.Series[Any]", "pd.Series[Any]"]:
    """Read features, checksums verified: the matrix, and the id and the split of each of its rows.

    Raises
    ------
    CorruptFileError
        A file is not what was written, or the parts do not belong together.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    storage.verify_folder(path)
    rows = storage.read_table(path / "rows.parquet")
    try:
        arrays = load((path / "features.safetensors").read_bytes())
        shape = tuple(int(size) for size in arrays["shape"])
        X = sp.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    except (KeyError, ValueError, SafetensorError) as error:
        raise CorruptFileError(f"{path}: is damaged ({error}). Make it again with `dvc repro`.") from error
    if len(rows) != X.shape[0]:
        raise CorruptFileError(
            f"{path}: {X.shape[0]:,} rows of features, {len(rows):,} ids. Make it again with `dvc repro`."
        )
    return X, rows["id"], rows["split"]


def featurizer_hash(path: Path) -> str:
    """Hash of the featurizer that made the features of a folder."""
    return str(read_manifest(path)["featurizer"])
