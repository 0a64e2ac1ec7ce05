import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.end_model.features import Featurizer
from labelmill.end_model.matrix import featurizer_hash, read_features
from labelmill.end_model.model import EndModel
from labelmill.errors import DataError, TrainingError
from labelmill.report import gather
from labelmill.stages import evaluate, featurize

SYSTEMS = ["always_ham", "majority_vote", "label_model", "end_model", "best_lf", "gold_dev", "gold_train"]
MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"]
QUICK = {"evaluate": {"bootstrap_samples": 50, "disagreements": 3}}
DATED = {"ingest": {"splits": {"date_column": "received_at"}}}


@pytest.fixture
def finished(labeled_project, make_params):
    """The project with all that the stages before `evaluate` leave; the models are made by hand."""
    rows, probs = storage.read_shards(paths.CLEAN), storage.read_shards(paths.PROBS)
    featurize.run(make_params())
    rng = np.random.default_rng(1)
    decided = np.where(probs["covered"], probs["pred"], -1)
    L = pd.DataFrame({"id": rows["id"], "good": decided, "copy": decided, "bad": np.where(probs["covered"], 0, -1)})
    with storage.shard_writer(paths.LABEL_MATRIX) as write:
        write(L.astype({"good": "int8", "copy": "int8", "bad": "int8"}))

    X, ids, _ = read_features(paths.FEATURES)
    columns = [Featurizer.load(paths.FEATURIZER).names.index("subject#capitals"), 0]
    weight = np.zeros((X.shape[1], 2), dtype=np.float32)
    weight[columns, 1] = [1.0, 0.5]
    arrays = {"weight": weight, "bias": np.zeros(2, dtype=np.float32)}
    EndModel("linear", ("ham", "spam"), arrays, featurizer_hash(paths.FEATURES)).save(paths.END_MODEL)

    scored = rows["split"].isin(["test", "gate"]).to_numpy()
    spam = rng.random(scored.sum())
    baselines = pd.DataFrame({"id": ids[scored]})
    for name in ("gold_dev", "gold_train"):
        baselines[f"{name}:ham"], baselines[f"{name}:spam"] = 1 - spam, spam
    storage.write_table(paths.BASELINES, baselines.sample(frac=1, random_state=2))
    storage.write_table(
        paths.PROVENANCE,
        pd.DataFrame({"id": rows["id"], "source": "generated", "group": rng.choice(["a", "b"], len(rows))}),
    )
    return rows


def test_predictions_are_those_of_the_test_rows(finished, make_params):
    evaluate.run(make_params(**QUICK, **DATED))
    found = storage.read_table(paths.PREDICTIONS)
    test = finished[finished["split"] == "test"]
    assert found["id"].tolist() == test["id"].tolist()
    assert found["month"].tolist() == test["received_at"].dt.strftime("%Y-%m").tolist()
    assert found.columns.tolist() == [
        *("id", "month", "covered", "gold"),
        *(f"{system}:{label}" for system in SYSTEMS for label in ("ham", "spam")),
    ]
    gold = storage.read_table(paths.GOLD_TEST).set_index("id")["label"]
    assert found["gold"].tolist() == gold.loc[found["id"]].tolist()
    probs = storage.read_shards(paths.PROBS).set_index("id").loc[found["id"]]
    assert found["label_model:spam"].tolist() == probs["p_spam"].tolist()
    assert found["covered"].tolist() == probs["covered"].tolist()
    baselines = storage.read_table(paths.BASELINES).set_index("id").loc[found["id"]]
    assert found["gold_dev:spam"].tolist() == baselines["gold_dev:spam"].tolist()
    X, ids, _ = read_features(paths.FEATURES)
    expected = EndModel.load(paths.END_MODEL).predict_proba(X[ids.isin(found["id"]).to_numpy()])
    np.testing.assert_array_equal(found[["end_model:ham", "end_model:spam"]], expected)
    assert (found[[f"{system}:{c}" for system in SYSTEMS for c in ("ham", "spam")]].sum(axis=1).round(9) == 7).all()


def test_the_best_lf_is_chosen_on_dev_gold_never_on_test(finished, make_params):
    dev, test = storage.read_table(paths.GOLD_DEV), storage.read_table(paths.GOLD_TEST)
    L = storage.read_shards(paths.LABEL_MATRIX)
    known = L["id"].map(pd.concat([dev.assign(of="dev"), test.assign(of="test")]).set_index("id")["label"])
    is_dev = L["id"].isin(dev["id"]).to_numpy()
    right, wrong = known.fillna(0).astype("int8"), (1 - known.fillna(0)).astype("int8")
    L["good"], L["bad"] = np.where(is_dev, wrong, right).astype("int8"), np.where(is_dev, right, wrong).astype("int8")
    with storage.shard_writer(paths.LABEL_MATRIX) as write:
        write(L)
    evaluate.run(make_params(**QUICK))
    scores = storage.read_json(paths.metrics("evaluate"))["test"]
    assert scores["best_lf"]["covered"]["accuracy"]["value"] == 0.0


