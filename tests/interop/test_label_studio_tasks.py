"""Tasks for Label Studio: what is written is read again, with the label model's opinion beside it."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.errors import DataError
from labelmill.interop import labeling_config, least_certain, read_tasks, tasks_of, write_tasks

CLASSES = ["ham", "spam"]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
IDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=5)


def rows(n=3):
    return pd.DataFrame({"id": list("abcdefgh")[:n], "subject": "s", "text": [f"text {i}" for i in range(n)]})


def probs_of(spam, ids=None, covered=True, preds=None):
    spam = np.asarray(spam, dtype=float)
    preds = (spam > 0.5).astype(int) if preds is None else preds
    ids = list("abcdefgh")[: len(spam)] if ids is None else ids
    return pd.DataFrame({"id": ids, "covered": covered, "pred": preds, "p_ham": 1 - spam, "p_spam": spam})


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    drawn=st.lists(st.tuples(IDS, TEXTS, st.floats(0, 1)), min_size=1, max_size=6, unique_by=lambda row: row[0]),
)
def test_what_is_written_is_read_again_to_the_byte(drawn, tmp_path_factory):
    ids, texts, spam = zip(*drawn, strict=True)
    frame = pd.DataFrame({"id": ids, "text": pd.Series(texts, dtype="str")})
    probs = probs_of(spam, ids=ids)
    file = tmp_path_factory.getbasetemp() / "tasks.json"
    write_tasks(file, tasks_of(frame, ["text"], probs=probs.sample(frac=1, random_state=0), model_version="auto-1"))
    first = file.read_bytes()
    back = read_tasks(file, CLASSES)
    assert back.frame.to_dict("list") == {"id": list(ids), "text": list(texts)}
    assert back.predictions["id"].tolist() == list(ids)
    assert back.predictions["label"].tolist() == [CLASSES[y] for y in probs["pred"]]
    assert np.array_equal(back.predictions["score"], probs[["p_ham", "p_spam"]].max(axis=1))
    assert set(back.predictions["model_version"]) == {"auto-1"}
    write_tasks(file, tasks_of(frame, ["text"], probs=probs, model_version="auto-1"))
    assert file.read_bytes() == first


def test_a_task_is_what_label_studio_imports():
    (task,) = tasks_of(rows(), ["subject", "text"], ids=["b"], probs=probs_of([0.1, 0.8, 0.3]), control="kind")
    assert task == {
        "data": {"id": "b", "subject": "s", "text": "text 1"},
        "meta": {"probs": {"ham": pytest.approx(0.2), "spam": 0.8}},
        "predictions": [
            {
                "model_version": "labelmill",
                "score": 0.8,
                "result": [{"from_name": "kind", "to_name": "text", "type": "choices", "value": {"choices": ["spam"]}}],
            }
        ],
    }


def test_nothing_is_guessed_of_rows_that_are_uncovered_or_undecided():
    probs = probs_of([0.5, 0.5, 0.9], covered=[False, True, True], preds=[-1, -1, 1])
    tasks = tasks_of(rows(), ["text"], probs=probs)
    assert ["predictions" in task for task in tasks] == [False, False, True]
    assert not any("predictions" in task for task in tasks_of(rows(), ["text"]))


def test_chosen_rows_come_in_the_order_they_were_asked_for():
    assert [task["data"]["id"] for task in tasks_of(rows(), ["text"], ids=["c", "a"])] == ["c", "a"]


def test_values_of_every_kind_become_json():
    frame = rows(1).assign(day=pd.Timestamp("2024-05-01", tz="UTC"), size=3, links=[["x"]], note=None)
    (task,) = tasks_of(frame, ["day", "size", "links", "note", "text"])
    assert task["data"] == {
        "id": "a", "day": "2024-05-01T00:00:00+00:00", "size": 3, "links": ["x"], "note": None, "text": "text 0"
    }  # fmt: skip


def test_the_least_certain_come_first_and_ties_by_id():
    probs = probs_of([0.9, 0.45, 0.5, 0.55, 0.5], covered=[True, True, True, True, False])
    assert least_certain(probs, 2) == ["c", "b"]
    assert least_certain(probs[::-1], 3) == ["c", "b", "d"]
    assert least_certain(probs, 99) == ["c", "b", "d", "a"]
    assert least_certain(probs, 0) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tasks_of(rows(), ["txt"]), "the rows have no column 'txt'"),
        (lambda: tasks_of(rows(), []), "no column to show"),
        (lambda: tasks_of(rows(), ["text"], ids=["z"]), "the rows have no id 'z'; 1 of 1"),
        (lambda: tasks_of(rows(), ["text"], ids=["a", "a"]), "have one id, 'a'"),
        (lambda: tasks_of(rows().assign(text=[1, 2, float("inf")]), ["text"]), "row 'c': column 'text' is 'inf'"),
        (lambda: tasks_of(rows(), ["text"], probs=probs_of([0.1, 0.2])), "the probabilities have no id 'c'"),
        (lambda: tasks_of(rows(), ["text"], probs=rows()), "the probabilities have no column 'covered'"),
        (lambda: least_certain(probs_of([0.1, np.nan]), 1), "need a column p_CLASS of numbers"),
        (lambda: least_certain(probs_of([0.1]), -1), "n is -1"),
    ],
)
def test_what_makes_no_task_is_named(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_the_labeling_configuration_fits_the_tasks():
    root = ET.fromstring(labeling_config(["ham", 'a "b" & c'], ["subject", "text"], control="kind"))
    (task,) = tasks_of(rows(1), ["subject", "text"], probs=probs_of([0.9]), control="kind")
    choice = task["predictions"][0]["result"][0]
    assert [(text.get("name"), text.get("value")) for text in root.iter("Text")] == [
        ("subject", "$subject"),
        ("text", "$text"),
    ]
    (choices,) = root.iter("Choices")
    assert (choices.get("name"), choices.get("toName")) == (choice["from_name"], choice["to_name"])
    assert [item.get("value") for item in choices] == ["ham", 'a "b" & c']
