"""Stage `train`: the end model learns from the label model's labels of covered train rows, never from gold."""

import logging

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.settings import load_settings

PARAMS = ("task", "train")
READS = (paths.FEATURES, paths.PROBS)
WRITES = (paths.END_MODEL, paths.LEARNING_CURVE, paths.metrics("train"))

_log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the end model and its learning curve."""
    import numpy as np

    from labelmill.end_model import matrix
    from labelmill.end_model.train import confidence, fit, held_out
    from labelmill.errors import TrainingError

    X, ids, split = matrix.read_features(paths.FEATURES)
    rows = storage.read_shards(paths.PROBS)
    if not np.array_equal(ids, rows["id"]):
        raise TrainingError(
            f"{paths.FEATURES} and {paths.PROBS} are of different rows. Run `dvc repro` to bring both to one state."
        )
    probs = rows[[f"p_{name}" for name in params.task.classes]].to_numpy(np.float64)
    weights = confidence(probs, params.train.confidence_power)
    if params.train.targets == "hard":
        weights = np.where(rows["pred"] >= 0, weights, 0.0)  # a tie is no class to train on
    is_train = (split == "train").to_numpy()
    covered = rows["covered"].to_numpy(np.bool_)
    settings = load_settings()
    model = fit(
        X,
        probs,
        np.where(is_train & covered, weights, 0.0),
        params.train,
        seed=params.task.seed,
        classes=params.task.classes,
        valid=held_out(ids, params.train.valid_share),
        featurizer=matrix.featurizer_hash(paths.FEATURES),
        threads=settings.threads,
        accelerator=settings.accelerator,
        devices=settings.devices,
    )
    model.save(paths.END_MODEL)
    storage.write_text(paths.LEARNING_CURVE, model.learning_curve.to_csv(index=False))
    uncovered = int((is_train & ~covered).sum())
    facts = {key: value for key, value in model.facts.items() if key != "seed" and value is not None}
    storage.write_json(paths.metrics("train"), {**facts, "uncovered": uncovered, "features": model.n_features})
    _log.info(
        "%s end model trained on %s covered train rows (%s more to stop by; %s uncovered ones left out), best epoch %d",
        *(model.kind, f"{facts['rows']:,}", f"{facts['valid_rows']:,}", f"{uncovered:,}", facts["best_epoch"]),
    )
