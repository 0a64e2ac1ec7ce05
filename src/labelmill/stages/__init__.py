"""The stages of training. Each module has `READS`, `WRITES`, `PARAMS` and `run(params)`."""

import importlib
from typing import TYPE_CHECKING

from labelmill.stages.names import TRAINING, check

if TYPE_CHECKING:
    from labelmill.params import Params

__all__ = ["TRAINING", "run_stage"]


def run_stage(name: str, params: "Params") -> None:
    """Run one stage in this process: read its files, call the library, write its files."""
    importlib.import_module(f"labelmill.stages.{check(name)}").run(params)
