"""`params.yaml` as typed, frozen objects: one section per stage, every key checked.

Only values that change results live here; where things run is in `settings.py`. `sections` and
`loop_sections` declare the keys, `loading` reads the file, `reference` explains it.
"""

from labelmill.params.base import Section
from labelmill.params.loading import load_params, parse_params
from labelmill.params.loop_sections import DriftParams, PromoteParams, RetrainParams
from labelmill.params.sections import (
    BaselinesParams,
    ColumnCheck,
    EvaluateParams,
    FeaturizeParams,
    FitLabelModelParams,
    IngestParams,
    LabelParams,
    LimitsParams,
    Params,
    SplitParams,
    TaskParams,
    TrackParams,
    TrainParams,
    ValidateParams,
)

__all__ = [
    "BaselinesParams",
    "ColumnCheck",
    "DriftParams",
    "EvaluateParams",
    "FeaturizeParams",
    "FitLabelModelParams",
    "IngestParams",
    "LabelParams",
    "LimitsParams",
    "Params",
    "PromoteParams",
    "RetrainParams",
    "Section",
    "SplitParams",
    "TaskParams",
    "TrackParams",
    "TrainParams",
    "ValidateParams",
    "load_params",
    "parse_params",
]
