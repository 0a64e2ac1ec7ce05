import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from labelmill import storage
from labelmill.end_model.matrix import featurizer_hash, read_features, write_features
from labelmill.errors import CorruptFileError, StorageError

X = sp.csr_matrix(np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, -1]], dtype=np.float32))
ROWS = pd.DataFrame({"id": ["a", "b", "c"], "split": ["train", "dev", "test"]})


def test_what_is_read_is_what_was_written(tmp_path):
    write_features(tmp_path / "f", X, ROWS, featurizer="abc")
    found, ids, split = read_features(tmp_path / "f")
    assert (found != X).nnz == 0
    assert found.dtype == np.float32
    assert ids.tolist() == ["a", "b", "c"]
    assert split.tolist() == ["train", "dev", "test"]
    assert featurizer_hash(tmp_path / "f") == "abc"


def test_equal_features_are_equal_bytes_however_their_columns_were_ordered(tmp_path):
    shuffled = sp.csr_matrix((X.data[[0, 2, 1]], X.indices[[0, 2, 1]], X.indptr), shape=X.shape)
    write_features(tmp_path / "a", X, ROWS, featurizer="abc")
    write_features(tmp_path / "b", shuffled, ROWS, featurizer="abc")
    assert storage.folder_hash(tmp_path / "a") == storage.folder_hash(tmp_path / "b")


def test_damage_is_named(tmp_path):
    with pytest.raises(StorageError, match="no such file"):
        read_features(tmp_path / "f")
    write_features(tmp_path / "f", X, ROWS, featurizer="abc")
    with storage.new_folder(tmp_path / "g", featurizer="abc") as new:
        (new / "features.safetensors").write_bytes((tmp_path / "f" / "features.safetensors").read_bytes()[:40])
        storage.write_table(new / "rows.parquet", ROWS)
    with pytest.raises(CorruptFileError, match="is damaged"):
        read_features(tmp_path / "g")
    write_features(tmp_path / "h", X, ROWS.head(2), featurizer="abc")
    with pytest.raises(CorruptFileError, match="3 rows of features, 2 ids"):
        read_features(tmp_path / "h")