def test_every_output_is_there_and_the_same_bytes_again(finished, make_params):
    evaluate.run(make_params(**QUICK, **DATED))
    first = {path: storage.sha256_file(path) for path in evaluate.WRITES}
    evaluate.run(make_params(**QUICK, **DATED))
    assert {path: storage.sha256_file(path) for path in evaluate.WRITES} == first


def test_the_numbers(finished, make_params, caplog):
    with caplog.at_level("INFO"):
        evaluate.run(make_params(**QUICK, **DATED))
    content = paths.metrics("evaluate").read_text()
    assert "NaN" not in content
    scores = json.loads(content)["test"]
    assert list(scores) == [*SYSTEMS, "differences"]
    assert list(scores["end_model"]["months"]) == MONTHS
    every = scores["label_model"]["all"]
    assert every["n"] == sum(every["n_per_class"].values()) == 100
    assert scores["always_ham"]["all"]["balanced_accuracy"]["value"] == 0.5
    assert scores["label_model"]["uncovered"]["accuracy"]["value"] == 0.5
    assert every["balanced_accuracy"]["value"] > 0.75
    assert scores["differences"]["end_model-label_model"]["all"]["balanced_accuracy"]["value"] < 0
    assert f"label_model {every['balanced_accuracy']['value']:.3f}" in caplog.text


def test_plots(finished, make_params):
    evaluate.run(make_params(**QUICK))
    assert list(pd.read_csv(paths.CALIBRATION_CURVE)) == ["system", "mean_confidence", "observed", "n"]
    assert list(pd.read_csv(paths.PRECISION_RECALL_CURVE)) == ["system", "recall", "precision"]
    confusion = pd.read_csv(paths.CONFUSION)
    assert len(confusion) == 100
    assert set(confusion["actual"]) == {"ham", "spam"}


def test_the_leak_probe_looks_at_train_rows_only(finished, make_params):
    evaluate.run(make_params(**QUICK, **DATED))
    found = storage.read_json(paths.LEAK_PROBE)
    assert found["folders"] == ["a", "b"]
    assert found["n"] == 400
    assert found["months"]["months"] == MONTHS
    assert len(found["top_features"]) == 20


def test_without_groups_and_dates(finished, make_params):
    storage.write_table(paths.PROVENANCE, storage.read_table(paths.PROVENANCE).assign(group=None))
    evaluate.run(make_params(**QUICK))
    assert "skipped" in storage.read_json(paths.LEAK_PROBE)
    assert storage.read_json(paths.metrics("evaluate"))["test"]["end_model"]["months"] == {}


def test_without_baselines_and_without_test_gold(finished, make_params):
    storage.write_table(paths.BASELINES, storage.read_table(paths.BASELINES)[["id"]])
    storage.write_table(paths.GOLD_TEST, storage.read_table(paths.GOLD_TEST).assign(label=-1))
    evaluate.run(make_params(**QUICK))
    scores = storage.read_json(paths.metrics("evaluate"))["test"]
    assert "gold_train" not in scores
    assert scores["end_model"]["all"]["n"] == 0
    assert scores["end_model"]["all"]["f1"] == {"value": None, "low": None, "high": None}


def test_files_of_different_rows_are_refused(finished, make_params):
    L = storage.read_shards(paths.LABEL_MATRIX)
    with storage.shard_writer(paths.LABEL_MATRIX) as write:
        write(L.iloc[::-1])
    with pytest.raises(DataError, match=r"label_matrix and .*clean are of different rows"):
        evaluate.run(make_params(**QUICK))


def test_an_end_model_whose_classes_stand_in_another_order_is_refused(finished, make_params):
    model = EndModel.load(paths.END_MODEL)
    dataclasses.replace(model, classes=model.classes[::-1]).save(paths.END_MODEL)
    with pytest.raises(TrainingError, match=r"trained on the classes spam, ham, task\.classes .* is ham, spam"):
        evaluate.run(make_params(**QUICK))


def test_baselines_that_lack_a_row_are_refused(finished, make_params):
    storage.write_table(paths.BASELINES, storage.read_table(paths.BASELINES).iloc[:20])
    with pytest.raises(DataError, match="has no row for test row"):
        evaluate.run(make_params(**QUICK))


def test_what_the_report_reads_is_declared():
    assert {*gather.READS} <= {*evaluate.READS}
