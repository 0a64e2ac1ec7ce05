"""No value is ever silently turned into a vote: by rows and by batch, singly and among good votes."""

from collections import Counter
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from labelmill import apply_lfs, batch_labeling_function, labeling_function
from labelmill.errors import InvalidVoteError, LFError


class Label(IntEnum):
    HAM = 0
    SPAM = 1


class Colour(Enum):
    RED = 1


class Late(IntEnum):
    THIRD = 2


INVALID = [
    -7, -2, 2, 99, 128, 2**40, 1.7, 1.0, -1.0, float("nan"), float("inf"), True, False, "spam", "1", b"1", [1], (0,),
    np.float64(1), np.bool_(True), np.int64(2), np.array([1]), Colour.RED,
    Late.THIRD, Decimal(1), Fraction(1), 1j, object,
]  # fmt: skip
INVALID_SOFT = [
    set(), {2}, {-1, 0}, {0, 5}, {True}, {0.0}, {"spam"}, {None}, frozenset({0, Colour.RED}), {(0, 1)},
    {}, {2: 1.0}, {-1: 1.0}, {"spam": 1.0}, {True: 1.0}, {0.0: 1.0}, {0: -0.1, 1: 1.1}, {0: float("nan"), 1: 1.0},
    {0: float("inf")}, {0: 0.0, 1: 0}, {0: True}, {0: "1"}, {0: None}, {0: 1j}, {0: Decimal(1)}, {0: {1}},
    {0: [1.0]}, {0: 1e308, 1: 1e308}, {0: 10**400}, {0: np.bool_(True)}, {0: np.float64("nan")},
]  # fmt: skip
ALL = INVALID + INVALID_SOFT
VALID_SOFT = [
    ({1}, 1, None), (frozenset({0}), 0, None), ({0: 0.0, 1: 0.25}, 1, None), ({Label.SPAM: 3}, 1, None),
    ({0, 1}, 0, [0.5, 0.5]), ({Label.HAM, Label.SPAM}, 0, [0.5, 0.5]), ({0: 0.2, 1: 0.6}, 1, [0.25, 0.75]),
    ({np.int64(1): np.float32(3), 0: 1}, 1, [0.25, 0.75]), (Counter([0, 1, 1, 1]), 1, [0.25, 0.75]),
    ({0: 1e-300, 1: 3e-300}, 1, [0.25, 0.75]),
]  # fmt: skip
VALID = [(0, 0), (1, 1), (-1, -1), (None, -1), (Label.SPAM, 1), (np.int8(1), 1), (np.int64(0), 0), (np.uint8(1), 1)]
FRAME = pd.DataFrame({"id": ["first", "second"]})


def voting(value):
    return labeling_function(name="odd")(lambda row: value if row.id == "second" else 0)


@pytest.mark.parametrize("value", ALL, ids=repr)
@pytest.mark.parametrize("on_error", ["record", "raise"])
def test_an_invalid_vote_is_an_error_that_names_function_row_and_value(value, on_error):
    with pytest.raises(InvalidVoteError) as error:
        apply_lfs(FRAME, [voting(value)], cardinality=2, on_error=on_error)
    assert "'odd'" in str(error.value)
    assert "'second'" in str(error.value)
    assert repr(value)[:80] in str(error.value)


@pytest.mark.parametrize("value", [v for v in ALL if not isinstance(v, list | tuple | np.ndarray)], ids=repr)
def test_an_invalid_vote_of_a_batch_function_is_an_error_too(value):
    lf = batch_labeling_function(name="odd")(lambda frame: pd.Series([0, value], dtype=object))
    with pytest.raises(InvalidVoteError, match=r"'odd' voted .* on row 'second'"):
        apply_lfs(FRAME, [lf], cardinality=2)


@pytest.mark.parametrize(("value", "vote"), VALID, ids=repr)
def test_a_valid_vote_is_taken(value, vote):
    assert apply_lfs(FRAME, [voting(value)], cardinality=2).L.tolist() == [[0], [vote]]


