"""Early stopping that keeps the best weights in memory and leaves no file behind."""

from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException

from labelmill.end_model.module import EndModule
from labelmill.errors import TrainingError

CONVERGED = 1e-6
"""A training loss that changes by less has converged."""

GAIN = 0.015
"""Share by which the held-out loss must fall to count. The labels are weak on both sides: what is gained late and
little by little is the labeling functions learned by heart, and costs accuracy on gold."""


class Epoch(NamedTuple):
    """One row of the learning curve; `valid_loss` is None without held-out rows."""

    epoch: int
    train_loss: float
    valid_loss: float | None


class KeepBest(pl.Callback):
    """Stops when the held-out loss no longer falls, and goes back to the weights after its last fall.

    Without held-out rows it stops when the training loss no longer moves, and keeps the last weights.

    Parameters
    ----------
    patience
        Epochs without improvement before training stops.

    Attributes
    ----------
    curve_
        The epochs so far.
    best_
        The epoch whose weights were kept.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.curve_: list[Epoch] = []
        self.best_: Epoch | None = None
        self._state: dict[str, torch.Tensor] | None = None
        self._train = self._valid = (0.0, 0)

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, *_: Any) -> None:
        """Add up the training loss."""
        self._train = self._train[0] + float(outputs["data_loss"]), self._train[1] + 1

    def on_validation_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, *_: Any
    ) -> None:
        """Add up the held-out loss."""
        self._valid = self._valid[0] + float(outputs), self._valid[1] + len(batch.targets)

    def on_train_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Note the losses of the epoch; go on or stop."""
        train_loss = self._train[0] / self._train[1]
        valid_loss = self._valid[0] / self._valid[1] if self._valid[1] else None
        self._train = self._valid = (0.0, 0)
        settled = bool(self.curve_) and abs(self.curve_[-1].train_loss - train_loss) < CONVERGED
        now = Epoch(len(self.curve_) + 1, train_loss, valid_loss)
        self.curve_.append(now)
        if valid_loss is None:
            self.best_ = now
        elif self.best_ is None or valid_loss < (1 - GAIN) * (self.best_.valid_loss or 0.0):
            self.best_ = now
            self._state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
        late = self.best_ is not None and now.epoch - self.best_.epoch >= self.patience
        trainer.should_stop = late or settled

    def on_fit_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        """Go back to the best weights."""
        if self._state is not None:
            module.load_state_dict(self._state)


def train(module: EndModule, data: pl.LightningDataModule, *, accelerator: str) -> KeepBest:
    """Run Lightning on one device with nothing but this callback: no logger, no checkpoint, no file left behind.

    Raises
    ------
    TrainingError
        The device or the precision is not to be had here.
    """
    keep = KeepBest(module.params.patience)
    try:
        trainer = pl.Trainer(
            accelerator=accelerator,
            devices=1,
            precision=module.params.precision,
            max_epochs=module.params.epochs,
            callbacks=[keep],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            deterministic="warn",  # a GPU without a repeatable kernel should train all the same
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"Lightning cannot train with LABELMILL_ACCELERATOR={accelerator} and train.precision "
            f"{module.params.precision} on this machine: {error}"
        ) from error
    trainer.fit(module, datamodule=data)
    return keep
