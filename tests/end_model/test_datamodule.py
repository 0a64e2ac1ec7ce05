from itertools import chain

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from labelmill.end_model.datamodule import CsrBatches, CsrDataModule


@pytest.fixture
def rows():
    """Each row is marked by its first feature and its target."""
    n = 10
    X = sp.csr_matrix(np.column_stack([np.arange(1, n + 1), np.zeros(n), np.ones(n)]).astype(np.float32))
    return X, np.column_stack([np.arange(n), np.zeros(n)]).astype(np.float32)


def seen(batches):
    return [batch.targets[:, 0].int().tolist() for batch in batches]


def test_each_row_comes_once_an_epoch_in_an_order_drawn_from_the_seed(rows):
    batches = CsrBatches(*rows, batch_size=4, seed=1)
    assert len(batches) == 3
    first, second = seen(batches), seen(batches)
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(10))
    assert first != second
    again = CsrBatches(*rows, batch_size=4, seed=1)
    assert (seen(again), seen(again)) == (first, second)


def test_without_a_seed_rows_keep_their_order(rows):
    assert seen(CsrBatches(*rows, batch_size=4)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@pytest.mark.parametrize("batch_size", [3, 10])
def test_features_stay_with_their_targets_and_come_with_their_transpose(rows, batch_size):
    for batch in CsrBatches(*rows, batch_size=batch_size, seed=1):
        n = len(batch.targets)
        X = sp.csr_matrix((batch.values, batch.col, batch.crow), shape=(n, 3)).toarray()
        transposed = sp.csr_matrix((batch.values_t, batch.col_t, batch.crow_t), shape=(3, n)).toarray()
        np.testing.assert_array_equal(X[:, 0], batch.targets[:, 0] + 1)
        np.testing.assert_array_equal(X, transposed.T)


def test_lightning_can_move_a_batch(rows):
    from lightning.pytorch.utilities import move_data_to_device

    batch = next(iter(CsrBatches(*rows, batch_size=4)))
    moved = move_data_to_device(batch, torch.device("meta"))
    assert type(moved) is type(batch)
    assert {tensor.device.type for tensor in moved} == {"meta"}


def test_nothing_held_out_means_no_validation(rows):
    batches = CsrBatches(*rows, batch_size=4)
    assert CsrDataModule(batches, None).val_dataloader() == []
    assert CsrDataModule(batches, batches).val_dataloader() is batches
