import pandas as pd

from labelmill import storage


def test_gold_comes_in_the_order_of_the_ids_and_is_unknown_elsewhere(tmp_path):
    storage.write_table(tmp_path / "dev.parquet", pd.DataFrame({"id": ["c", "a", "z"], "label": [1, 0, 1]}))
    gold = storage.read_gold(tmp_path / "dev.parquet", pd.Series(["a", "b", "c"], index=[7, 8, 9]))
    assert (gold.tolist(), gold.dtype.name) == ([0, -1, 1], "int64")


def test_an_empty_table_knows_nothing(tmp_path):
    storage.write_table(tmp_path / "dev.parquet", pd.DataFrame({"id": pd.Series(dtype="str"), "label": []}))
    assert storage.read_gold(tmp_path / "dev.parquet", pd.Series(["a", "b"])).tolist() == [-1, -1]
