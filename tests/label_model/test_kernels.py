"""Each compiled loop against plain numpy."""

import numpy as np
import pytest

from labelmill.label_model import kernels

WHOLE = np.empty(0)


@pytest.fixture(params=[2, 3])
def votes(request):
    """L, k, offsets and codes."""
    rng = np.random.default_rng(request.param)
    L = np.where(rng.random((301, 9)) < 0.4, rng.integers(0, request.param, (301, 9)), -1).astype(np.int8)
    rows, lfs = np.nonzero(L >= 0)
    indptr = np.concatenate([[0], np.cumsum((L >= 0).sum(axis=1))])
    return L, request.param, indptr, (lfs * request.param + L[rows, lfs]).astype(np.int32)


def one_hot(L, k):
    return (L[:, :, None] == np.arange(k)).reshape(len(L), -1)


def test_codes(votes):
    L, k, indptr, codes = votes
    assert (kernels.count_votes(L) == indptr).all()
    assert (kernels.fill_codes(L, k, indptr) == codes).all()


def test_counts(votes):
    L, k, _, _ = votes
    assert (kernels.count_codes(L, k) == one_hot(L, k).sum(axis=0)).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_and_expectations(votes, weighted):
    L, k, indptr, codes = votes
    rng = np.random.default_rng(0)
    table, probs = rng.normal(size=(9 * k, k)), rng.random((len(L), k))
    weights = rng.random(len(codes)) if weighted else WHOLE
    marks = one_hot(L, k).astype(float)
    if weighted:
        marks[np.repeat(np.arange(len(L)), np.diff(indptr)), codes] = weights
    assert np.allclose(kernels.add_up(indptr, codes, weights, table), marks @ table)
    out = np.zeros((9 * k, k))
    kernels.expected(indptr, codes, weights, probs, out)
    assert np.allclose(out, marks.T @ probs)


@pytest.mark.parametrize("weighted", [False, True])
def test_pairs(votes, weighted):
    L, k, indptr, codes = votes
    units = np.random.default_rng(0).integers(1, 256, len(codes)) if weighted else np.empty(0, np.int64)
    marks = one_hot(L, k).astype(np.int64)
    if weighted:
        marks[np.repeat(np.arange(len(L)), np.diff(indptr)), codes] = units
    out = np.zeros((9 * k, 9 * k), np.int64)
    kernels.count_pairs(indptr, codes, units, out)
    assert (out == np.triu(marks.T @ marks)).all()


def test_keys_dense_and_sparse(votes):
    L, k, indptr, codes = votes
    keys = np.random.default_rng(0).integers(0, 2**60, (9, k)).astype(np.uint64)
    dense = kernels.row_keys_dense(L, np.pad(keys, ((0, 0), (1, 0))))
    assert (dense == kernels.row_keys(indptr, codes, keys.ravel())).all()
    assert (dense == (one_hot(L, k) * keys.ravel()).sum(axis=1, dtype=np.uint64)).all()
