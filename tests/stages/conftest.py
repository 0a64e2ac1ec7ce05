import numpy as np
import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.params import parse_params
from labelmill.sources.generated import mails

SPLITS = {"train": 300, "dev": 60, "gate": 40, "test": 100}


@pytest.fixture
def make_params():
    """Makes the params of a small mail task; sections are merged into its own."""
    content = {
        "task": {"name": "mail", "classes": ["ham", "spam"], "text_columns": ["subject", "text"], "seed": 11},
        "ingest": {"source": "generated"},
        "featurize": {"numeric_columns": ["links", "has_html"], "categorical_columns": ["list_id"]},
        "train": {"epochs": 20},
    }

    def make(**sections):
        names = {*content, *sections}
        return parse_params({name: {**content.get(name, {}), **sections.get(name, {})} for name in names})

    return make


@pytest.fixture
def labeled_project(tmp_path, monkeypatch):
    """A project folder with clean rows in two shards, gold, and probabilities as a label model would give them."""
    monkeypatch.chdir(tmp_path)
    frame, gold = mails(sum(SPLITS.values()), seed=5)
    rng = np.random.default_rng(0)
    frame.insert(1, "split", rng.permutation(np.repeat(list(SPLITS), list(SPLITS.values()))))
    spam = np.where(rng.random(len(frame)) < 0.9, gold, 1 - gold) * 0.8 + 0.1
    covered = rng.random(len(frame)) < 0.8
    spam[~covered] = 0.5
    probs = pd.DataFrame({"id": frame["id"], "covered": covered, "pred": np.where(covered, spam > 0.5, -1)})
    probs = probs.assign(p_ham=1 - spam, p_spam=spam)
    for path, table in ((paths.CLEAN, frame), (paths.PROBS, probs)):
        with storage.shard_writer(path) as write:
            write(table.iloc[:300])
            write(table.iloc[300:])
    for split, path in zip(SPLITS, (paths.GOLD_TRAIN, paths.GOLD_DEV, paths.GOLD_GATE, paths.GOLD_TEST), strict=True):
        rows = (frame["split"] == split).to_numpy()
        storage.write_table(path, pd.DataFrame({"id": frame["id"][rows], "label": gold[rows]}))
    return tmp_path
