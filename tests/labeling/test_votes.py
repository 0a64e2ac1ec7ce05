"""No value is ever silently turned into a vote: by rows and by batch, singly and among good votes."""

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
VALID = [(0, 0), (1, 1), (-1, -1), (None, -1), (Label.SPAM, 1), (np.int8(1), 1), (np.int64(0), 0), (np.uint8(1), 1)]
FRAME = pd.DataFrame({"id": ["first", "second"]})


def voting(value):
    return labeling_function(name="odd")(lambda row: value if row.id == "second" else 0)


@pytest.mark.parametrize("value", INVALID, ids=repr)
@pytest.mark.parametrize("on_error", ["record", "raise"])
def test_an_invalid_vote_is_an_error_that_names_function_row_and_value(value, on_error):
    with pytest.raises(InvalidVoteError) as error:
        apply_lfs(FRAME, [voting(value)], cardinality=2, on_error=on_error)
    assert "'odd'" in str(error.value)
    assert "'second'" in str(error.value)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", [v for v in INVALID if not isinstance(v, list | tuple | np.ndarray)], ids=repr)
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


@pytest.mark.parametrize("cardinality", [0, -1, 128, 2.0, None])
def test_a_cardinality_that_does_not_fit_is_refused(cardinality):
    with pytest.raises(LFError, match="cardinality"):
        apply_lfs(FRAME, [voting(None)], cardinality=cardinality)
