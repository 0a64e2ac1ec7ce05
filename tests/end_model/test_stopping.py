from types import SimpleNamespace

import pytest
import torch

from labelmill.end_model.module import EndModule
from labelmill.end_model.stopping import KeepBest


def run(keep, quick, losses):
    """Feed a callback with (training loss, held-out loss) per epoch; the weights count the epochs."""
    module, trainer = EndModule(1, 2, quick()), SimpleNamespace(should_stop=False)
    for epoch, (train_loss, valid_loss) in enumerate(losses, start=1):
        torch.nn.init.constant_(module.bias, float(epoch))
        keep.on_train_batch_end(trainer, module, {"data_loss": train_loss}, None, 0)
        if valid_loss is not None:
            keep.on_validation_batch_end(trainer, module, valid_loss * 10, SimpleNamespace(targets=range(10)), 0)
        keep.on_train_epoch_end(trainer, module)
        if trainer.should_stop:
            break
    keep.on_fit_end(trainer, module)
    return module.bias[0].item()


def test_it_waits_as_long_as_it_is_told_and_goes_back_to_the_best_epoch(quick):
    keep = KeepBest(patience=2)
    kept = run(keep, quick, [(0.6, 0.6), (0.5, 0.4), (0.4, 0.5), (0.3, 0.41), (0.2, 0.1)])
    assert kept == keep.best_.epoch == 2
    assert keep.curve_ == [(1, 0.6, 0.6), (2, 0.5, 0.4), (3, 0.4, 0.5), (4, 0.3, pytest.approx(0.41))]


def test_small_gains_do_not_count_until_they_add_up(quick):
    keep = KeepBest(patience=9)
    losses = [0.5, 0.498, 0.495, 0.492, 0.491]
    assert run(keep, quick, [(1 - i / 10, loss) for i, loss in enumerate(losses)]) == 4


def test_without_held_out_rows_it_ends_when_the_loss_stands_still_and_keeps_the_last_weights(quick):
    keep = KeepBest(patience=1)
    kept = run(keep, quick, [(0.6, None), (0.5, None), (0.4, None), (0.4 - 1e-8, None), (0.1, None)])
    assert kept == keep.best_.epoch == 4
