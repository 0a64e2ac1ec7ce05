import numpy as np
import pytest
import scipy.sparse as sp

from labelmill.label_model.encoding import encode, name_list

L = np.array([[0, 2, -1], [-1, -1, -1], [1, -1, 1]], dtype=np.int8)


@pytest.mark.parametrize("form", [L, L.astype(np.int64), np.asfortranarray(L), sp.coo_array(L + 1).tocsr()])
def test_every_form_of_votes_gives_the_same_codes(form):
    votes = encode(form if sp.issparse(form) else np.ascontiguousarray(form, dtype=np.int8), 3)
    assert votes.indptr.tolist() == [0, 2, 2, 4]
    assert votes.codes.tolist() == [0, 5, 1, 7]


def test_what_is_counted():
    votes = encode(L, 3)
    assert (votes.n_rows, votes.n_lfs) == (3, 3)
    assert votes.per_row.tolist() == [2, 0, 2]
    assert votes.per_lf.tolist() == [[1, 1, 0], [0, 0, 1], [0, 1, 0]]
    assert votes.covered.tolist() == [True, False, True]
    assert votes.unanimous.tolist() == [-1, -1, 1]
    assert votes.tally(np.array([1.0, 0.5, 0.25])).tolist() == [[1, 0, 0.5], [0, 0, 0], [0, 1.25, 0]]


def test_expected_counts_meet_votes_and_truth():
    votes = encode(L, 3)
    expected = votes.expected(np.array([[0.8, 0.2, 0.0], [1, 0, 0], [0.0, 0.9, 0.1]]))
    assert expected[0].tolist() == [[0.8, 0.2, 0], [0, 0.9, 0.1], [0, 0, 0]]
    assert expected[1, 2].tolist() == [0.8, 0.2, 0]


def test_long_lists_of_names_are_cut():
    assert name_list(list("abc")) == "a, b, c"
    assert name_list(list("abcdefgh")) == "a, b, c, d, e and 3 more"
