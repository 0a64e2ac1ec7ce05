"""Learn from the votes how far to trust each labeling function; give every row its probabilities."""

import inspect
import logging
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import label_model, paths, storage
from labelmill.arrays import UNKNOWN, Votes
from labelmill.errors import DataError, LabelModelError
from labelmill.label_model.stored import rows_of, stored_votes
from labelmill.params import FitLabelModelParams, Params
from labelmill.progress import progress

PARAMS = ("task", "fit_label_model")
READS = (paths.LABEL_MATRIX, paths.SOFT_VOTES, paths.CLEAN)
WRITES = (paths.PROBS, paths.LABEL_MODEL, paths.metrics("fit_label_model"))

log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Fit on the votes of the train rows, no gold, and predict every row of the label matrix."""
    n_train = sum(int((rows["split"] == "train").sum()) for rows in storage.iter_shards(paths.CLEAN, columns=["split"]))
    if not n_train:
        raise LabelModelError(f"{paths.CLEAN}: no row is of split train, so there is nothing to fit a label model on.")
    model = _make(params.fit_label_model, params.task.cardinality).fit(label_model.VoteStream(_train_votes))
    for warning in model.diagnostics_["warnings"]:
        log.warning("label model: %s", warning)
    _log_balance(model, params.task.classes)
    model.save(paths.LABEL_MODEL)
    facts = _predict(model, params.task.classes)
    storage.write_json(paths.metrics("fit_label_model"), facts)
    rounds = f" in {facts['rounds']:.0f} rounds" if facts["rounds"] else ""
    log.info(
        "%s fitted on %s train rows%s; %.1f %% of %s rows are covered",
        params.fit_label_model.kind,
        f"{n_train:,}",
        rounds,
        100 * facts["covered_share"],
        f"{facts['rows']:,}",
    )


def _log_balance(model: label_model.LabelModel, classes: tuple[str, ...]) -> None:
    """Say what the class balance was estimated to be, where that was asked for."""
    if found := model.diagnostics_.get("class_balance"):
        shares = zip(classes, found["balance"], found["low"], found["high"], strict=True)
        told = ", ".join(f"{name} {share:.2f} ({low:.2f}-{high:.2f})" for name, share, low, high in shares)
        whence = "left uniform" if found["source"] == "uniform" else f"by {found['source']}"
        log.info("class balance %s, with 95 %% interval: %s", whence, told)


def _predict(model: label_model.LabelModel, classes: tuple[str, ...]) -> dict[str, float]:
    """Write the probabilities of every row, shard by shard, and return the stage's numbers."""
    rows, covered, undecided, confidence = 0, 0, 0, 0.0
    mass = np.zeros(len(classes))
    with storage.shard_writer(paths.PROBS) as write:
        for ids, votes, _ in progress(_shards(), "predicting"):
            probs, preds, has_votes = model.predict_proba(votes), model.predict(votes), model.covered(votes)
            columns = {f"p_{name}": probs[:, y] for y, name in enumerate(classes)}
            write(pd.DataFrame({"id": ids, "covered": has_votes, "pred": preds, **columns}))
            rows, covered = rows + len(ids), covered + int(has_votes.sum())
            undecided += int((has_votes & (preds == UNKNOWN)).sum())
            confidence += float(probs[has_votes].max(axis=1).sum())
            mass += probs[has_votes].sum(axis=0)
    return {
        "rows": rows,
        "covered_share": covered / max(rows, 1),
        "tied_share": undecided / max(rows, 1),
        "mean_confidence": confidence / max(covered, 1),
        **{f"mass_{name}": part / max(covered, 1) for name, part in zip(classes, mass.tolist(), strict=True)},
        "rounds": model.diagnostics_["rounds"],
        "converged": int(model.diagnostics_["converged"]),
        "overturned": model.diagnostics_["overturned"],
        "warnings": len(model.diagnostics_["warnings"]),
    }


def _make(params: FitLabelModelParams, cardinality: int) -> label_model.LabelModel:
    """Make the label model; `max_iter` and `tol` are for those that are fitted in rounds.

    Edges are somebody's knowledge: a kind that makes nothing of them is refused.
    """
    given = params.model_dump(exclude={"kind"})
    known = {kind: inspect.signature(model).parameters for kind, model in label_model.KINDS.items()}
    for key in ("edges", "no_edges"):
        if given[key] and key not in known[params.kind]:
            raise LabelModelError(
                f"fit_label_model.{key} has pairs of labeling functions, and kind {params.kind} makes nothing of them. "
                f"Leave {key} out, or take one of {', '.join(kind for kind in known if key in known[kind])}."
            )
    return label_model.make_known(params.kind, cardinality=cardinality, **given)


def _train_votes() -> Iterator[Votes]:
    for _, votes, split in progress(_shards(), "reading votes"):
        yield rows_of(votes, split == "train")


def _shards() -> Iterator[tuple[pd.Series, Votes, NDArray[np.object_]]]:
    """Ids, votes and splits, shard by shard, once they are seen to be of the same rows."""
    stored = stored_votes(paths.LABEL_MATRIX, paths.SOFT_VOTES)
    clean = storage.iter_shards(paths.CLEAN, columns=["id", "split"])
    for number, (part, rows) in enumerate(zip_longest(stored, clean)):
        if part is None or rows is None or not part[0].equals(rows["id"]):
            raise DataError(
                f"{paths.LABEL_MATRIX}: shard {number} has other rows than that of {paths.CLEAN}. "
                "Make it again with `dvc repro label`."
            )
        yield *part, rows["split"].to_numpy(dtype=object)
