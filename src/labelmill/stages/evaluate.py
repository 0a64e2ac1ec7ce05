"""Stage `evaluate`: every system on test gold, with intervals; the leak probe; the report."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import paths, storage
from labelmill.arrays import UNKNOWN, LabelMatrix
from labelmill.errors import DataError
from labelmill.params import Params

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

PARAMS = ("task", "ingest", "evaluate")
READS = (
    paths.CLEAN,
    paths.PROVENANCE,
    paths.GOLD_DEV,  # to choose the best single labeling function
    paths.GOLD_TEST,
    paths.LABEL_MATRIX,
    paths.PROBS,
    paths.FEATURES,
    paths.FEATURIZER,
    paths.END_MODEL,
    paths.BASELINES,
    # Shown in the report only.
    paths.LFS,
    paths.STREAM,
    paths.QUARANTINE,
    paths.LF_SUMMARY,
    paths.LABEL_MODEL,
    paths.LEARNING_CURVE,
    *(
        paths.metrics(stage)
        for stage in ("ingest", "validate", "label", "fit_label_model", "featurize", "train", "baselines")
    ),
)
WRITES = (
    paths.PREDICTIONS,
    paths.metrics("evaluate"),
    paths.SCORES,
    paths.LEAK_PROBE,
    paths.CALIBRATION_CURVE,
    paths.PRECISION_RECALL_CURVE,
    paths.CONFUSION,
    paths.REPORT,
    paths.MODEL_CARD,
    paths.DATA_CARD,
)

log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write predictions, scores, curves, leak probe and report."""
    from labelmill.end_model.matrix import read_features
    from labelmill.quality import curves, evaluation
    from labelmill.report import write_report

    classes, positive, n_bins = params.task.classes, params.task.positive_index, params.evaluate.calibration_bins
    rows = _rows(params)
    X, feature_ids, _ = read_features(paths.FEATURES)
    _check_same(paths.FEATURES, feature_ids, rows)
    predictions = _predict_test(rows, X, params)
    storage.write_table(paths.PREDICTIONS, predictions)
    scores = evaluation.evaluate(
        predictions, classes=classes, positive=positive, params=params.evaluate, seed=params.task.seed
    )
    storage.write_json(paths.metrics("evaluate"), scores)
    storage.write_json(paths.SCORES, _headline(scores["test"]))
    for path, curve in (
        (paths.CALIBRATION_CURVE, curves.calibration(predictions, classes, positive=positive, n_bins=n_bins)),
        (paths.PRECISION_RECALL_CURVE, curves.precision_recall(predictions, classes, positive=positive)),
        (paths.CONFUSION, curves.confusion(predictions, classes)),
    ):
        storage.write_text(path, curve.to_csv(index=False))
    _probe_leaks(rows, X, params)
    write_report(params)
    _tell(scores)


