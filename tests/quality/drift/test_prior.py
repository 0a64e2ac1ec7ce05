import json
import tracemalloc

import numpy as np

from labelmill.quality.drift import compare, diagnose
from labelmill.quality.drift.prior import LEAST_ROWS, Box


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


def test_of_a_window_of_few_rows_no_shares_are_told_and_all_that_is_told_is_a_number(reference, rows, params):
    patient = params.model_copy(update={"min_rows": 1})
    for n, told in ((1, False), (2, False), (LEAST_ROWS, True)):
        window = rows(n, 41)
        findings = compare(reference, window, patient)
        assert bool(findings.prior) is told
        diagnose(reference, window, findings, params=patient, history=[])
        json.dumps(findings.to_json(), allow_nan=False)
