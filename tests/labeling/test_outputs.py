"""Answers of models become votes, and none is bent into one."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, labeling_function, model_lf
from labelmill.errors import LFError

FRAME = pd.DataFrame({"id": list("abcd"), "text": ["r0", "r1", None, "r3"], "x": [0.0, 1.0, 2.0, 3.0], "y": 1.0})
NAN = float("nan")


def answering(*answers):
    """A model that answers the three rows with text in turn."""
    return lambda texts: [answers[{"r0": 0, "r1": 1, "r3": 2}[text]] for text in texts]


def votes(model, cardinality=3, **more):
    return said(model, cardinality, **more).L[:, 0].tolist()


def said(model, cardinality=3, **more):
    return apply_lfs(FRAME, [model_lf("m", model, columns="text", **more)], cardinality=cardinality)


@pytest.mark.parametrize("batch_size", [1, 2, 1024, None])
@pytest.mark.parametrize(
    ("answers", "more", "expected"),
    [
        ([0, 2, None], {}, [0, 2, -1, -1]),
        ([np.int64(1), -1, 0], {}, [1, -1, -1, 0]),
        (["ham", "spam", "other"], {"classes": {"ham": 0, "spam": 1, "other": None}}, [0, 1, -1, -1]),
        ([7, 9, 7], {"classes": {7: 2, 9: 0}}, [2, 0, -1, 2]),
        ([1.0, 0.0, 1.0], {"classes": {1.0: 2, 0.0: 0}}, [2, 0, -1, 2]),
        ([True, False, True], {"classes": {True: 1, False: 0}}, [1, 0, -1, 1]),
        ([[0.2, 0.7, 0.1], [0.6, 0.1, 0.3], [NAN] * 3], {}, [1, 0, -1, -1]),
        ([[0.4, 0.4, 0.2], [0.6, 0.1, 0.3], [0.1, 0.2, 0.7]], {}, [-1, 0, -1, 2]),
        ([[0.2, 0.7, 0.1], [0.6, 0.1, 0.3], [0.1, 0.4, 0.5]], {"thresholds": 0.6}, [1, 0, -1, -1]),
        ([[0.2, 0.7, 0.1], [0.6, 0.1, 0.3], [0.1, 0.4, 0.5]], {"thresholds": {1: 0.5, 2: 0.5}}, [1, -1, -1, 2]),
        ([[-3, 2, 9], [5, 1, 0], [1, 8, 7]], {"thresholds": {2: 5, 1: 9}}, [2, -1, -1, -1]),
        ([[0.2, 0.7, 0.1], [0.6, 0.1, 0.3], [0.0, 0.3, 0.7]], {"classes": [1, None, 0]}, [-1, 1, -1, 0]),
        ([[0.4, 0.35, 0.25], [0.6, 0.3, 0.1], [0.3, 0.2, 0.5]], {"classes": [0, 1, 1]}, [1, 0, -1, 1]),
        ([{"a": 0.9, "b": 0.1}, {"a": 0.2, "b": 0.8}, {"a": 0.5, "b": 0.5}], {"classes": {"a": 2, "b": 0}},
         [2, 0, -1, -1]),
        ([0.9, 0.3, NAN], {"thresholds": 0.8}, [1, -1, -1, -1]),
        ([0.9, 0.1, 0.5], {"thresholds": {1: 0.8, 0: 0.2}}, [1, 0, -1, -1]),
        ([[-3.0], [4.0], [0.1]], {"thresholds": {2: 1.0, 0: -1.0}, "classes": [0, 2]}, [0, 2, -1, -1]),
    ],
)  # fmt: skip
def test_answers_of_every_kind(answers, more, expected, batch_size):
    assert votes(answering(*answers), batch_size=batch_size, **more) == expected
    lf = model_lf("m", answering(*answers), columns="text", **more)
    assert [lf(row) for row in FRAME.to_dict("records")] == expected


@pytest.mark.parametrize(
    ("answers", "more", "expected"),
    [
        ([[0.2, 0.7, 0.1], [0, 1, 0], [NAN] * 3], {}, [{0: 0.2, 1: 0.7, 2: 0.1}, {1: 1}, {}, {}]),
        ([[0.5, 0.5, 0.0]] * 3, {}, [{0: 0.5, 1: 0.5}, {0: 0.5, 1: 0.5}, {}, {0: 0.5, 1: 0.5}]),
        ([[0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.3, 0.3, 0.4]], {"thresholds": 0.6},
         [{0: 0.2, 1: 0.7, 2: 0.1}, {}, {}, {}]),
        ([[0.4, 0.4, 0.2], [0.1, 0.3, 0.6], [0.2, 0.2, 0.6]], {"classes": [0, 1, None]},
         [{0: 0.5, 1: 0.5}, {}, {}, {}]),
        ([[0.4, 0.4, 0.2], [0.1, 0.3, 0.6], [1, 0, 0]], {"classes": [0, 1, 1]},
         [{0: 0.4, 1: 0.6}, {0: 0.1, 1: 0.9}, {}, {0: 1}]),
        ([0.25, 1.0, NAN], {}, [{0: 0.75, 1: 0.25}, {1: 1}, {}, {}]),
        ([0.25, 0.9, 0.5], {"thresholds": {1: 0.9, 0: 0.3}}, [{0: 0.75, 1: 0.25}, {0: 0.1, 1: 0.9}, {}, {}]),
    ],
)  # fmt: skip
def test_soft_votes(answers, more, expected):
    lf = model_lf("m", answering(*answers), columns="text", soft=True, **more)
    found = [lf.weights(row) for row in FRAME.to_dict("records")]
    for mine, wanted in zip(found, expected, strict=True):
        assert mine == pytest.approx(wanted)
    applied = apply_lfs(FRAME, [lf], cardinality=3)
    told = {} if applied.soft is None else dict(Counter(applied.soft["row"].tolist()))
    assert told == {i: len(weights) for i, weights in enumerate(expected) if len(weights) > 1}
    assert [vote != -1 for vote in applied.L[:, 0]] == [bool(weights) for weights in expected]


@pytest.mark.parametrize(
    ("answers", "more", "message"),
    [
        ([0, "junk", 1], {"classes": {0: 0, 1: 1}}, r"answered 'junk' on row 'b'; classes= knows 0, 1\. Add it"),
        ([0, 3, 1], {"classes": [0, 1, 2]}, "answered 3 on row 'b'"),
        ([0, True, 1], {"classes": {0: 0, 1: 1}}, "answered True"),
        ([0, 3, 1], {}, "voted 3 .* on row 'b'"),
        ([0, "1", 1], {}, "voted '1' .* on row 'b'"),
        ([0, True, 1], {}, "voted"),
        ([0.0, 1.0, 0.0], {}, "one number per row. Say from where"),
        ([[0.5, 0.5, 0]] * 3, {"classes": [0, 1]}, "gives 3 numbers per row, classes= names 2"),
        ([[0.5, 0.5, 0]] * 3, {"classes": {0: 0, 1: 1}}, "answered 2 on row"),
        ([[0.5, 0.5]] * 3, {"classes": [0, 5]}, "votes for class 5"),
        ([[0, 0, 0, 1]] * 3, {}, "votes for class 3"),
        ([[0.5, NAN, 0.5]] * 3, {}, r"gave \[0.5, nan, 0.5\] on row 'a': expected finite numbers"),
        ([[0.5, np.inf, 0.5]] * 3, {}, "expected finite numbers"),
        ([[0.5, 0.9, 0.5]] * 3, {"soft": True}, "expected probabilities that sum to 1, since soft=True"),
        ([[-0.5, 1.0, 0.5]] * 3, {"soft": True}, "expected probabilities"),
        ([[1.0, 2.0, 3.0]] * 3, {"classes": [0, 1, 1]}, "since classes= puts several answers into one"),
        ([1.5, 0.5, 0.5], {"soft": True}, "a probability of the second class"),
        ([0, 1, 0], {"soft": True}, "nothing for soft= to work on"),
        ([0, 1, 0], {"thresholds": 0.5}, "nothing for thresholds= to work on"),
        ([0.1, 0.2, 0.3], {"thresholds": {1: 0.2, 0: 0.8}}, "which must be lower"),
        ([0.1, 0.2, 0.3], {"thresholds": {2: 0.2}}, "thresholds are for class 1"),
        ([0.1, 0.2, 0.3], {"thresholds": 0.5, "classes": [0, 1, 2]}, "tells two classes apart"),
        ([["a", "b"]] * 3, {}, "expected numbers"),
    ],
)
def test_answers_that_are_no_votes_are_refused(answers, more, message):
    with pytest.raises(LFError, match=rf"'m'.*{message}"):
        said(answering(*answers), **more)


@pytest.mark.parametrize("answers", [3, [0, 1], np.zeros((3, 2, 2)), []], ids=["number", "short", "cube", "none"])
def test_there_must_be_an_answer_per_row(answers):
    with pytest.raises(LFError, match="'m': the model gave answers of shape"):
        said(lambda texts: answers)


def test_models_compose():
    by_model = model_lf("m", answering([0.9, 0.1], [0.4, 0.6], [0.5, 0.5]), columns="text", soft=True)
    never_first = labeling_function(name="n")(lambda row: {1})
    assert apply_lfs(FRAME, [by_model & never_first], cardinality=2).L[:, 0].tolist() == [1, 1, -1, 1]
