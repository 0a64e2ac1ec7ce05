import numpy as np
import pandas as pd
import pytest

from labelmill import storage
from labelmill.errors import DataError
from labelmill.labeling.matrix import matrix_frame, read_label_matrix


def test_a_matrix_comes_back_as_it_was_written(tmp_path):
    L = np.array([[1, -1], [0, 1], [-1, -1]], dtype=np.int8)
    with storage.shard_writer(tmp_path / "L") as write:
        write(matrix_frame(["a", "b"], L[:2], ["cash", "a b"]))
        write(matrix_frame(["c"], L[2:], ["cash", "a b"]))
    ids, back, names = read_label_matrix(tmp_path / "L")
    assert (ids.tolist(), names) == (["a", "b", "c"], ["cash", "a b"])
    assert back.dtype == np.int8
    assert np.array_equal(back, L)


@pytest.mark.parametrize(
    "frame", [pd.DataFrame({"id": ["a"], "f": [1.0]}), pd.DataFrame({"f": np.array([1], np.int8)})]
)
def test_another_table_is_refused(tmp_path, frame):
    with storage.shard_writer(tmp_path / "L") as write:
        write(frame)
    with pytest.raises(DataError, match="label matrix"):
        read_label_matrix(tmp_path / "L")
