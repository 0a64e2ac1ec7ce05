"""Rows that people are asked to label: those that ingest keeps for gate, until they have a label."""

import json

import numpy as np

from labelmill import paths, storage
from labelmill.loop import arrivals, holding
from labelmill.loop.audits import waiting
from labelmill.sources.generated import mails
from labelmill.sources.intake import Intake, provenance, rejections
from labelmill.sources.mail_files import SAME_COLUMNS
from labelmill.stages import ingest


def add(seed, params, n=80):
    frame, _ = mails(n, seed)
    where = provenance([f"row {i}" for i in range(n)])
    arrivals.add_rows(Intake(frame, np.full(n, -1), where, rejections([]), SAME_COLUMNS), params, name=f"seed {seed}")
    return frame


def test_without_a_batch_nothing_waits(params):
    assert waiting(params).empty
    assert list(waiting(params).columns) == ["id", "seq", "subject", "text"]


def test_they_are_the_rows_that_ingest_puts_into_gate(params):
    first, second = add(1, params), add(2, params)
    found = waiting(params)
    assert set(found["seq"]) == {1, 2}
    ingest.run(params)
    rows = storage.read_shards(paths.INGESTED)
    new = rows[rows["id"].isin([*first["id"], *second["id"]])]
    assert sorted(found["id"]) == sorted(new.loc[new["split"] == "gate", "id"])
    gold = storage.read_table(paths.GOLD_GATE).set_index("id")["label"]
    assert (gold[found["id"]] == -1).all()
    texts = first.set_index("id")["text"]
    assert found.loc[found["seq"] == 1, "text"].tolist() == [texts[id_] for id_ in found.loc[found["seq"] == 1, "id"]]


def test_a_row_that_has_a_label_waits_no_longer_and_its_label_is_gate_gold(params):
    add(1, params)
    before = waiting(params)
    line = {"id": before["id"][0], "label": "spam", "purpose": "gate", "text": "kept beside it", "batch": 1}
    paths.ANNOTATIONS.write_text(json.dumps(line) + "\n")
    assert waiting(params)["id"].tolist() == before["id"].tolist()[1:]
    ingest.run(params)
    assert storage.read_table(paths.GOLD_GATE).set_index("id")["label"][before["id"][0]] == 1


def test_no_label_is_asked_for_copies_of_rows_that_are_there(params):
    """Training has their content, or gold has it already: a label of them would have no effect."""
    source = storage.read_shards(paths.INGESTED)
    old = source[source["split"] == "train"].drop(columns="split").head(60).assign(id=[f"n{i}" for i in range(60)])
    new = mails(60, 5)[0]
    again = new.assign(id=[f"again{i}" for i in range(60)])
    for frame in (old, new, again):
        where = provenance(["row"] * 60)
        batch = Intake(frame.reset_index(drop=True), np.full(60, -1), where, rejections([]), SAME_COLUMNS)
        arrivals.add_rows(batch, params, name="copies")
    found = waiting(params)
    assert set(found["seq"]) == {2}
    ingest.run(params)
    gate = storage.read_table(paths.GOLD_GATE)["id"]
    assert sorted(found["id"]) == sorted(set(gate) & set(new["id"]))
    assert waiting(params)["id"].tolist() == found["id"].tolist()


def test_rows_of_a_held_batch_do_not_wait(params):
    add(1, params)
    holding.hold(1, "odd")
    assert waiting(params).empty
