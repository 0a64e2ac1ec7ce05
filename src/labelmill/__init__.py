"""labelmill: programmatic labeling as a pipeline.

The names below are the public ones. They are imported when first used, so that `import labelmill` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labelmill.arrays import ABSTAIN
    from labelmill.labeling.apply import apply_lfs
    from labelmill.labeling.composition import first_of
    from labelmill.labeling.conditions import column
    from labelmill.labeling.embeddings import embedding_lf
    from labelmill.labeling.functions import batch_labeling_function, labeling_function
    from labelmill.labeling.knowledge import lookup_lf
    from labelmill.labeling.minilm import minilm_embedder
    from labelmill.labeling.models import model_lf
    from labelmill.labeling.people import crowd_lfs
    from labelmill.labeling.summary import lf_summary
    from labelmill.labeling.words import keyword_lf, regex_lf

__all__ = [
    "ABSTAIN",
    "apply_lfs",
    "batch_labeling_function",
    "column",
    "crowd_lfs",
    "embedding_lf",
    "first_of",
    "keyword_lf",
    "labeling_function",
    "lf_summary",
    "lookup_lf",
    "minilm_embedder",
    "model_lf",
    "regex_lf",
]

_HOME = {
    "ABSTAIN": "labelmill.arrays",
    "apply_lfs": "labelmill.labeling.apply",
    "batch_labeling_function": "labelmill.labeling.functions",
    "column": "labelmill.labeling.conditions",
    "crowd_lfs": "labelmill.labeling.people",
    "embedding_lf": "labelmill.labeling.embeddings",
    "first_of": "labelmill.labeling.composition",
    "keyword_lf": "labelmill.labeling.words",
    "labeling_function": "labelmill.labeling.functions",
    "lf_summary": "labelmill.labeling.summary",
    "lookup_lf": "labelmill.labeling.knowledge",
    "minilm_embedder": "labelmill.labeling.minilm",
    "model_lf": "labelmill.labeling.models",
    "regex_lf": "labelmill.labeling.words",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
