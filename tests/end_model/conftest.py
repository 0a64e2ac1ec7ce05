import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.params import TrainParams


@pytest.fixture
def problem():
    """Sparse rows, the probabilities of their two classes, and a class drawn from them."""
    rng = np.random.default_rng(7)
    X = sp.random(400, 60, density=0.2, format="csr", dtype=np.float32, rng=rng)
    positive = 1 / (1 + np.exp(-4 * (X @ rng.normal(size=60))))
    probs = np.column_stack([1 - positive, positive])
    return X, probs, (rng.random(400) < positive).astype(np.int64)


@pytest.fixture
def quick():
    """Makes params of a training that takes a moment."""

    def make(**changes):
        return TrainParams(**{"epochs": 15, "hidden": 8, "batch_size": 64, **changes})

    return make
