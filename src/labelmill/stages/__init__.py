"""The stages of training, in order. Each module has `READS`, `WRITES`, `PARAMS` and `run(params)`."""

import importlib

from labelmill.params import Params

TRAINING = ("ingest", "validate", "label", "fit_label_model", "featurize", "train", "baselines", "evaluate", "track")
"""Names of the stages, in the order in which they run; the same as in `dvc.yaml`."""


def run_stage(name: str, params: Params) -> None:
    """Run one stage in this process: read its files, call the library, write its files."""
    importlib.import_module(f"labelmill.stages.{name}").run(params)
