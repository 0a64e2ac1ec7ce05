"""Train the end model on probabilities or most likely classes; torch and Lightning are loaded only by `fit`."""

import hashlib
import logging
import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import entr

from labelmill.arrays import Probs
from labelmill.end_model import device
from labelmill.end_model.model import EndModel
from labelmill.errors import TrainingError
from labelmill.params import TrainParams

MIN_ROWS = 10
"""With fewer rows there is nothing to learn from."""

MIN_VALID_ROWS = 20
"""The loss on fewer held-out rows is noise: better to train on them than to stop by them."""

log = logging.getLogger(__name__)


def confidence(probs: Probs, power: float) -> NDArray[np.float64]:
    """Weight of each row: (1 - entropy / log k) to `power`. An undecided row weighs 0 at any power above 0.

    >>> confidence(np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]]), 1.0).round(2).tolist()
    [0.0, 0.53, 1.0]
    """
    sure = 1 - entr(probs).sum(axis=1) / math.log(probs.shape[1])
    return np.clip(sure, 0.0, 1.0) ** power


def held_out(ids: Iterable[str], share: float) -> NDArray[np.bool_]:
    """Which rows are held out: by the hash of their id, so that no other row has a say in it."""
    digests = (hashlib.blake2b(f"valid:{id_}".encode(), digest_size=8).digest() for id_ in ids)
    return np.array([int.from_bytes(digest, "big") < share * 2.0**64 for digest in digests], dtype=np.bool_)


def fit(
    X: sp.csr_matrix,
    targets: Probs,
    weights: NDArray[np.float64],
    params: TrainParams,
    *,
    seed: int,
    classes: tuple[str, ...] | None = None,
    valid: NDArray[np.bool_] | None = None,
    featurizer: str = "",
    threads: int = 1,
    accelerator: str = "auto",
    devices: int | Literal["auto"] = "auto",
) -> EndModel:
    """Train the end model.

    Parameters
    ----------
    X
        n x features.
    targets
        n x k: probability of each class; rows sum to 1.
    weights
        n: how much each row counts; rows of weight 0 are left out.
    params
        Section `train` of `params.yaml`.
    seed
        Draws initial weights, dropout, the order of rows and, without `valid`, the held-out rows.
    classes
        Names of the k classes; their numbers if absent.
    valid
        n: which rows are held out for early stopping. With fewer than 20 of them all rows are trained on.
    featurizer
        Hash of the featurizer that made `X`, kept in the model.
    threads, accelerator, devices
        Where it runs; results are equal bytes on one kind of device. One device trains: the model is small.

    Raises
    ------
    TrainingError
        Too few rows, rows of one class only, numbers that are not finite, a loss that diverges, no such device.
    """
    k = targets.shape[1]
    names = classes or tuple(str(c) for c in range(k))
    used = np.flatnonzero(weights > 0)
    _check(X[used], targets[used], weights[used], names)
    device.check(devices)
    held = _valid_rows(used, valid, params, seed)
    goals = _goals(targets[used], weights[used], params, held)

    with device.session(seed, threads):
        from labelmill.end_model.datamodule import CsrBatches, CsrDataModule
        from labelmill.end_model.module import EndModule
        from labelmill.end_model.stopping import train

        kept = X[used]
        rows = int((~held).sum())
        size = rows if params.solver == "lbfgs" else params.batch_size
        data = CsrDataModule(
            CsrBatches(kept[~held], goals[~held], batch_size=size, seed=seed),
            CsrBatches(kept[held], goals[held], batch_size=max(size, 4096)) if held.any() else None,
        )
        module = EndModule(X.shape[1], k, params)
        keep = train(module, data, accelerator=device.accelerator(accelerator))
        arrays = module.export()

    best = keep.best_
    if best is None:
        raise TrainingError("training ended before its first epoch did: it was interrupted. Start it again.")
    _check_result(best.train_loss, best.valid_loss, arrays, k, params)
    facts: dict[str, Any] = {"seed": seed, "rows": rows, "valid_rows": int(held.sum()), "epochs": len(keep.curve_)}
    facts |= {"best_epoch": best.epoch, "train_loss": best.train_loss, "valid_loss": best.valid_loss}
    return EndModel(params.model, names, arrays, featurizer, facts, pd.DataFrame(keep.curve_))


def _check(X: sp.csr_matrix, targets: Probs, weights: NDArray[np.float64], names: tuple[str, ...]) -> None:
    counts = np.bincount(targets.argmax(axis=1), minlength=len(names)) if len(targets) else np.zeros(len(names), int)
    found = ", ".join(f"{count:,} {name}" for name, count in zip(names, counts, strict=True))
    if len(targets) < MIN_ROWS:
        raise TrainingError(
            f"{len(targets)} rows to train on ({found}), at least {MIN_ROWS} are needed. "
            "More rows must get a vote: look at coverage in `labelmill lfs summary`."
        )
    if (counts > 0).sum() < 2:
        raise TrainingError(
            f"all rows to train on are of one class ({found}), two are needed. "
            "Look at the polarity of the labeling functions in `labelmill lfs summary`."
        )
    for what, array in (("features", X.data), ("targets", targets), ("weights", weights)):
        if not np.isfinite(array).all():
            raise TrainingError(f"the {what} are not all finite numbers. Run `dvc repro` to make them again.")


def _valid_rows(
    used: NDArray[np.int64], valid: NDArray[np.bool_] | None, params: TrainParams, seed: int
) -> NDArray[np.bool_]:
    """Which of the used rows are held out; none where they would be too few."""
    drawn = np.random.default_rng(seed).random(len(used)) < params.valid_share
    held = drawn if valid is None else valid[used]
    return held if MIN_VALID_ROWS <= held.sum() <= len(used) - MIN_ROWS else np.zeros(len(used), dtype=np.bool_)


def _goals(
    targets: Probs, weights: NDArray[np.float64], params: TrainParams, held: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """What each class counts for each row, n x k; over the train rows they sum to the number of rows."""
    k = targets.shape[1]
    shares = np.eye(k)[targets.argmax(axis=1)] if params.targets == "hard" else targets
    goals = shares * weights[:, None]
    if params.class_weight == "balanced":
        mass = goals[~held].sum(axis=0)
        goals = goals / np.where(mass > 0, mass, 1.0)
    return (goals * ((~held).sum() / goals[~held].sum())).astype(np.float32)


def _check_result(
    train_loss: float, valid_loss: float | None, arrays: dict[str, NDArray[np.float32]], k: int, params: TrainParams
) -> None:
    untrained = math.log(k)
    if train_loss > 2 * untrained or not all(np.isfinite(array).all() for array in arrays.values()):
        raise TrainingError(
            f"training diverged: its loss is {train_loss:.4g}, that of an untrained model {untrained:.4g}. "
            f"Lower train.learning_rate, now {params.learning_rate}, or raise train.weight_decay."
        )
    if valid_loss is not None and valid_loss >= untrained:
        log.warning("on held-out rows the end model is no better than a guess: look at the labels it learns from")
