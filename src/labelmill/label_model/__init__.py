"""Label models: from the votes of labeling functions to the probability of each class, without gold.

Each model is a file of its own, and `auto` pools two of them. From what is common to all to what is common to few:
`base` is their contract, with `edge_search`; `cautious` what those do that learn, `guarded` from the rows (`em` in
rounds), `moment_model` from `moments` (`table_model` by covariances). Below them are the votes (`blocks`, `checks`,
`encoding`, `gathering`), who depends on whom (`edges` of `residuals` of `low_rank`, `dependencies`), and what tables
are made of (`anchors`, `covariances`, `cliques`, `joint`). Which to take: docs/label_models.
"""

import inspect
from pathlib import Path
from typing import Any

from labelmill.errors import LabelModelError
from labelmill.label_model import persistence
from labelmill.label_model.anchored import AnchoredPrecision
from labelmill.label_model.auto import Auto
from labelmill.label_model.base import LabelModel
from labelmill.label_model.blocks import VoteStream
from labelmill.label_model.class_balance import ClassBalance, estimate_class_balance
from labelmill.label_model.dawid_skene import DawidSkene
from labelmill.label_model.edges import find_edges
from labelmill.label_model.generative import GenerativeModel
from labelmill.label_model.majority import MajorityVote
from labelmill.label_model.matrix import MatrixCompletion
from labelmill.label_model.moments import Moments
from labelmill.label_model.triplets import Triplets
from labelmill.label_model.weighted import WeightedVote

__all__ = [
    "KINDS",
    "AnchoredPrecision",
    "Auto",
    "ClassBalance",
    "DawidSkene",
    "GenerativeModel",
    "LabelModel",
    "MajorityVote",
    "MatrixCompletion",
    "Moments",
    "Triplets",
    "VoteStream",
    "WeightedVote",
    "estimate_class_balance",
    "find_edges",
    "load",
    "make",
    "make_known",
]

KINDS: dict[str, type[LabelModel]] = {
    "majority_vote": MajorityVote,
    "weighted_vote": WeightedVote,
    "anchored_precision": AnchoredPrecision,
    "dawid_skene": DawidSkene,
    "generative": GenerativeModel,
    "matrix_completion": MatrixCompletion,
    "triplets": Triplets,
    "auto": Auto,
}
"""The label models by their name in `params.yaml`."""


def make(kind: str, **hyperparameters: Any) -> LabelModel:
    """Make a label model by its name in `params.yaml`.

    >>> make("majority_vote", cardinality=3).cardinality
    3
    """
    if kind not in KINDS:
        raise LabelModelError(f"There is no label model {kind!r}: expected one of {', '.join(KINDS)}.")
    return KINDS[kind](**hyperparameters)


def make_known(kind: str, **given: Any) -> LabelModel:
    """Make a label model from the hyper-parameters given, those that its kind does not have left out.

    >>> make_known("majority_vote", cardinality=3, max_iter=100).cardinality
    3
    """
    known = inspect.signature(KINDS[kind]).parameters if kind in KINDS else given
    return make(kind, **{name: value for name, value in given.items() if name in known})


def load(folder: Path | str) -> LabelModel:
    """Read a stored label model, of whichever class it is."""
    return persistence.load(Path(folder), {model.__name__: model for model in KINDS.values()})
