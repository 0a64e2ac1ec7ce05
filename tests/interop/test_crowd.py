"""Long tables of crowds: sparse votes and back, and what no vote can be made of."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelmill.errors import DataError
from labelmill.interop import from_crowd, gold_of_tasks, read_crowd, task_labels, to_crowd, write_crowd
from labelmill.label_model import DawidSkene, MajorityVote

CASES = settings(max_examples=60, deadline=None, derandomize=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6)
ANSWERS = [(7, "ann", "cat"), (7, "bo", "dog"), (9, "bo", "dog"), (8, "ann", "cat")]


def table(rows=ANSWERS):
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


@st.composite
def crowds(draw, names=TEXTS):
    """L, tasks, workers, classes."""
    k, n, m = draw(st.integers(1, 5)), draw(st.integers(1, 6)), draw(st.integers(1, 6))
    L = draw(arrays(np.int8, (n, m), elements=st.integers(-1, k - 1)))
    return L, *(draw(st.lists(names, min_size=size, max_size=size, unique=True)) for size in (n, m, k))


@pytest.mark.parametrize("names", [TEXTS, st.integers(-(2**62), 2**62)], ids=["texts", "numbers"])
@CASES
@given(data=st.data())
def test_a_round_trip_loses_nothing(names, data):
    L, tasks, workers, classes = data.draw(crowds(names))
    frame = to_crowd(L, tasks, workers, classes)
    assert len(frame) == (L >= 0).sum()
    votes = from_crowd(frame, classes=classes, tasks=tasks, workers=workers)
    assert np.array_equal(votes.dense, L)
    assert votes.dense.dtype == np.int8
    assert (votes.tasks, votes.workers, votes.classes) == (tasks, workers, classes)
    again = to_crowd(votes.L, votes.tasks, votes.workers, votes.classes)
    pd.testing.assert_frame_equal(again, frame)


@CASES
@given(drawn=crowds(), seed=st.integers(0, 99))
def test_a_file_and_the_order_of_its_lines_lose_nothing(drawn, seed, tmp_path_factory):
    L, tasks, workers, classes = drawn
    file = tmp_path_factory.getbasetemp() / "crowd.csv"
    frame = to_crowd(L, tasks, workers, classes).sample(frac=1, random_state=seed)
    write_crowd(file, frame)
    votes = read_crowd(file, classes=classes)
    back = to_crowd(votes.L, votes.tasks, votes.workers, votes.classes)
    assert set(back.itertuples(index=False, name=None)) == set(frame.itertuples(index=False, name=None))


@CASES
@given(drawn=crowds(), seed=st.integers(0, 99))
def test_gold_goes_to_a_series_and_back(drawn, seed):
    _, tasks, _, classes = drawn
    gold = np.random.default_rng(seed).integers(-1, len(classes), len(tasks))
    truth = task_labels(gold, tasks, classes)
    assert len(truth) == (gold >= 0).sum()
    assert np.array_equal(gold_of_tasks(truth, tasks, classes), gold)
    assert np.array_equal(gold_of_tasks(truth[::-1], tasks, classes), gold)


def test_rows_columns_and_classes_are_named():
    votes = from_crowd(table())
    assert (votes.tasks, votes.workers, votes.classes) == ([7, 9, 8], ["ann", "bo"], ["cat", "dog"])
    assert votes.dense.tolist() == [[0, 1], [-1, 1], [0, -1]]
    assert sp.issparse(votes.L)
    assert votes.L.toarray().tolist() == [[1, 2], [0, 2], [1, 0]], "vote + 1, as label models take it"


def test_label_models_take_thousands_of_workers_as_they_are():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 3000)
    tasks = np.repeat(np.arange(3000), 5)
    workers = np.concatenate([rng.choice(4000, 5, replace=False) for _ in range(3000)])
    right = rng.random(len(tasks)) < 0.8
    frame = pd.DataFrame({"task": tasks, "worker": workers, "label": np.where(right, truth[tasks], 1 - truth[tasks])})
    votes = from_crowd(frame, classes=[0, 1])
    assert votes.L.data.nbytes < 20_000
    preds = MajorityVote(cardinality=2).fit(votes.L).predict(votes.L)
    assert (preds == truth).mean() > 0.9
    assert np.array_equal(preds, MajorityVote(cardinality=2).fit(votes.dense).predict(votes.dense))


@pytest.mark.parametrize(
    ("rows", "given", "message"),
    [
        ([*ANSWERS, (7, "ann", "dog")], {}, r"row 4: worker 'ann' answers task 7 again. 1 rows .*drop_duplicates"),
        ([*ANSWERS, (7, "ann", "cat")], {}, "row 4: worker 'ann' answers task 7 again"),
        ([*ANSWERS, (None, "ann", "cat")], {}, "row 4 has no task"),
        ([*ANSWERS, (7, "cy", float("nan"))], {}, "row 4 has no label"),
        (ANSWERS, {"classes": ["cat"]}, "row 1: the label 'dog' is none of the 1 expected"),
        (ANSWERS, {"tasks": [7, 8]}, "row 2: the task '9' is none of the 2 expected"),
        (ANSWERS, {"workers": ["ann", "ann"]}, "worker 'ann' is there twice"),
        ([*ANSWERS, (6, "ann", 3)], {}, "labels are of several kinds"),
        ([], {}, "there are 0 different labels"),
        ([(i, 0, i) for i in range(128)], {}, "there are 128 different labels"),
    ],
)
def test_a_bad_answer_is_named(rows, given, message):
    with pytest.raises(DataError, match=message):
        from_crowd(table(rows), **given)


def test_a_table_of_another_form_is_named():
    with pytest.raises(DataError, match=r"expected one column 'worker'.* performer: rename it"):
        from_crowd(table().rename(columns={"worker": "performer"}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("task,worker,label\na,b\n", "row 0 has 2 fields; expected 3"),
        ("task,worker\na,b\n", "expected one column 'label'"),
        ("task,worker,label,label\na,b,c,d\n", "expected one column 'label'"),
        ("task,worker,label\n,b,c\n", "row 0 has no task"),
        ('task,worker,label\na,b,"c\n', "no CSV"),
        (b"task,worker,label\na,b,\xff\n", "no CSV in UTF-8"),
    ],
)
def test_a_bad_file_is_named(content, message, tmp_path):
    file = tmp_path / "crowd.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=r"crowd\.csv: .*" + message):
        read_crowd(file)


@pytest.mark.parametrize(
    ("votes", "names", "message"),
    [
        (np.array([[0, 2]]), ([1], ["a", "b"], ["x"]), "task 1, worker 'b': the vote is 2"),
        (np.array([[0, -2]]), ([1], ["a", "b"], ["x"]), "task 1, worker 'b': the vote is -2"),
        (np.array([[0.0]]), ([1], ["a"], ["x"]), "expected integers, 1 tasks x 1 workers"),
        (np.array([[0]]), ([1, 2], ["a"], ["x"]), "expected integers, 2 tasks x 1 workers"),
        (np.array([[0], [0]]), ([1, 1], ["a"], ["x"]), "task 1 is there twice"),
    ],
)
def test_votes_that_make_no_table_are_named(votes, names, message):
    with pytest.raises(DataError, match=message):
        to_crowd(votes, *names)


def test_gold_of_what_is_no_task_or_class_is_named():
    with pytest.raises(DataError, match="the task '5' is none of the 1 expected"):
        gold_of_tasks(pd.Series({5: "cat"}), [7], ["cat"])
    with pytest.raises(DataError, match="the label 'cow' is none of the 1 expected"):
        gold_of_tasks(pd.Series({7: "cow"}), [7], ["cat"])
    with pytest.raises(DataError, match="task 7 is there twice"):
        gold_of_tasks(pd.Series(["cat", "cat"], index=[7, 7]), [7], ["cat"])
    with pytest.raises(DataError, match="gold must be 1 classes from 0 to 0"):
        task_labels(np.array([1]), [7], ["cat"])


@pytest.mark.filterwarnings("ignore")
def test_crowd_kit_says_the_same_of_the_same_votes():
    aggregation = pytest.importorskip("crowdkit.aggregation", reason="crowd-kit is not installed")
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 300)
    L = np.where(rng.random((300, 8)) < 0.8, truth[:, None], rng.integers(0, 3, (300, 8))).astype(np.int8)
    L[rng.random(L.shape) < 0.4] = -1
    classes = ["cat", "cow", "dog"]
    frame = to_crowd(L, [f"task {i}" for i in range(300)], [f"worker {j}" for j in range(8)], classes)
    votes = from_crowd(frame, classes=classes)
    theirs = gold_of_tasks(aggregation.DawidSkene(n_iter=100).fit_predict(frame), votes.tasks, classes)
    ours = DawidSkene(cardinality=3).fit(votes.L).predict(votes.L)
    assert (theirs == ours).mean() > 0.97
    counted = gold_of_tasks(aggregation.MajorityVote().fit_predict(frame), votes.tasks, classes)
    majority = MajorityVote(cardinality=3).fit(votes.L).predict(votes.L)
    assert (counted == majority)[majority >= 0].all()
