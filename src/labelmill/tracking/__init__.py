"""MLflow, derived from files: nothing is known there that could not be logged again.

Beside `end_model/predict.py` the only package that imports mlflow. `record` gathers what a run is,
`provenance` where it came from, `names` what its numbers are called; `database` finds and opens
MLflow, `runs`, `model` and `monitoring` write to it, `repair` checks and rebuilds it.
"""

from labelmill.tracking.repair import check, mirror_champion, rebuild
from labelmill.tracking.runs import track_run

__all__ = ["check", "mirror_champion", "rebuild", "track_run"]
