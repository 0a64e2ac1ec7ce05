import json

import numpy as np
import pytest
from scipy.stats import norm

from labelmill.quality.drift import Reference, null
from labelmill.quality.drift.null import Clusters, LayerNull, bucket, from_json, null_of, to_json


def test_one_signal_has_the_threshold_of_the_normal_distribution():
    null = LayerNull(np.ones(1), 1.0)
    assert null.threshold(0.05) == pytest.approx(norm.isf(0.025))
    assert null.p_value(null.threshold(0.01)) == pytest.approx(0.01)
    assert null.threshold(0.01, more=9) == pytest.approx(norm.isf((1 - 0.99**0.1) / 2))
    assert null.p_value(0.0) == 1
    assert null.p_value(50.0) == 0


def test_sizes_of_windows_fall_into_powers_of_two():
    assert [bucket(n) for n in (1, 128, 2000, 2048, 10**6)] == [128, 128, 1024, 2048, 4096]


def test_clusters_are_drawn_whole():
    clusters = Clusters(np.array([5, 7, 5, 9, 7, 5], np.uint64))
    assert clusters.mean_size == 2
    assert sorted(clusters.rows(np.array([0, 2, 0]))) == [0, 0, 2, 2, 3, 5, 5]


def test_rows_of_a_frequent_text_are_drawn_one_by_one():
    clusters = Clusters(np.array([5] * 21 + [7, 7], np.uint64))
    assert sorted(clusters.sizes) == [1] * 21 + [2]
    assert Clusters(np.array([5] * 20 + [7, 7], np.uint64)).mean_size == 11


def kept(reference, tmp_path, n=2000):
    """The null by a process that has nothing in memory."""
    reference.drawn.clear()
    try:
        return to_json(null_of(reference, n, draws=50, cache=tmp_path))
    finally:
        reference.drawn.clear()


def test_the_null_is_drawn_once_and_kept(reference, tmp_path, monkeypatch):
    first = kept(reference, tmp_path)
    monkeypatch.setattr(null, "draw", None)
    assert kept(reference, tmp_path) == kept(reference, tmp_path, 1100) == first


@pytest.mark.parametrize("damage", [lambda text: text[: len(text) // 2], lambda text: text.replace("1.0", "1.1", 1)])
def test_a_damaged_null_is_drawn_again(reference, tmp_path, damage, caplog):
    first = kept(reference, tmp_path)
    (file,) = tmp_path.glob("*/null.json")
    file.write_text(damage(file.read_text()))
    assert kept(reference, tmp_path) == first
    assert "drawn again" in caplog.text
    assert to_json(from_json(json.loads(file.read_text()))) == first


def test_of_another_reference_nothing_is_kept(reference, rows, schema, tmp_path):
    kept(Reference.of([rows(600, 2)], schema, seed=1), tmp_path)
    kept(reference, tmp_path)
    kept(reference, tmp_path, 600)
    assert sorted(folder.name.split("-")[1] for folder in tmp_path.iterdir()) == [reference.digest[:16]] * 2
