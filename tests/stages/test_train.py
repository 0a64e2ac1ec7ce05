import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.end_model.matrix import read_features
from labelmill.end_model.model import EndModel
from labelmill.errors import TrainingError
from labelmill.stages import featurize, train


@pytest.fixture
def featured_project(labeled_project, make_params):
    featurize.run(make_params())
    return labeled_project


def rewrite_probs(change):
    rows = change(storage.read_shards(paths.PROBS))
    with storage.shard_writer(paths.PROBS) as write:
        write(rows)


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_the_end_model_beats_its_labels_and_is_equal_bytes_each_time(featured_project, make_params, model):
    hashes = set()
    for _ in range(2):
        train.run(make_params(train={"model": model}))
        hashes.add(storage.folder_hash(paths.END_MODEL) + storage.sha256_file(paths.LEARNING_CURVE))
    assert len(hashes) == 1
    X, ids, split = read_features(paths.FEATURES)
    rows = (split == "test").to_numpy()
    gold = storage.read_table(paths.GOLD_TEST).set_index("id")["label"][ids[rows]].to_numpy()
    found = EndModel.load(paths.END_MODEL).predict_proba(X[rows]).argmax(axis=1)
    assert (found == gold).mean() > 0.82  # labels: right on 90 % of the 80 % covered rows, a coin on the others


def test_it_leaves_a_learning_curve_and_figures_without_times(featured_project, make_params):
    train.run(make_params())
    curve = pd.read_csv(paths.LEARNING_CURVE)
    assert curve.columns.tolist() == ["epoch", "train_loss", "valid_loss"]
    figures = storage.read_json(paths.metrics("train"))
    assert figures["epochs"] == len(curve)
    assert figures["rows"] + figures["valid_rows"] + figures["uncovered"] == 300
    assert EndModel.load(paths.END_MODEL).classes == ("ham", "spam")


def test_uncovered_and_undecided_rows_have_no_influence(featured_project, make_params):
    def spoil(rows):
        ways = {"p_ham": 0.01, "p_spam": 0.99}
        return rows.assign(**{name: rows[name].where(rows["covered"], value) for name, value in ways.items()})

    train.run(make_params())
    before = storage.folder_hash(paths.END_MODEL)
    rewrite_probs(spoil)
    train.run(make_params())
    assert storage.folder_hash(paths.END_MODEL) == before


def test_labels_of_other_splits_and_gold_have_no_influence(featured_project, make_params):
    train.run(make_params())
    before = storage.folder_hash(paths.END_MODEL)
    split = storage.read_shards(paths.CLEAN)["split"].to_numpy()
    rewrite_probs(lambda rows: rows.assign(p_ham=np.where(split == "train", rows.p_ham, 0.5)))
    for path in (paths.GOLD_TRAIN, paths.GOLD_DEV, paths.GOLD_GATE, paths.GOLD_TEST):
        path.unlink()
    train.run(make_params())
    assert storage.folder_hash(paths.END_MODEL) == before


def test_a_tie_is_left_out_of_hard_targets(featured_project, make_params):
    params = make_params(train={"targets": "hard", "confidence_power": 0})
    train.run(params)
    rows = storage.read_json(paths.metrics("train"))["rows"]
    rewrite_probs(lambda table: table.assign(pred=table["pred"].where(table.index % 2 == 0, -1)))
    train.run(params)
    assert storage.read_json(paths.metrics("train"))["rows"] < 0.7 * rows


def test_rows_that_do_not_match_are_named(featured_project, make_params):
    rewrite_probs(lambda rows: rows.iloc[::-1])
    with pytest.raises(TrainingError, match=r"data/features and data/probs are of different rows.*dvc repro"):
        train.run(make_params())


def test_what_was_trained_before_survives_a_training_that_fails(featured_project, make_params):
    train.run(make_params())
    before = storage.folder_hash(paths.END_MODEL)
    rewrite_probs(lambda rows: rows.assign(p_ham=0.9, p_spam=0.1))
    with pytest.raises(TrainingError, match="one class"):
        train.run(make_params())
    assert storage.folder_hash(paths.END_MODEL) == before
