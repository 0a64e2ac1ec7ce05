"""What training leaves: a few arrays that predict with numpy alone, without torch."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import softmax

from labelmill import storage
from labelmill.arrays import Probs
from labelmill.errors import CorruptFileError, TrainingError

FORMAT = 1
"""Version of the stored form: raised when the same arrays would predict otherwise."""

SHAPES = {"linear": ("weight", "bias"), "mlp": ("weight", "bias", "out_weight", "out_bias")}
"""The arrays of each kind of model."""


@dataclass(frozen=True)
class EndModel:
    """A trained linear model or one with one hidden layer (softmax over the classes).

    Attributes
    ----------
    kind
        `linear` or `mlp`.
    classes
        Names of the k classes.
    arrays
        float32. linear: `weight` features x k, `bias` k. mlp: `weight` features x units, `bias` units,
        `out_weight` units x k, `out_bias` k.
    featurizer
        Hash of the featurizer whose features it was trained on.
    facts
        What is worth knowing of the training: seed, rows, epochs, losses.
    learning_curve
        One row per epoch: epoch, train_loss, valid_loss. Not stored with the model.
    """

    kind: str
    classes: tuple[str, ...]
    arrays: dict[str, NDArray[np.float32]]
    featurizer: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    learning_curve: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)

    @property
    def n_features(self) -> int:
        """Number of features it expects."""
        return int(self.arrays["weight"].shape[0])

    def predict_proba(self, X: sp.csr_matrix) -> Probs:
        """Probability of each class for each row of features.

        Raises
        ------
        TrainingError
            `X` has another number of features than the model was trained on.
        """
        if X.shape[1] != self.n_features:
            raise TrainingError(
                f"the rows have {X.shape[1]:,} features, the end model was trained on {self.n_features:,}. "
                "Use the featurizer that belongs to it, or run `dvc repro` again."
            )
        scores = X @ self.arrays["weight"] + self.arrays["bias"]
        if self.kind == "mlp":
            scores = np.maximum(scores, 0) @ self.arrays["out_weight"] + self.arrays["out_bias"]
        return softmax(scores.astype(np.float64), axis=1)

    def check_featurizer(self, found: str) -> None:
        """Refuse features of another featurizer than the one that the model was trained with."""
        if found != self.featurizer:
            raise TrainingError(
                f"the end model was trained on features of featurizer {self.featurizer[:12]}, "
                f"these are of featurizer {found[:12]}. Run `dvc repro` to bring both to one state."
            )

    def check_classes(self, wanted: tuple[str, ...]) -> None:
        """Refuse a model of other classes, or of another order: its columns would be taken for one another."""
        if self.classes != wanted:
            raise TrainingError(
                f"the end model was trained on the classes {', '.join(self.classes)}, task.classes in params.yaml is "
                f"{', '.join(wanted)}. Run `dvc repro` to bring both to one state."
            )

    def save(self, folder: Path) -> None:
        """Write `folder`, with a manifest, as JSON and safetensors; equal models give equal bytes."""
        from safetensors.numpy import save

        content = {
            "format": FORMAT,
            "kind": self.kind,
            "classes": list(self.classes),
            "cardinality": len(self.classes),
            "n_features": self.n_features,
            "featurizer": self.featurizer,
            "facts": self.facts,
        }
        with storage.new_folder(folder) as new:
            storage.write_json(new / "end_model.json", content)
            storage.write_bytes(new / "end_model.safetensors", save(self.arrays))

    @classmethod
    def load(cls, folder: Path) -> "EndModel":
        """Read what `save` wrote.

        Raises
        ------
        TrainingError
            It is of a format or a kind that this version does not know; both are named.
        CorruptFileError
            Its bytes are not those that were written, or its parts do not belong together.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        storage.verify_folder(folder)
        file = folder / "end_model.json"
        content = storage.read_json(file)
        found = content.get("format") if isinstance(content, dict) else None
        if found != FORMAT:
            raise TrainingError(
                f"{file}: an end model of format {found!r}; this labelmill reads format {FORMAT}. "
                "Train it again with `dvc repro`."
            )
        if content.get("kind") not in SHAPES:
            raise TrainingError(f"{file}: an end model of kind {content.get('kind')!r}; known are {', '.join(SHAPES)}.")
        try:
            arrays = load((folder / "end_model.safetensors").read_bytes())
            model = cls(content["kind"], tuple(content["classes"]), arrays, content["featurizer"], content["facts"])
        except (KeyError, TypeError, OSError, json.JSONDecodeError, SafetensorError) as error:
            raise CorruptFileError(f"{folder}: is damaged ({error!r}). Train it again with `dvc repro`.") from error
        wrong = model._misfits(content)
        if wrong:
            raise TrainingError(f"{folder}: {wrong}. Train it again with `dvc repro`.")
        return model

    def _misfits(self, content: dict[str, Any]) -> str | None:
        """What does not fit between the JSON and the arrays."""
        if set(self.arrays) != set(SHAPES[self.kind]):
            return f"kind {self.kind} needs the arrays {', '.join(SHAPES[self.kind])}, found {', '.join(self.arrays)}"
        if self.n_features != content.get("n_features"):
            return f"{content.get('n_features')} features are recorded, the weights have {self.n_features}"
        outputs = len(self.arrays["out_bias" if self.kind == "mlp" else "bias"])
        if not outputs == len(self.classes) == content.get("cardinality"):
            return f"{len(self.classes)} classes are recorded, the weights have {outputs}"
        if not all(np.isfinite(array).all() for array in self.arrays.values()):
            return "the weights are not all finite"
        return None
