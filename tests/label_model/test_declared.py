import numpy as np
import pytest

from labelmill.errors import LabelModelError
from labelmill.label_model.declared import positions


def test_names_and_positions_mean_the_same():
    edges = [("a", "b"), ("c", 0), np.array([1, 2])]
    assert positions(edges, ["a", "b", "c"]) == [(0, 1), (2, 0), (1, 2)]


@pytest.mark.parametrize(
    ("edge", "message"),
    [
        (("a", "d"), "'d', which is not there: expected a name of lf_names, or a position from 0 to 2"),
        ((0, 3), "3, which is not there"),
        ((0, 1.0), "1.0, which is not there"),
        ((0, "a"), "pairs of two different labeling functions"),
        (("a", "b", "c"), "pairs of two different labeling functions"),
    ],
)
def test_what_is_no_edge_is_refused(edge, message):
    with pytest.raises(LabelModelError, match=message):
        positions([edge], ["a", "b", "c"])
