import tracemalloc

import numpy as np

from labelmill.quality.drift.prior import Box


def test_the_confusion_is_that_of_the_rows_and_memory_does_not_grow_with_the_square_of_the_classes():
    n, k = 4000, 60
    rng = np.random.default_rng(1)
    truth, predictions = (rng.dirichlet(np.ones(k), n) for _ in range(2))
    judged = rng.random(n) < 0.5
    tracemalloc.start()
    try:
        box = Box.of(predictions, truth, judged, seed=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    known = truth[judged]
    np.testing.assert_allclose(box.confusions[0], predictions[judged].T @ known / known.sum(axis=0))
    np.testing.assert_allclose(box.means[0], predictions.mean(axis=0))
    assert peak < 0.5 * n * k * k * 8
