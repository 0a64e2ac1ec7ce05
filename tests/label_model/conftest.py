import importlib
from pathlib import Path

import numpy as np
import pytest

from labelmill.label_model import KINDS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "label_models"


@pytest.fixture(params=KINDS)
def kind(request):
    """The name of each label model in turn."""
    return request.param


@pytest.fixture
def make_votes():
    """Makes votes of independent labeling functions of given accuracies: (L, truth)."""

    def make(seed, n, accuracies, coverage=0.5, cardinality=2, balance=None):
        rng = np.random.default_rng(seed)
        truth = rng.choice(cardinality, size=n, p=balance)
        L = np.full((n, len(accuracies)), -1, dtype=np.int8)
        for j, accuracy in enumerate(accuracies):
            slip = rng.integers(1, cardinality, size=n)
            vote = np.where(rng.random(n) < accuracy, truth, (truth + slip) % cardinality)
            votes = rng.random(n) < coverage
            L[votes, j] = vote[votes]
        return L, truth

    return make


@pytest.fixture
def make_rules():
    """Makes votes of one-class rules as people write them for mail, 30 % positive: (L, truth)."""

    def make(seed, n=3000, positive_rules=8, negative_rules=6, positive_share=0.3):
        rng = np.random.default_rng(seed)
        truth = (rng.random(n) < positive_share).astype(int)
        L = np.full((n, positive_rules + negative_rules), -1, dtype=np.int8)
        wordy = rng.normal(size=n)  # long mails set off more rules of either kind
        for j in range(L.shape[1]):
            label = int(j < positive_rules)
            rate = rng.uniform(0.03, 0.35)
            score = rng.normal(size=n) * 0.9 + wordy * 0.45
            often, seldom = np.quantile(score, [1 - rate, 1 - rate / rng.uniform(2, 25)])
            L[score > np.where(truth == label, often, seldom), j] = label
        return L, truth

    return make


def _from_benchmarks(name):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module(name)


@pytest.fixture(scope="session")
def stress():
    """The benchmark's votes on which label models are known to fail."""
    return _from_benchmarks("stress")


@pytest.fixture(scope="session")
def twins():
    """The benchmark's synthetic sets: `twins.twin(number)` has votes, and the posterior of the true parameters."""
    return _from_benchmarks("twins")


@pytest.fixture(scope="session")
def softness():
    """The benchmark's soft votes: `softness.draw(voters, ...)`, and `softness.compare(setting, ...)`."""
    return _from_benchmarks("softness")
