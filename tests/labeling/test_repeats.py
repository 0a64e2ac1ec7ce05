"""Labeling functions that do not vote twice alike are named, and nothing of them is kept (faults B5)."""

import logging
import shutil
from pathlib import Path

import pandas as pd
import pytest

from labelmill import paths, storage
from labelmill.params import load_params
from labelmill.stages import label

TEMPLATE = Path(label.__file__).parents[1] / "template"
UNSTEADY = """
import random
import time

from labelmill import keyword_lf, labeling_function

cash = keyword_lf("cash", ["cash"], column="text", label=1)

@labeling_function
def steady(mail):
    return len(mail.text) % 2

@labeling_function
def by_chance(mail):
    return 1 if random.random() < 0.5 else 0

@labeling_function
def by_the_clock(mail):
    return time.time_ns() // 1000 % 2

@labeling_function
def by_the_order_of_a_set(mail):
    return int(list({"ham", "spam", "eggs", mail.text})[0] < "m")
"""


@pytest.fixture
def project(tmp_path, monkeypatch, own_lfs):
    monkeypatch.chdir(tmp_path)
    shutil.copy(TEMPLATE / "params.yaml", tmp_path / "params.yaml")
    Path("lfs").mkdir()
    Path("lfs/main.py").write_text(UNSTEADY)
    rows = pd.DataFrame({"id": [f"r{i}" for i in range(300)], "split": "train"})
    rows["text"] = [f"text {i} cash" for i in range(300)]
    with storage.shard_writer(paths.CLEAN) as write:
        write(rows[:200])
        write(rows[200:])
    paths.GOLD_DEV.parent.mkdir(parents=True)
    storage.write_table(paths.GOLD_DEV, pd.DataFrame({"id": ["r0"], "label": [0]}))
    return tmp_path


@pytest.mark.slow
def test_b5_chance_clock_and_hash_order_are_found_and_not_kept(project, caplog):
    params = load_params()
    with caplog.at_level(logging.INFO):
        label.run(params)
    unsteady = storage.read_json(paths.metrics("label"))["unsteady"]
    assert set(unsteady) == {"by_chance", "by_the_clock", "by_the_order_of_a_set"}
    assert all(0 < share <= 1 for share in unsteady.values())
    for name in unsteady:
        assert name in caplog.text
    steady = storage.read_shards(paths.LABEL_MATRIX)["steady"]
    caplog.clear()
    with caplog.at_level(logging.INFO):
        label.run(params)
    assert "6 columns computed" in caplog.text and "4 reused" in caplog.text, "three in two shards, and two in two"
    assert (storage.read_shards(paths.LABEL_MATRIX)["steady"] == steady).all()


def test_templates_alone_need_no_second_process(project, monkeypatch):
    Path("lfs/main.py").write_text(
        'from labelmill import keyword_lf\ncash = keyword_lf("cash", ["cash"], column="text", label=1)\n'
    )
    monkeypatch.setattr("subprocess.run", lambda *a, **k: pytest.fail("a second process was started"))
    label.run(load_params())
    assert "unsteady" not in storage.read_json(paths.metrics("label"))