def _headline(scores: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """The few numbers per system that fit the table of `dvc metrics show`."""
    metrics = ("balanced_accuracy", "f1", "pr_auc")
    return {
        system: {metric: slices["all"][metric]["value"] for metric in metrics}
        for system, slices in scores.items()
        if system != "differences"
    }


def _rows(params: Params) -> pd.DataFrame:
    """Id, split and month of every clean row."""
    date = params.ingest.splits.date_column
    rows = storage.read_shards(paths.CLEAN, ["id", "split", *([date] if date else [])])
    months = pd.to_datetime(rows[date], utc=True, errors="coerce").dt.strftime("%Y-%m") if date else None
    return rows[["id", "split"]].assign(month=pd.Series(months, index=rows.index, dtype="str"))


def _predict_test(rows: pd.DataFrame, X: "csr_matrix", params: Params) -> pd.DataFrame:
    """The table of predictions: test rows with month, coverage, gold, and each system's probabilities."""
    from labelmill.end_model.matrix import featurizer_hash
    from labelmill.end_model.model import EndModel
    from labelmill.label_model import MajorityVote
    from labelmill.labeling.matrix import read_label_matrix
    from labelmill.quality import systems

    classes, k = params.task.classes, params.task.cardinality
    matrix_ids, L, lf_names = read_label_matrix(paths.LABEL_MATRIX)
    probs = storage.read_shards(paths.PROBS)
    _check_same(paths.LABEL_MATRIX, matrix_ids, rows)
    _check_same(paths.PROBS, probs["id"], rows)
    model = EndModel.load(paths.END_MODEL)
    model.check_featurizer(featurizer_hash(paths.FEATURES))
    model.check_classes(classes)

    test = (rows["split"] == "test").to_numpy()
    if not test.any():
        raise DataError(f"{paths.CLEAN}: no row is of split test. Look at ingest.splits in {paths.PARAMS}.")
    by_system = {
        f"always_{classes[0]}": systems.always(int(test.sum()), k),
        "majority_vote": MajorityVote(cardinality=k).fit(L).predict_proba(L[test]),
        "label_model": probs.loc[test, [f"p_{name}" for name in classes]].to_numpy(dtype=np.float64),
        "end_model": model.predict_proba(X[test]),
    }
    best = _best_lf(L, rows, k)
    if best is not None:
        log.info("best single labeling function on dev gold: %s", lf_names[best])
        by_system["best_lf"] = systems.single_lf(L[test, best], k)
    ids = rows.loc[test, "id"].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "id": ids,
            "month": rows.loc[test, "month"].reset_index(drop=True),
            "covered": probs.loc[test, "covered"].to_numpy(dtype=bool),
            "gold": storage.read_gold(paths.GOLD_TEST, ids),
        }
    )
    for name, values in by_system.items():
        table[[f"{name}:{label}" for label in classes]] = values
    baselines = storage.read_table(paths.BASELINES).set_index("id")
    missing = ids[~ids.isin(baselines.index)]
    if len(missing):
        raise DataError(f"{paths.BASELINES}: has no row for test row {missing.iloc[0]}. Run `dvc repro baselines`.")
    return pd.concat([table, baselines.loc[ids].reset_index(drop=True)], axis=1)


def _check_same(path: Path, ids: pd.Series, rows: pd.DataFrame) -> None:
    if not np.array_equal(ids, rows["id"]):
        raise DataError(f"{path} and {paths.CLEAN} are of different rows. Bring both to one state by `dvc repro`.")


def _best_lf(L: LabelMatrix, rows: pd.DataFrame, cardinality: int) -> int | None:
    from labelmill.quality import systems

    gold = storage.read_gold(paths.GOLD_DEV, rows["id"])
    known = gold != UNKNOWN
    return systems.best_lf(L[known], gold[known], cardinality)


def _probe_leaks(rows: pd.DataFrame, X: "csr_matrix", params: Params) -> None:
    """Tell folders and months apart, on the rows of the train period."""
    from labelmill.end_model.features import Featurizer
    from labelmill.quality import leak_probe

    early = (rows["split"] != "test").to_numpy()
    places = storage.read_table(paths.PROVENANCE, ["id", "group"]).drop_duplicates("id").set_index("id")
    groups = places["group"].reindex(rows["id"])
    gold = storage.read_gold(paths.GOLD_DEV, rows["id"])
    labels = np.array([*params.task.classes, None], dtype=object)[gold]  # -1, unknown, is the last
    found = leak_probe.probe(
        X[early],
        _or_none(groups)[early],
        feature_names=Featurizer.load(paths.FEATURIZER).names,
        labels=labels[early],
        months=_or_none(rows["month"])[early] if params.ingest.splits.date_column else None,
        seed=params.task.seed,
    )
    storage.write_json(paths.LEAK_PROBE, found)


def _or_none(values: pd.Series) -> NDArray[np.object_]:
    return values.astype(object).where(values.notna(), None).to_numpy()


def _tell(scores: dict[str, Any]) -> None:
    """The two numbers that one looks for first, beside those of majority vote."""
    shown = [(name, scores["test"][name]["all"]) for name in ("end_model", "label_model", "majority_vote")]
    lines = [
        f"{name} {part['balanced_accuracy']['value']:.3f}"
        for name, part in shown
        if part["balanced_accuracy"]["value"] is not None
    ]
    rows = f"{shown[0][1]['n']:,} test rows with gold"
    log.info("balanced accuracy on %s: %s; see %s", rows, ", ".join(lines) or "not defined", paths.REPORT)
