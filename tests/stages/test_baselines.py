import logging

import numpy as np

from labelmill import paths, storage
from labelmill.stages import baselines, featurize

COLUMNS = ["id", "gold_dev:ham", "gold_dev:spam", "gold_train:ham", "gold_train:spam"]


def test_the_same_learner_on_gold_scores_test_and_gate_rows(labeled_project, make_params):
    featurize.run(make_params())
    baselines.run(make_params())
    table = storage.read_table(paths.BASELINES)
    assert table.columns.tolist() == COLUMNS
    clean = storage.read_shards(paths.CLEAN)
    assert table["id"].tolist() == clean["id"][clean["split"].isin(["test", "gate"])].tolist()
    np.testing.assert_allclose(table[COLUMNS[1:3]].sum(axis=1), 1)
    assert storage.read_json(paths.metrics("baselines")) == {"gold_dev_rows": 60, "gold_train_rows": 360}
    gold = storage.read_table(paths.GOLD_TEST)
    merged = gold.merge(table, on="id")
    assert ((merged["gold_train:spam"] > 0.5) == merged["label"]).mean() > 0.85
    first = storage.sha256_file(paths.BASELINES)
    baselines.run(make_params())
    assert storage.sha256_file(paths.BASELINES) == first


def test_gold_of_rows_to_be_scored_is_never_learned_from(labeled_project, make_params):
    featurize.run(make_params())
    baselines.run(make_params())
    first = storage.sha256_file(paths.BASELINES)
    leaked = storage.read_table(paths.GOLD_TEST)
    train = storage.read_table(paths.GOLD_TRAIN)
    storage.write_table(
        paths.GOLD_TRAIN,
        type(train)({"id": [*train["id"], *leaked["id"]], "label": [*train["label"], *leaked["label"]]}),
    )
    baselines.run(make_params())
    assert storage.sha256_file(paths.BASELINES) == first


def test_a_baseline_may_be_switched_off(labeled_project, make_params):
    featurize.run(make_params())
    baselines.run(make_params(baselines={"gold_dev": False}))
    assert storage.read_table(paths.BASELINES).columns.tolist() == ["id", "gold_train:ham", "gold_train:spam"]


def test_a_project_without_gold_goes_on_without_baselines(labeled_project, make_params, caplog):
    featurize.run(make_params())
    for path in (paths.GOLD_TRAIN, paths.GOLD_DEV):
        storage.write_table(path, storage.read_table(path).assign(label=-1))
    with caplog.at_level(logging.WARNING):
        baselines.run(make_params())
    assert "baseline gold_dev is left out: 0 rows to train on" in caplog.text
    assert storage.read_table(paths.BASELINES).columns.tolist() == ["id"]
    assert storage.read_json(paths.metrics("baselines")) == {"gold_dev_rows": 0, "gold_train_rows": 0}
