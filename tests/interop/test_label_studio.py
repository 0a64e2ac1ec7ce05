"""Exports of Label Studio: rows, gold annotations, and what holds no single label."""

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelmill.errors import DataError
from labelmill.interop import append_annotations, read_tasks
from labelmill.sources.annotations import read_annotations

CLASSES = ["ham", "spam"]


def choice(*labels, name="label"):
    return {"id": "r", "from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(labels)}}


def annotation(*labels, **more):
    return {"id": 11, "result": [choice(*labels)], "was_cancelled": False, "completed_by": 3} | more


def task(number, *annotations, row_id=None, **more):
    data = {"id": row_id or f"mail-{number}", "text": f"text {number}"}
    return {"id": number, "data": data, "annotations": list(annotations), "predictions": [], "project": 1} | more


def write(file, tasks):
    file.write_text(json.dumps(tasks), encoding="utf-8")
    return file


@pytest.fixture
def export(tmp_path):
    """Writes tasks and reads them."""

    def make(*tasks, **options):
        return read_tasks(write(tmp_path / "export.json", list(tasks)), CLASSES, **options)

    return make


def test_rows_and_annotations(export):
    first = annotation("spam", created_at="2024-05-01T10:00:00Z", updated_at="2024-05-02T10:00:00Z")
    second = annotation("ham", completed_by={"id": 4, "email": "ann@example.org"}, ground_truth=True)
    tasks = export(task(1, first), task(2, second, row_id="Grüße/7"), task(3))
    assert tasks.frame.to_dict("list") == {
        "id": ["mail-1", "Grüße/7", "mail-3"],
        "text": ["text 1", "text 2", "text 3"],
    }
    assert list(tasks.annotations.itertuples(index=False, name=None)) == [
        ("mail-1", "spam", "3", "2024-05-02T10:00:00Z", False),
        ("Grüße/7", "ham", "ann@example.org", None, True),
    ]
    assert tasks.rejected.empty


def test_predictions(export):
    said = {"model_version": "v1", "score": 0.75, "result": [choice("spam")]}
    tasks = export(task(1, predictions=[said, {"result": [choice("ham")]}]))
    assert tasks.predictions.iloc[0].tolist() == ["mail-1", "spam", "v1", 0.75]
    assert tasks.predictions.iloc[1, :3].tolist() == ["mail-1", "ham", ""]
    assert pd.isna(tasks.predictions.iloc[1]["score"])


def test_what_holds_no_single_label_is_counted_with_its_reason(export):
    tasks = export(
        task(1, annotation("ham", was_cancelled=True), annotation(id=12), annotation("ham", "spam", id=13)),
        task(2, annotation("spam", id=14), drafts=[{"id": 15, "result": [choice("ham")]}]),
    )
    assert tasks.annotations["label"].tolist() == ["spam"]
    assert [(source.partition("task ")[2], reason) for source, reason in tasks.rejected.itertuples(index=False)] == [
        ("1: annotation 11", "was skipped"),
        ("1: annotation 12", "has no choice"),
        ("1: annotation 13", "has 2 choices, expected one"),
        ("2: draft 15", "is a draft, which was not submitted"),
    ]


def test_an_id_may_be_under_another_key_or_label_studios_own(export):
    one = {"id": 5, "data": {"ref": 77, "text": "x"}, "annotations": []}
    assert export(one, id_key="ref").frame.to_dict("list") == {"id": ["77"], "text": ["x"]}
    assert export(one, id_key=None).frame["id"].tolist() == ["5"]
    with pytest.raises(DataError, match=r"task 5: data: 'id' is None; expected the id of the row"):
        export(one)
    with pytest.raises(DataError, match="data has a key 'id' which does not identify the row"):
        export({**one, "data": {"id": 1, "ref": 2}}, id_key="ref")


def test_of_several_choices_one_is_named(export):
    both = annotation("spam", result=[choice("spam"), choice("long", name="length")])
    with pytest.raises(DataError, match=r"annotation 11 has choices of \['label', 'length'\]. Say which to read"):
        export(task(1, both))
    assert export(task(1, both), control="label").annotations["label"].tolist() == ["spam"]


def test_results_of_other_kinds_are_no_choice(export):
    box = {"type": "rectanglelabels", "from_name": "box", "value": {"rectanglelabels": ["spam"]}}
    assert export(task(1, annotation(result=[box]))).rejected["reason"].tolist() == ["has no choice"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (task(7, annotation("eggs")), r"task 7: annotation 11: the choice 'eggs' is none of the classes"),
        (task(7, annotation(["ham"])), r"task 7: annotation 11: the choice"),
        (task(7, annotation(result={"choices": ["ham"]})), "task 7: annotation 11: result is"),
        (task(7, annotation(result=[{**choice(), "value": "ham"}])), "task 7: annotation 11: value is"),
        (task(7, annotations={"result": []}), "task 7: annotations is"),
        (task(7, row_id="mail-1"), "rows 0 and 1 have one id, 'mail-1'"),
        ({"id": 7, "text": "JSON-MIN"}, "task 7 has no data. Export the project as JSON, not as JSON-MIN"),
        ({"data": {"id": True}}, "task at place 1: data: 'id' is True"),
        ({"id": 7, "data": {"id": "x"}, "completions": []}, "task 7 has completions"),
        (3, "task at place 1 has no data"),
    ],
)
def test_a_bad_task_is_named(bad, message, export):
    with pytest.raises(DataError, match=r"export\.json: .*" + message):
        export(task(1), bad)


