"""Log the results to MLflow and register the end model."""

from labelmill import paths, tracking
from labelmill.params import Params
from labelmill.tracking.record import MEASURED, REPORTS

PARAMS = ("task", "track")
READS = (
    paths.PARAMS,  # the whole of it is logged
    paths.LFS,
    paths.CLEAN,
    paths.LABEL_MATRIX,
    paths.PROBS,
    paths.LABEL_MODEL,
    paths.FEATURIZER,
    paths.END_MODEL,
    *REPORTS,
    *(paths.metrics(stage) for stage in MEASURED),
)
WRITES = (paths.TRACKED,)


def run(params: Params) -> None:
    """Log what is new; what MLflow has already is left as it is."""
    tracking.track_run(params)
