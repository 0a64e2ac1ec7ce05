"""Label models of others, behind the contract of ours: `Peer(cardinality, class_balance).fit(L).predict_proba(L)`.

What does not import or run raises, and the report says why. Install them with `pip install -e '.[bench]'`.
"""

import contextlib
import io
import os
import warnings
from functools import partial
from typing import Any

import numpy as np


class Snorkel:
    """`LabelModel` of snorkel 0.10, seed 0, one thread."""

    dtype = np.int64  # what it turns every matrix into

    def __init__(self, cardinality: int, class_balance: Any = None, *, epochs: int) -> None:
        self.cardinality, self.class_balance, self.epochs = cardinality, class_balance, epochs

    def fit(self, L: np.ndarray) -> "Snorkel":
        import torch
        from snorkel.labeling.model import LabelModel

        torch.set_num_threads(1)
        self._model = LabelModel(cardinality=self.cardinality, verbose=False)
        with _quiet():
            self._model.fit(L, class_balance=self.class_balance, n_epochs=self.epochs, seed=0, progress_bar=False)
        return self

    def predict_proba(self, L: np.ndarray) -> np.ndarray:
        with _quiet():
            return self._model.predict_proba(L)

    @property
    def accuracies(self) -> np.ndarray:
        return self._model.get_weights()


class CrowdKit:
    """`DawidSkene` or `MACE` of crowd-kit, which knows labels as a table of task, worker, label."""

    dtype = np.int8

    def __init__(self, cardinality: int, class_balance: Any = None, *, model: str) -> None:
        self.cardinality, self.model = cardinality, model

    def fit(self, L: np.ndarray) -> "CrowdKit":
        import pandas as pd
        from crowdkit import aggregation

        rows, lfs = np.nonzero(L >= 0)
        table = pd.DataFrame({"task": rows, "worker": lfs, "label": L[rows, lfs]})
        with _quiet():
            self._probs = getattr(aggregation, self.model)().fit_predict_proba(table)
        return self

    def predict_proba(self, L: np.ndarray) -> np.ndarray:
        """Probabilities of the rows that it was fitted on: it has no others."""
        probs = np.full((len(L), self.cardinality), 1 / self.cardinality)
        probs[self._probs.index] = 0.0
        for label in self._probs.columns:
            probs[self._probs.index, int(label)] = self._probs[label]
        return probs


class FlyingSquid:
    """Triplets of flyingsquid, for two classes."""

    dtype = np.int64

    def __init__(self, cardinality: int, class_balance: Any = None) -> None:
        if cardinality != 2:
            raise ValueError("for two classes only")
        self.class_balance = [0.5, 0.5] if class_balance is None else list(class_balance)

    def fit(self, L: np.ndarray) -> "FlyingSquid":
        from flyingsquid.label_model import LabelModel

        with _quiet():
            self._model = LabelModel(L.shape[1])
            self._model.fit(self._signs(L), class_balance=self.class_balance)
        return self

    def predict_proba(self, L: np.ndarray) -> np.ndarray:
        with _quiet():
            return self._model.predict_proba(self._signs(L), verbose=False)

    def _signs(self, L: np.ndarray) -> np.ndarray:
        return np.where(L < 0, 0, 2 * L - 1)


class HyperLM:
    """A network that was trained on synthetic votes; it predicts at once, so `fit` only loads it."""

    dtype = np.int64

    def __init__(self, cardinality: int, class_balance: Any = None) -> None:
        self.cardinality = cardinality

    def fit(self, L: np.ndarray) -> "HyperLM":
        os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"  # its checkpoint does not load without, from torch 2.6 on
        import torch
        from hyperlm import HyperLabelModel

        torch.set_num_threads(1)
        with _quiet():
            self._model = HyperLabelModel(device="cpu")
        return self

    def predict_proba(self, L: np.ndarray) -> np.ndarray:
        probs = np.full((len(L), self.cardinality), 1 / self.cardinality)
        covered = (L >= 0).any(axis=1)
        with _quiet():
            found = self._model.infer(L[covered].astype(np.int64), return_probs=True)
        probs[covered] = 0.0
        probs[covered, : found.shape[1]] = found
        return probs


@contextlib.contextmanager
def _quiet() -> Any:
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


PEERS = {
    "snorkel_100": partial(Snorkel, epochs=100),
    "snorkel_500": partial(Snorkel, epochs=500),
    "crowdkit_ds": partial(CrowdKit, model="DawidSkene"),
    "flyingsquid": FlyingSquid,
    "hyperlm": HyperLM,
    "crowdkit_mace": partial(CrowdKit, model="MACE"),
}
"""100 epochs are Snorkel's default; crowd-kit's MACE takes minutes."""
SLOW = ("crowdkit_mace",)
