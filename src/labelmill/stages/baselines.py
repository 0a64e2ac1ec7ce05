"""Stage `baselines`: the same learner on gold labels instead; the only reader of train gold.

On dev gold it says what the weak labels are worth beside a few hand labels, on all train gold what they could be.
"""

import logging

from labelmill import paths, storage
from labelmill.arrays import UNKNOWN
from labelmill.params import Params
from labelmill.settings import load_settings

PARAMS = ("task", "train", "baselines")
READS = (paths.FEATURES, paths.GOLD_TRAIN, paths.GOLD_DEV)
WRITES = (paths.BASELINES, paths.metrics("baselines"))

_log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the baselines' probabilities for the rows of split test and gate."""
    import numpy as np
    import pandas as pd

    from labelmill.end_model.matrix import read_features
    from labelmill.end_model.train import fit, held_out
    from labelmill.errors import TrainingError

    X, ids, split = read_features(paths.FEATURES)
    dev, train = storage.read_gold(paths.GOLD_DEV, ids), storage.read_gold(paths.GOLD_TRAIN, ids)
    sources = {"gold_dev": dev, "gold_train": np.where(train == UNKNOWN, dev, train)}
    wanted = {"gold_dev": params.baselines.gold_dev, "gold_train": params.baselines.gold_train}
    scored = split.isin(["test", "gate"]).to_numpy()
    table = pd.DataFrame({"id": ids[scored].to_numpy()})
    settings, figures = load_settings(), {}
    for name in (name for name in sources if wanted[name]):
        # Gold of rows to be scored has no place here, whatever the files say.
        labels = np.where(scored, UNKNOWN, sources[name])
        try:
            model = fit(
                X,
                np.eye(params.task.cardinality)[labels],
                (labels != UNKNOWN).astype(np.float64),
                params.train,
                seed=params.task.seed,
                classes=params.task.classes,
                valid=held_out(ids, params.train.valid_share),
                threads=settings.threads,
                accelerator=settings.accelerator,
                devices=settings.devices,
            )
        except TrainingError as error:  # a project may have no gold at all: then there is nothing to compare with
            _log.warning("baseline %s is left out: %s", name, error)
            figures[f"{name}_rows"] = 0
            continue
        figures[f"{name}_rows"] = int((labels != UNKNOWN).sum())
        table[[f"{name}:{c}" for c in params.task.classes]] = model.predict_proba(X[scored])
    storage.write_table(paths.BASELINES, table)
    storage.write_json(paths.metrics("baselines"), figures)
    _log.info("baselines trained on gold: %s", ", ".join(f"{k} {v:,}" for k, v in figures.items()) or "none")
