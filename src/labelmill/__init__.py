"""labelmill: programmatic labeling as a pipeline.

The names below are the public ones. They are imported when first used, so that `import labelmill` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labelmill.arrays import ABSTAIN
    from labelmill.labeling.addresses import cidr_lf, domain_lf
    from labelmill.labeling.apply import apply_lfs
    from labelmill.labeling.composition import first_of
    from labelmill.labeling.conditions import column
    from labelmill.labeling.decorators import batch_labeling_function, labeling_function
    from labelmill.labeling.disguises import fuzzy_lf
    from labelmill.labeling.embeddings import embedding_lf
    from labelmill.labeling.fields import missing_lf, threshold_lf
    from labelmill.labeling.form import count_lf, length_lf, share_lf
    from labelmill.labeling.knowledge import lookup_lf
    from labelmill.labeling.limits import Limits
    from labelmill.labeling.minilm import minilm_embedder
    from labelmill.labeling.models import model_lf
    from labelmill.labeling.pairs import distant_supervision_lf
    from labelmill.labeling.people import crowd_lfs
    from labelmill.labeling.preprocessing import batch_preprocessor, preprocessor
    from labelmill.labeling.summary import lf_summary
    from labelmill.labeling.times import time_lf
    from labelmill.labeling.words import keyword_lf, phrase_lf, regex_lf

__all__ = [
    "ABSTAIN",
    "Limits",
    "apply_lfs",
    "batch_labeling_function",
    "batch_preprocessor",
    "cidr_lf",
    "column",
    "count_lf",
    "crowd_lfs",
    "distant_supervision_lf",
    "domain_lf",
    "embedding_lf",
    "first_of",
    "fuzzy_lf",
    "keyword_lf",
    "labeling_function",
    "length_lf",
    "lf_summary",
    "lookup_lf",
    "minilm_embedder",
    "missing_lf",
    "model_lf",
    "phrase_lf",
    "preprocessor",
    "regex_lf",
    "share_lf",
    "threshold_lf",
    "time_lf",
]

_HOME = {
    "ABSTAIN": "labelmill.arrays",
    "Limits": "labelmill.labeling.limits",
    "apply_lfs": "labelmill.labeling.apply",
    "batch_labeling_function": "labelmill.labeling.decorators",
    "batch_preprocessor": "labelmill.labeling.preprocessing",
    "cidr_lf": "labelmill.labeling.addresses",
    "column": "labelmill.labeling.conditions",
    "count_lf": "labelmill.labeling.form",
    "crowd_lfs": "labelmill.labeling.people",
    "distant_supervision_lf": "labelmill.labeling.pairs",
    "domain_lf": "labelmill.labeling.addresses",
    "embedding_lf": "labelmill.labeling.embeddings",
    "first_of": "labelmill.labeling.composition",
    "fuzzy_lf": "labelmill.labeling.disguises",
    "keyword_lf": "labelmill.labeling.words",
    "labeling_function": "labelmill.labeling.decorators",
    "length_lf": "labelmill.labeling.form",
    "lf_summary": "labelmill.labeling.summary",
    "lookup_lf": "labelmill.labeling.knowledge",
    "minilm_embedder": "labelmill.labeling.minilm",
    "missing_lf": "labelmill.labeling.fields",
    "model_lf": "labelmill.labeling.models",
    "phrase_lf": "labelmill.labeling.words",
    "preprocessor": "labelmill.labeling.preprocessing",
    "regex_lf": "labelmill.labeling.words",
    "share_lf": "labelmill.labeling.form",
    "threshold_lf": "labelmill.labeling.fields",
    "time_lf": "labelmill.labeling.times",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
