import numpy as np
import pytest
from scipy.stats import norm

from labelmill.quality.drift.null import Clusters, LayerNull, bucket, null_of


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


def test_the_null_is_drawn_once_and_kept(reference, tmp_path):
    first = null_of(reference, 2000, draws=50, cache=tmp_path)
    (file,) = tmp_path.iterdir()
    reference.drawn.clear()
    file.write_text(file.read_text().replace(str(first.layers["votes"].strength), "77.0"))
    assert null_of(reference, 1100, draws=50, cache=tmp_path).layers["votes"].strength == 77.0
    reference.drawn.clear()
    assert null_of(reference, 2000, draws=50, cache=None).layers["votes"].strength == first.layers["votes"].strength
    reference.drawn.clear()
