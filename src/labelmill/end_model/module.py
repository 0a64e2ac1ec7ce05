"""The Lightning module: a linear model or one hidden layer on sparse rows, with a noise-aware loss."""

import warnings
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from labelmill.end_model.datamodule import Batch
from labelmill.errors import TrainingError
from labelmill.params import TrainParams


class _SparseProduct(torch.autograd.Function):
    """Sparse rows of features times weights; the transposed matrix, `columns`, gives the gradient."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        ctx.columns = columns
        return rows @ weight

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.columns @ grads[0].contiguous(), None, None


class EndModule(pl.LightningModule):
    """Features to class scores; trained on shares of each class, which may be uncertain.

    The loss is the cross-entropy against weighted class shares, plus an L2 penalty on the weights (not on
    the biases).

    Parameters
    ----------
    n_features, cardinality
        Sizes of input and output.
    params
        Section `train` of `params.yaml`.
    """

    def __init__(self, n_features: int, cardinality: int, params: TrainParams) -> None:
        super().__init__()
        self.params = params
        outputs = params.hidden if params.model == "mlp" else cardinality
        self.weight = nn.Parameter(torch.zeros(n_features, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        if params.model == "mlp":  # text rows have length 1, so this gives units a spread of about .5
            nn.init.normal_(self.weight, std=0.5)
            self.dropout = nn.Dropout(params.dropout)
            self.out = nn.Linear(params.hidden, cardinality)

    def forward(self, batch: Batch) -> torch.Tensor:
        """Class scores, n x k."""
        scores = _product(self.weight, batch) + self.bias
        return self.out(self.dropout(torch.relu(scores))) if self.params.model == "mlp" else scores

    def data_loss(self, batch: Batch) -> torch.Tensor:
        """Mean cross-entropy of the rows, without penalty; 16-bit scores are raised to 32 bits first."""
        scores = self(batch)
        log_probs = torch.log_softmax(scores if scores.dtype == torch.float64 else scores.float(), dim=1)
        return -(batch.targets * log_probs).sum() / batch.targets.shape[0]

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, torch.Tensor]:
        """Loss to go down on, and the part of it that the data make."""
        loss = self.data_loss(batch)
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the training loss became {loss.item()} in epoch {self.current_epoch + 1}. "
                f"Lower train.learning_rate, now {self.params.learning_rate}, or raise train.weight_decay."
            )
        return {"loss": loss + self.penalty(), "data_loss": loss.detach()}

    def validation_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        """Loss on held-out rows, summed."""
        return self.data_loss(batch) * batch.targets.shape[0]

    def penalty(self) -> torch.Tensor:
        """L2 penalty."""
        squares = self.weight.square().sum()
        if self.params.model == "mlp":
            squares = squares + self.out.weight.square().sum()
        return 0.5 * self.params.weight_decay * squares

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """L-BFGS for the convex problem, where it needs no step size; Adam for everything else."""
        if self.params.solver == "lbfgs":
            return torch.optim.LBFGS(self.parameters(), max_iter=5, line_search_fn="strong_wolfe")
        return torch.optim.Adam(self.parameters(), lr=self.params.learning_rate)

    def export(self) -> dict[str, NDArray[np.float32]]:
        """The weights as the arrays of an `EndModel`."""
        arrays: dict[str, torch.Tensor] = {"weight": self.weight, "bias": self.bias}
        if self.params.model == "mlp":
            arrays |= {"out_weight": self.out.weight.T, "out_bias": self.out.bias}
        return {name: np.ascontiguousarray(a.detach().cpu().numpy(), dtype=np.float32) for name, a in arrays.items()}


def _product(weight: torch.Tensor, batch: Batch) -> torch.Tensor:
    n, features = batch.targets.shape[0], weight.shape[0]
    with warnings.catch_warnings(), torch.autocast(weight.device.type, enabled=False):
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        rows = torch.sparse_csr_tensor(batch.crow, batch.col, batch.values, (n, features), check_invariants=False)
        columns = torch.sparse_csr_tensor(
            batch.crow_t, batch.col_t, batch.values_t, (features, n), check_invariants=False
        )
        return _SparseProduct.apply(weight, rows, columns)
