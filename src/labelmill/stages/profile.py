"""Stage `profile`: what rows, votes and scores looked like in training, for new rows to be compared with."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.errors import DataError
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.quality.drift.rows import Rows

PARAMS = ("task", "train", "drift")
READS = (
    paths.CLEAN,
    paths.LABEL_MATRIX,
    paths.LF_ERRORS,
    paths.LF_KEYS,
    paths.PROBS,
    paths.FEATURES,
    paths.LABEL_MODEL,
    paths.END_MODEL,
    paths.GOLD_DEV,
)
WRITES = (paths.REFERENCE, paths.metrics("profile"))

_SPLITS = ("train", "dev", "gate")
"""All of the period of training; rows of split test come later by design."""

_log = logging.getLogger(__name__)


def run(params: Params) -> None:
    """Write the reference and its numbers."""
    from labelmill.quality.drift.reference import Reference
    from labelmill.quality.profile import MadeFrom, save_profile

    keys = storage.read_table(paths.LF_KEYS)  # of those that voted: `lfs/` may have been edited since
    lfs = dict(zip(keys["lf"], keys["key"], strict=True))
    tables = {"data": paths.CLEAN, "label_matrix": paths.LABEL_MATRIX, "probs": paths.PROBS}
    made_from = MadeFrom.of(
        params.task,
        lfs,
        label_model=storage.folder_hash(paths.LABEL_MODEL),
        end_model=storage.folder_hash(paths.END_MODEL),
    )
    made_from = replace(made_from, tables={name: storage.folder_hash(path) for name, path in tables.items()})
    figures = {"rows": 0, "covered": 0, "scored": 0, "gold": 0}
    parts = _counted(_parts(params, made_from.schema.lf_names), figures)
    reference = Reference.of(parts, made_from.schema, seed=params.task.seed, sample_rows=params.drift.sample_rows)
    save_profile(paths.REFERENCE, reference, made_from)
    storage.write_json(paths.metrics("profile"), {**figures, "lfs": len(lfs)})
    _log.info(
        "%s rows of training are the reference; the end model had no part in %s of them, %s have gold",
        *(f"{figures[name]:,}" for name in ("rows", "scored", "gold")),
    )


def _parts(params: Params, lf_names: tuple[str, ...]) -> Iterator[Rows]:
    """Rows of the period of training, shard by shard, with all that is known of them."""
    from labelmill.end_model.matrix import featurizer_hash, read_features
    from labelmill.end_model.model import EndModel
    from labelmill.end_model.train import held_out

    X, ids, _ = read_features(paths.FEATURES)
    model = EndModel.load(paths.END_MODEL)
    model.check_featurizer(featurizer_hash(paths.FEATURES))
    model.check_classes(params.task.classes)
    # Where too few rows were held out, the end model was trained on these as well.
    share = params.train.valid_share if model.facts.get("valid_rows", 0) else 0.0
    errors = storage.read_table(paths.LF_ERRORS, ["lf", "id"])
    tables = zip_longest(*(storage.iter_shards(path) for path in (paths.CLEAN, paths.LABEL_MATRIX, paths.PROBS)))
    start = 0
    for number, shards in enumerate(progress(tables, "reading rows")):
        frame, votes, probs = _same_rows(number, shards)
        span, start = slice(start, start + len(frame)), start + len(frame)
        if not np.array_equal(ids.iloc[span], frame["id"]):
            raise DataError(f"{paths.FEATURES}: has other rows than {paths.CLEAN}. Make it again with `dvc repro`.")
        kept = frame["split"].isin(_SPLITS).to_numpy()
        frame = frame[kept].reset_index(drop=True)
        unseen = (frame["split"] != "train").to_numpy() | held_out(frame["id"], share)
        scores = model.predict_proba(X[span][kept])
        scores[~unseen] = np.nan
        yield Rows(
            frame=frame.drop(columns="split"),
            L=votes[list(lf_names)].to_numpy(np.int8)[kept],
            probs=probs[[f"p_{name}" for name in params.task.classes]].to_numpy(np.float64)[kept],
            scores=scores,
            failed=failed_on(errors, frame["id"], lf_names),
            gold=storage.read_gold(paths.GOLD_DEV, frame["id"]),
        )


def _same_rows(number: int, shards: tuple[pd.DataFrame | None, ...]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    frame, votes, probs = shards
    if frame is None or votes is None or probs is None or not frame["id"].equals(votes["id"]):
        raise DataError(
            f"{paths.LABEL_MATRIX}: shard {number} has other rows than that of {paths.CLEAN}. "
            "Make it again with `dvc repro label`."
        )
    if not frame["id"].equals(probs["id"]):
        raise DataError(
            f"{paths.PROBS}: shard {number} has other rows than that of {paths.CLEAN}. "
            "Make it again with `dvc repro fit_label_model`."
        )
    return frame, votes, probs


def failed_on(errors: pd.DataFrame, ids: pd.Series, lf_names: tuple[str, ...]) -> "np.ndarray | None":
    """Which labeling function failed on which row, n x m, from lines of `lf` and `id`; None where none did."""
    rows = pd.Index(ids).get_indexer(errors["id"])
    columns = pd.Index(lf_names).get_indexer(errors["lf"])
    known = (rows >= 0) & (columns >= 0)
    if not known.any():
        return None
    failed = np.zeros((len(ids), len(lf_names)), dtype=bool)
    failed[rows[known], columns[known]] = True
    return failed


def _counted(parts: Iterator[Rows], figures: dict[str, int]) -> Iterator[Rows]:
    """The parts as they are, their rows counted on the way."""
    for part in parts:
        figures["rows"] += len(part)
        figures["covered"] += int((part.L >= 0).any(axis=1).sum())
        figures["scored"] += int(np.isfinite(part.scores).all(axis=1).sum())
        figures["gold"] += 0 if part.gold is None else int((part.gold >= 0).sum())
        yield part