def test_a_file_that_is_no_list_of_tasks_is_named(tmp_path):
    with pytest.raises(DataError, match=r"a\.json: expected a list of tasks, found a str"):
        read_tasks(write(tmp_path / "a.json", "tasks"), CLASSES)
    assert read_tasks(write(tmp_path / "a.json", task(1)), CLASSES).frame["id"].tolist() == ["mail-1"]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    labels=st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=5),
            st.sampled_from(CLASSES),
            st.text(st.characters(codec="utf-8"), max_size=5),
        ),
        max_size=6,
        unique_by=lambda drawn: drawn[0],
    )
)
def test_ingest_reads_each_annotation_as_it_was(labels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gold")
    tasks = [
        task(i, annotation(label, completed_by=who), row_id=row_id) for i, (row_id, label, who) in enumerate(labels)
    ]
    read = read_tasks(write(folder / "export.json", tasks), CLASSES)
    gold = folder / "annotations.jsonl"
    assert append_annotations(gold, read.annotations, classes=CLASSES, purpose="dev") == len(labels)
    found = [(row.id, CLASSES[row.label], row.purpose) for row in read_annotations(gold, CLASSES)]
    assert found == [(row_id, label, "dev") for row_id, label, _ in labels]
    assert append_annotations(gold, read.annotations, classes=CLASSES, purpose="dev") == 0
    assert len(read_annotations(gold, CLASSES)) == len(labels)


def test_the_newest_label_and_the_one_that_is_ground_truth_come_last(export, tmp_path):
    tasks = export(
        task(
            1,
            annotation("spam", updated_at="2024-05-03T00:00:00Z"),
            annotation("ham", updated_at="2024-05-01T00:00:00Z", ground_truth=True),
            annotation("ham", updated_at="2024-05-02T00:00:00Z"),
        )
    )
    append_annotations(tmp_path / "gold.jsonl", tasks.annotations, classes=CLASSES, purpose="gate")
    lines = [json.loads(line) for line in (tmp_path / "gold.jsonl").read_text().splitlines()]
    assert [line["time"][:10] for line in lines] == ["2024-05-02", "2024-05-03", "2024-05-01"]
    assert lines[-1] == {
        "id": "mail-1", "label": "ham", "annotator": "3", "time": "2024-05-01T00:00:00Z", "purpose": "gate"
    }  # fmt: skip


def test_nothing_is_appended_to_a_broken_file_or_for_an_unknown_purpose(export, tmp_path):
    file = tmp_path / "gold.jsonl"
    file.write_text("broken\n")
    annotations = export(task(1, annotation("ham"))).annotations
    with pytest.raises(DataError, match=r"gold\.jsonl:1: is not JSON"):
        append_annotations(file, annotations, classes=CLASSES, purpose="dev")
    with pytest.raises(DataError, match=r"purpose is 'test', expected one of"):
        append_annotations(file, annotations, classes=CLASSES, purpose="test")
    assert file.read_text() == "broken\n"
