import numpy as np
import pandas as pd
import pytest

from labelmill import label_model, paths, storage
from labelmill.params import Params
from labelmill.report.disagreements import most_disputed

K2 = pytest.mark.parametrize("project", [2], indirect=True)


def predictions() -> pd.DataFrame:
    return storage.read_table(paths.PREDICTIONS)


def distances(frame: pd.DataFrame, params: Params) -> pd.Series:
    names = params.task.classes
    apart = sum((frame[f"label_model:{c}"] - frame[f"end_model:{c}"]).abs() for c in names) / 2
    return apart.set_axis(frame["id"])


def test_the_most_distant_covered_rows_come_first(project: Params):
    frame = predictions()
    covered = frame[frame["covered"]]
    expected = distances(covered, project).sort_values(ascending=False).head(7)
    found = most_disputed(frame, project.task, count=7)
    assert [row.id for row in found] == list(expected.index)
    assert [row.distance for row in found] == pytest.approx(expected.to_list())
    for row in found:
        original = frame.set_index("id").loc[row.id]
        assert (row.gold, row.month) == (original["gold"], None if pd.isna(original["month"]) else original["month"])
        assert row.end_model == tuple(original[f"end_model:{c}"] for c in project.task.classes)


@K2
def test_votes_are_those_of_the_row_and_weights_those_of_the_label_model(project: Params):
    model = label_model.load(paths.LABEL_MODEL)
    matrix = storage.read_shards(paths.LABEL_MATRIX).set_index("id")
    found = most_disputed(predictions(), project.task, count=10, label_model=model)
    assert any(row.votes for row in found)
    for row in found:
        votes = matrix.loc[row.id]
        assert {vote.lf: vote.label for vote in row.votes} == votes[votes >= 0].to_dict()
        odds = np.log(model.predict_proba(votes.to_numpy()[None])[0])
        signed = sum((vote.weight or 0) * (1 if vote.label == 1 else -1) for vote in row.votes)
        assert signed == pytest.approx(odds[1] - odds[0])  # the class balance is uniform


@K2
def test_a_label_model_of_other_labeling_functions_gives_no_weights(project: Params):
    model = label_model.load(paths.LABEL_MODEL)
    model.lf_names_[0] = "another"
    found = most_disputed(predictions(), project.task, count=10, label_model=model)
    assert {vote.weight for row in found for vote in row.votes} == {None}


@K2
def test_equal_distances_are_ordered_by_id(project: Params):
    frame = predictions().sample(frac=1, random_state=0)
    for c in project.task.classes:
        frame[f"label_model:{c}"], frame[f"end_model:{c}"] = 0.1, 0.9
    found = most_disputed(frame, project.task, count=5)
    assert [row.id for row in found] == sorted(frame.loc[frame["covered"], "id"])[:5]


@K2
def test_none_asked_for_is_none(project: Params):
    assert most_disputed(predictions(), project.task, count=0) == []
