"""Votes with known truth."""

import numpy as np
import pandas as pd
import pytest

from labelmill.analysis.evidence import Evidence, Opinion
from labelmill.arrays import ABSTAIN, UNKNOWN
from labelmill.label_model import MajorityVote


@pytest.fixture
def make_evidence():
    """Evidence of these votes, with the opinion of majority vote."""

    def make(L, gold=None, *, split="train", names=None):
        L = np.asarray(L, dtype=np.int8)
        names = names or [f"lf_{j}" for j in range(L.shape[1])]
        model = MajorityVote(cardinality=max(2, int(L.max(initial=ABSTAIN)) + 1)).fit(L, lf_names=names)
        gold = np.full(len(L), UNKNOWN) if gold is None else np.asarray(gold, dtype=np.int64)
        splits = np.broadcast_to(np.asarray(split, dtype=object), len(L)).copy()
        opinion = Opinion(model, model.predict_proba(L), model.predict(L))
        return Evidence(pd.Series([f"r{i}" for i in range(len(L))]), splits, L, names, gold, opinion)

    return make


@pytest.fixture
def planted():
    """Texts of two classes, words that tell them, and a labeling function that knows one word of each."""
    rng = np.random.default_rng(5)
    truth = np.repeat([0, 1], 300)
    telling = {0: ["agenda", "minutes", "draft"], 1: ["prize", "winner", "casino"]}
    noise = [f"filler{i}" for i in range(40)]
    texts = [
        " ".join([*rng.choice(noise, 6), *(word for word in telling[y] if rng.random() < 0.5)]) for y in truth.tolist()
    ]
    votes = np.array([1 if "prize" in text else 0 if "agenda" in text else ABSTAIN for text in texts], dtype=np.int8)
    return texts, truth, votes[:, None]
