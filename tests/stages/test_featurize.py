import pytest

from labelmill import paths, storage
from labelmill.end_model.features import Featurizer
from labelmill.end_model.matrix import featurizer_hash, read_features
from labelmill.errors import ParamsError
from labelmill.stages import featurize


def test_every_clean_row_gets_features_that_the_stored_featurizer_makes_again(labeled_project, make_params):
    featurize.run(make_params())
    X, ids, split = read_features(paths.FEATURES)
    clean = storage.read_shards(paths.CLEAN)
    assert ids.tolist() == clean["id"].tolist()
    assert split.tolist() == clean["split"].tolist()
    featurizer = Featurizer.load(paths.FEATURIZER)
    assert (featurizer.transform(clean) != X).nnz == 0
    assert featurizer_hash(paths.FEATURES) == featurizer.hash
    figures = storage.read_json(paths.metrics("featurize"))
    assert figures == {"rows": 500, "rows_fitted": 300, "features": X.shape[1], "values": X.nnz}


def test_the_same_rows_give_the_same_bytes(labeled_project, make_params):
    hashes = set()
    for _ in range(2):
        featurize.run(make_params())
        hashes.add((storage.folder_hash(paths.FEATURES), storage.folder_hash(paths.FEATURIZER)))
    assert len(hashes) == 1


def test_only_train_rows_are_learned_from(labeled_project, make_params):
    featurize.run(make_params())
    before = storage.folder_hash(paths.FEATURIZER)
    clean = storage.read_shards(paths.CLEAN)
    others = clean["split"] != "train"
    clean.loc[others, ["subject", "text"]] = "unseen words by the dozen"
    with storage.shard_writer(paths.CLEAN) as write:
        write(clean)
    featurize.run(make_params())
    assert storage.folder_hash(paths.FEATURIZER) == before


def test_hidden_columns_are_neither_used_nor_of_influence(labeled_project, make_params):
    hidden = ["received_at", "return_path"]
    featurize.run(make_params(task={"hidden_columns": hidden}))
    before = storage.folder_hash(paths.FEATURES)
    clean = storage.read_shards(paths.CLEAN)
    clean["received_at"] = clean["received_at"].min()
    clean["return_path"] = clean["split"]
    with storage.shard_writer(paths.CLEAN) as write:
        write(clean)
    featurize.run(make_params(task={"hidden_columns": hidden}))
    assert storage.folder_hash(paths.FEATURES) == before
    with pytest.raises(ParamsError, match=r"'return_path' is in task\.hidden_columns"):
        featurize.run(make_params(task={"hidden_columns": hidden}, featurize={"categorical_columns": ["return_path"]}))
