"""Learn from the votes how far to trust each labeling function; give every row its probabilities."""

import logging
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import label_model, paths, storage
from labelmill.errors import DataError, LabelModelError
from labelmill.params import FitLabelModelParams, Params
from labelmill.progress import progress

PARAMS = ("task", "fit_label_model")
READS = (paths.LABEL_MATRIX, paths.CLEAN)
WRITES = (paths.PROBS, paths.LABEL_MODEL, paths.metrics("fit_label_model"))

log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Fit on the votes of the train rows, no gold, and predict every row of the label matrix."""
    classes = params.task.classes
    train = [votes[split == "train"] for _, votes, split in progress(_shards(), "reading votes")]
    if not sum(map(len, train)):
        raise LabelModelError(f"{paths.CLEAN}: no row is of split train, so there is nothing to fit a label model on.")
    model = _make(params.fit_label_model, len(classes)).fit(pd.concat(train, ignore_index=True))
    for warning in model.diagnostics_["warnings"]:
        log.warning("label model: %s", warning)
    model.save(paths.LABEL_MODEL)

    covered, undecided, n_rows, confidence = 0, 0, 0, 0.0
    mass = np.zeros(len(classes))
    with storage.shard_writer(paths.PROBS) as write:
        for ids, votes, _ in progress(_shards(), "predicting"):
            probs, preds, is_covered = model.predict_proba(votes), model.predict(votes), model.covered(votes)
            columns = {f"p_{name}": probs[:, y] for y, name in enumerate(classes)}
            write(pd.DataFrame({"id": ids, "covered": is_covered, "pred": preds, **columns}))
            n_rows, covered = n_rows + len(ids), covered + int(is_covered.sum())
            undecided += int((is_covered & (preds < 0)).sum())
            confidence += float(probs[is_covered].max(axis=1).sum())
            mass += probs[is_covered].sum(axis=0)
    facts = {
        "rows": n_rows,
        "covered_share": covered / max(n_rows, 1),
        "tied_share": undecided / max(n_rows, 1),
        "mean_confidence": confidence / max(covered, 1),
        **{f"mass_{name}": part / max(covered, 1) for name, part in zip(classes, mass.tolist(), strict=True)},
        "converged": int(model.diagnostics_["converged"]),
        "rounds": model.diagnostics_["rounds"],
        "overturned": model.diagnostics_["overturned"],
        "warnings": len(model.diagnostics_["warnings"]),
    }
    storage.write_json(paths.metrics("fit_label_model"), facts)
    log.info(
        "%s fitted on %d train rows in %d rounds; %.1f %% of %d rows are covered",
        params.fit_label_model.kind,
        sum(map(len, train)),
        facts["rounds"],
        100 * facts["covered_share"],
        n_rows,
    )


def _make(params: FitLabelModelParams, cardinality: int) -> label_model.LabelModel:
    rounds = {} if params.kind == "majority_vote" else {"max_iter": params.max_iter, "tol": params.tol}
    return label_model.make(params.kind, cardinality=cardinality, class_balance=params.class_balance, **rounds)


def _shards() -> Iterator[tuple[pd.Series, pd.DataFrame, NDArray[np.object_]]]:
    """Ids, votes and splits, shard by shard, once they are seen to be of the same rows."""
    clean = storage.iter_shards(paths.CLEAN, columns=["id", "split"])
    for number, (matrix, rows) in enumerate(zip(storage.iter_shards(paths.LABEL_MATRIX), clean, strict=True)):
        if not matrix["id"].equals(rows["id"]):
            raise DataError(
                f"{paths.LABEL_MATRIX}: shard {number} has other rows than that of {paths.CLEAN}. "
                "Make it again with `dvc repro label`."
            )
        yield matrix["id"], matrix.drop(columns="id"), rows["split"].to_numpy(dtype=object)