@pytest.mark.parametrize(
    "votes",
    [
        np.array([1, -1]),
        np.array([1, -1], dtype=np.int8),
        [1, None],
        [Label.SPAM, None],
        pd.Series([1, None], dtype="Int64"),
        pd.Series([1, pd.NA], dtype=object),
        pd.array([1, None], dtype="Int8"),
        pd.Series([1, -1], dtype="int64[pyarrow]"),
        pd.Series([1, None], dtype="int64[pyarrow]"),
        pd.Series([-1, 1], index=[1, 0]),
    ],
    ids=lambda votes: f"{type(votes).__name__}-{getattr(votes, 'dtype', '')}",
)
def test_a_batch_function_may_return_any_kind_of_integers(votes):
    lf = batch_labeling_function(name="b")(lambda frame: votes)
    assert apply_lfs(FRAME, [lf], cardinality=2).L.tolist() == [[1], [-1]]


@pytest.mark.parametrize(
    "votes",
    [np.array([0.0, 1.0]), np.array([True, False]), pd.Series([1, np.nan]), np.array([0, 2]), np.array(["0", "1"])],
    ids=["float", "bool", "nan", "range", "text"],
)
def test_an_array_of_another_kind_is_refused(votes):
    with pytest.raises(InvalidVoteError, match="'b' voted"):
        apply_lfs(FRAME, [batch_labeling_function(name="b")(lambda frame: votes)], cardinality=2)


@pytest.mark.parametrize(
    "votes", [1, None, "ab", np.array([[0], [1]]), FRAME, np.array([1]), [], pd.Series([0, 1], index=[5, 6])], ids=str
)
def test_a_batch_function_must_return_one_vote_per_row(votes):
    with pytest.raises(LFError, match="'b' returned"):
        apply_lfs(FRAME, [batch_labeling_function(name="b")(lambda frame: votes)], cardinality=2)


@pytest.mark.parametrize(("value", "vote", "weights"), VALID_SOFT, ids=repr)
def test_a_set_or_weights_are_a_soft_vote_where_they_leave_a_choice(value, vote, weights):
    by_rows = voting(value)
    by_batch = batch_labeling_function(name="odd")(lambda frame: [0, value])
    for lf in (by_rows, by_batch):
        applied = apply_lfs(FRAME, [lf], cardinality=2)
        assert applied.L.tolist() == [[0], [vote]]
        if weights is None:
            assert applied.votes is applied.L
        else:
            expected = [{"row": 1, "lf": "odd", "class": y, "weight": pytest.approx(weights[y])} for y in (0, 1)]
            assert applied.votes.soft.to_dict("records") == expected
    assert by_rows(FRAME.iloc[1]) == vote
    assert by_rows.weights(FRAME.iloc[1]) == pytest.approx({vote: 1.0} if weights is None else dict(enumerate(weights)))


def test_a_batch_function_may_return_weights_of_all_classes():
    weights = np.array([[0.2, 0.6, 0], [np.nan] * 3, [0] * 3, [0, 0, 0.1]], dtype=np.float32)
    frame = pd.DataFrame({"id": list("abcd"), "place": range(4)})
    lf = batch_labeling_function(name="b")(lambda frame: weights[frame.place])
    applied = apply_lfs(frame, [lf], cardinality=3)
    assert applied.L[:, 0].tolist() == [1, -1, -1, 2]
    assert applied.soft["row"].tolist() == [0, 0]
    assert applied.soft["class"].tolist() == [0, 1]
    assert applied.soft["weight"].tolist() == pytest.approx([0.25, 0.75])
    assert [lf(row) for row in frame.to_dict("records")] == [1, -1, -1, 2]


@pytest.mark.parametrize("row", [[-0.1, 1], [np.nan, 1], [np.inf, 0], [-np.inf, np.nan], [0, 1e301]], ids=str)
def test_weights_that_are_none_are_refused_by_row(row):
    lf = batch_labeling_function(name="b")(lambda frame: np.array([[1.0, 0.0], row]))
    with pytest.raises(InvalidVoteError, match=r"'b' voted \[.* on row 'second'"):
        apply_lfs(FRAME, [lf], cardinality=2)


@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (1, 2), (3, 2), (2, 0)], ids=str)
def test_weights_must_be_rows_by_classes(shape):
    lf = batch_labeling_function(name="b")(lambda frame: np.ones(shape))
    with pytest.raises(LFError, match="'b' returned weights of shape"):
        apply_lfs(FRAME, [lf], cardinality=2)


@pytest.mark.parametrize("cardinality", [0, -1, 128, 2.0, None])
def test_a_cardinality_that_does_not_fit_is_refused(cardinality):
    with pytest.raises(LFError, match="cardinality"):
        apply_lfs(FRAME, [voting(None)], cardinality=cardinality)
