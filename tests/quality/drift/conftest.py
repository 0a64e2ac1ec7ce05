"""Rows drawn from a known world: two classes with their own words, eight labeling functions, a champion."""

import numpy as np
import pandas as pd
import pytest

from labelmill.params import DriftParams
from labelmill.quality.drift import Reference, Rows, Schema

M = 8
COVERAGE = np.array([0.1, 0.2, 0.3, 0.3, 0.4, 0.5, 0.5, 0.6])
ACCURACY = np.array([0.9, 0.85, 0.8, 0.85, 0.8, 0.75, 0.8, 0.85])
WORDS = [
    [f"{kind}{place}".translate(str.maketrans("0123456789", "abcdefghij")) for place in range(300)] for kind in "xyz"
]
SCHEMA = Schema(("text",), ("ham", "spam"), tuple(f"lf_{j}" for j in range(M)))


def make_rows(n, seed, *, prior=0.3, new=0.0, dead=None, worse=None, topic=2):
    """Rows of the world; `new` is the share of rows of a topic of its own, on which no labeling function votes."""
    rng = np.random.default_rng([seed, n])
    truth, strange = (rng.random(n) < prior).astype(int), rng.random(n) < new
    accuracy = ACCURACY.copy()
    if worse is not None:
        accuracy[worse] -= 0.2
    right = rng.random((n, M)) < accuracy
    L = np.where(right, truth[:, None], 1 - truth[:, None]).astype(np.int8)
    L[(rng.random((n, M)) > COVERAGE) | strange[:, None]] = -1
    if dead is not None:
        L[:, dead] = -1
    places = rng.integers(0, 300, (n, 12))
    common = rng.random((n, 12)) < 0.5
    kinds = np.where(strange[:, None] & ~common, topic, np.where(common, 0, truth[:, None]))
    texts = [
        " ".join(WORDS[kind][place] for kind, place in zip(*row, strict=True))
        for row in zip(kinds, places, strict=True)
    ]
    weight = np.log(ACCURACY / (1 - ACCURACY))
    votes = ((L == 1) * weight - (L == 0) * weight).sum(axis=1) + np.log(0.3 / 0.7)
    scores = 3 * (2 * truth - 1) + rng.normal(0, 2.4, n) + np.log(0.3 / 0.7)
    size = rng.poisson(20, n).astype(float)
    frame = pd.DataFrame({"id": [f"{seed}-{i}" for i in range(n)], "text": texts, "size": size})
    return Rows(frame, L, two(votes), two(scores), None, np.where(rng.random(n) < 0.1, truth, -1))


def two(logits):
    positive = 1 / (1 + np.exp(-logits))
    return np.stack([1 - positive, positive], axis=1)


@pytest.fixture(scope="session")
def rows():
    return make_rows


@pytest.fixture(scope="session")
def schema():
    return SCHEMA


@pytest.fixture(scope="session")
def reference():
    return Reference.of([make_rows(8000, 1)], SCHEMA, seed=1, sample_rows=6000)


@pytest.fixture(scope="session")
def params():
    return DriftParams(null_draws=500)
