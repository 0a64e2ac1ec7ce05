"""Reads what the stages left behind; what is not there is None, and its section of the page says so."""

import importlib.metadata
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

import labelmill
from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.params import Params
from labelmill.report import disagreements, votes

if TYPE_CHECKING:
    from labelmill.label_model.base import LabelModel

COUNTED = ("ingest", "validate", "label", "fit_label_model", "featurize", "train", "baselines")
"""Stages whose numbers are listed; those of stage track would make the page depend on the run before."""

READS = (
    paths.LFS,
    paths.CLEAN,
    paths.STREAM,
    paths.QUARANTINE,
    paths.LABEL_MATRIX,
    paths.LF_SUMMARY,
    paths.PROBS,
    paths.LABEL_MODEL,
    paths.FEATURES,
    paths.END_MODEL,
    paths.LEARNING_CURVE,
    *(paths.metrics(stage) for stage in COUNTED),
)
"""What the report reads beside the files of stage evaluate itself; none of them is required."""

TOP_PATTERNS = 24

Content = TypeVar("Content")


@dataclass(frozen=True)
class Gathered:
    """All that the report is made of."""

    params: Params
    metrics: dict[str, Any]
    scores: dict[str, Any] | None
    lf_summary: pd.DataFrame | None
    label_model: "LabelModel | None"
    votes: votes.VotePicture | None
    splits: dict[str, int] | None
    disputed: list[disagreements.Disagreement] | None
    learning_curve: pd.DataFrame | None
    calibration: pd.DataFrame | None
    precision_recall: pd.DataFrame | None
    confusion: pd.DataFrame | None
    leak_probe: dict[str, Any] | None
    fingerprints: dict[str, str]
    versions: dict[str, str]


def gather(params: Params) -> Gathered:
    """Read everything in the current project folder that the report shows.

    Raises
    ------
    CorruptFileError
        A file is there but damaged.
    """
    scores = _if_there(paths.metrics("evaluate"), storage.read_json)
    predictions = _if_there(paths.PREDICTIONS, storage.read_table)
    label_model = _if_there(paths.LABEL_MODEL, _label_model)
    return Gathered(
        params=params,
        metrics=_metrics(),
        scores=None if scores is None else scores.get("test"),
        lf_summary=_if_there(paths.LF_SUMMARY, _read_csv),
        label_model=label_model,
        votes=_if_there(paths.LABEL_MATRIX, lambda path: votes.picture(storage.iter_shards(path), top=TOP_PATTERNS)),
        splits=_splits(),
        disputed=None
        if predictions is None
        else disagreements.most_disputed(
            predictions, params.task, count=params.evaluate.disagreements, label_model=label_model
        ),
        learning_curve=_if_there(paths.LEARNING_CURVE, _read_csv),
        calibration=_if_there(paths.CALIBRATION_CURVE, _read_csv),
        precision_recall=_if_there(paths.PRECISION_RECALL_CURVE, _read_csv),
        confusion=_if_there(paths.CONFUSION, _read_csv),
        leak_probe=_if_there(paths.LEAK_PROBE, storage.read_json),
        fingerprints=_fingerprints(),
        versions=_versions(),
    )


def _if_there(path: Path, read: Callable[[Path], Content]) -> Content | None:
    return read(path) if path.exists() else None


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        # Names such as "NA" and "null" are names here.
        return pd.read_csv(path, keep_default_na=False, na_values=[""])
    except ValueError as error:
        raise CorruptFileError(f"{path}: is not a table ({error}). Make it again with `dvc repro`.") from error


def _metrics() -> dict[str, Any]:
    files = {stage: paths.metrics(stage) for stage in COUNTED}
    return {stage: storage.read_json(path) for stage, path in files.items() if path.exists()}


def _label_model(path: Path) -> "LabelModel":
    from labelmill import label_model

    return label_model.load(path)


def _splits() -> dict[str, int] | None:
    if not paths.CLEAN.exists():
        return None
    counts: dict[str, int] = {}
    for shard in storage.iter_shards(paths.CLEAN, ["split"]):
        for split, count in shard["split"].value_counts().items():
            counts[str(split)] = counts.get(str(split), 0) + int(count)
    ordered = {split: counts.pop(split) for split in ("train", "dev", "gate", "test") if split in counts} | counts
    if paths.STREAM.exists():
        ordered["incoming"] = storage.count_rows(paths.STREAM)
    if paths.QUARANTINE.exists():
        ordered["quarantined"] = len(storage.read_table(paths.QUARANTINE))
    return ordered


def _fingerprints() -> dict[str, str]:
    prints = {"code": storage.source_hash(Path(labelmill.__file__).parent)[:12]}
    if paths.LFS.is_dir():
        prints["labeling functions"] = storage.source_hash(paths.LFS)[:12]
    folders = {
        "clean rows": paths.CLEAN,
        "votes": paths.LABEL_MATRIX,
        "label model": paths.LABEL_MODEL,
        "probabilistic labels": paths.PROBS,
        "features": paths.FEATURES,
        "end model": paths.END_MODEL,
    }
    return prints | {name: storage.folder_hash(path)[:12] for name, path in folders.items() if path.exists()}


def _versions() -> dict[str, str]:
    python = {"Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    packages = ("labelmill", "torch", "lightning", "scikit-learn", "scipy", "numpy", "pandas", "pyarrow")
    return python | {name: importlib.metadata.version(name) for name in packages}
