import numpy as np
import pytest

from labelmill.quality import bootstrap
from labelmill.quality.metrics import METRICS, accuracy, judge


def test_each_resample_draws_as_many_rows_as_there_are():
    drawn = np.concatenate(list(bootstrap.resamples(37, 200, seed=1)))
    assert drawn.shape == (200, 37)
    assert (drawn.sum(axis=1) == 37).all()
    assert drawn.mean(axis=0) == pytest.approx(np.ones(37), abs=0.4)


def test_seed_and_name_make_the_draws():
    def draws(seed, name):
        return np.concatenate(list(bootstrap.resamples(20, 5, seed, name=name)))

    assert (draws(1, "all") == draws(1, "all")).all()
    assert (draws(1, "all") != draws(2, "all")).any()
    assert (draws(1, "all") != draws(1, "covered")).any()


def test_blocks_bound_the_memory_and_change_nothing(monkeypatch):
    whole = np.concatenate(list(bootstrap.resamples(30, 12, 3)))
    monkeypatch.setattr(bootstrap, "_CELLS", 100)
    blocks = list(bootstrap.resamples(30, 12, 3))
    assert [len(block) for block in blocks] == [3, 3, 3, 3]
    assert (np.concatenate(blocks) == whole).all()


def test_about_95_of_100_intervals_hold_the_truth():
    rng, truth, held = np.random.default_rng(5), 0.8, 0
    for seed in range(200):
        right = (rng.random(150) < truth).astype(np.int64)
        rows = judge(right, np.tile([0.0, 1.0], (150, 1)), positive=1)
        drawn = bootstrap.over_resamples(150, 300, seed, lambda w, rows=rows: {"accuracy": accuracy(rows, w)})
        found = bootstrap.interval(float(right.mean()), drawn["accuracy"])
        held += found["low"] <= truth <= found["high"]
    assert 178 <= held <= 199


def test_undefined_values_have_no_interval():
    assert bootstrap.interval(float("nan"), np.ones(10)) == {"value": None, "low": None, "high": None}
    assert bootstrap.interval(0.5, np.empty(0)) == {"value": 0.5, "low": None, "high": None}


def test_resamples_without_a_rare_class_are_left_out_while_they_are_few():
    gold = np.array([0] * 30 + [1] * 3)
    rows = judge(gold, np.column_stack([1 - gold, gold]).astype(float), positive=1)
    drawn = bootstrap.over_resamples(33, 400, 0, lambda w: {name: m(rows, w) for name, m in METRICS.items()})
    assert np.isnan(drawn["roc_auc"]).any()
    assert bootstrap.interval(1.0, drawn["roc_auc"]) == {"value": 1.0, "low": 1.0, "high": 1.0}
    mostly_undefined = np.where(np.arange(10) < 6, np.nan, 0.5)
    assert bootstrap.interval(0.5, mostly_undefined) == {"value": 0.5, "low": None, "high": None}
