"""What a run is: everything that MLflow is told about it, gathered from files, and kept in a file.

`reports/runs/<key>.json` outlives the database, which is rebuilt from these records.
"""

import datetime as dt
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from labelmill import paths, storage
from labelmill.errors import CorruptFileError
from labelmill.params import Params
from labelmill.tracking import names, provenance
from labelmill.tracking.provenance import Dataset

MEASURED = ("evaluate", "ingest", "validate", "label", "fit_label_model", "featurize", "train", "baselines")
"""Stages whose `reports/metrics/<stage>.json` a run carries; a run's page shows them in this order."""

TABLES = (
    ("clean", paths.CLEAN, "rows"),
    ("label_matrix", paths.LABEL_MATRIX, "votes"),
    ("probs", paths.PROBS, "labels"),
)
"""The versioned tables behind a run: name, path, role."""

REPORTS = (
    paths.REPORT,
    paths.MODEL_CARD,
    paths.DATA_CARD,
    paths.VALIDATION_PAGE,
    paths.LF_SUMMARY,
    paths.LEAK_PROBE,
    paths.LEARNING_CURVE,
    paths.CALIBRATION_CURVE,
    paths.PRECISION_RECALL_CURVE,
    paths.CONFUSION,
)
"""Reports that a run carries as artifacts, beside the metrics files and `params.yaml`."""

MEASURES = {"balanced_accuracy": "balanced accuracy", "f1": "F1", "pr_auc": "PR-AUC"}
"""The measures that descriptions name, and how."""


class ModelRecord(BaseModel):
    """The end model of a run: the hashes of its two folders, and what it takes and gives."""

    model_config = ConfigDict(frozen=True)

    name: str
    sha256: str
    featurizer_sha256: str
    required_columns: tuple[str, ...]
    optional_columns: tuple[str, ...]
    classes: tuple[str, ...]


class Record(BaseModel):
    """One run, whole."""

    model_config = ConfigDict(frozen=True)

    key: str
    experiment: str
    run_name: str
    created: dt.datetime
    params: dict[str, str]
    metrics: dict[str, float]
    curve: list[dict[str, float]]
    tags: dict[str, str]
    datasets: list[Dataset]
    files: dict[str, str]
    model: ModelRecord | None

    run_id: str | None = None
    model_version: str | None = None

    @property
    def path(self) -> Path:
        """Where the record is kept: in the main work tree, also for experiments in a copy."""
        return paths.main_project() / paths.RUNS / f"{self.key}.json"

    def save(self) -> None:
        """Write the record to its place."""
        storage.write_json(self.path, self.model_dump(mode="json"))


def gather(params: Params) -> Record:
    """Read the files that the stages left and say what the run is.

    The same files and params give the same key. The first call for a key fixes date, name and git
    state; later ones return these again.
    """
    model = _model(params)
    content: dict[str, Any] = {
        "params": names.flat_params(params.model_dump(mode="json", by_alias=True)),
        "metrics": _metrics(),
        "curve": _curve(paths.LEARNING_CURVE),
        "datasets": [provenance.dataset(*table) for table in TABLES],
        "files": {path.as_posix(): storage.sha256_file(path) for path in _files()},
        "model": model,
    }
    made_from = provenance.made_from(params)
    inputs = {
        **{part: content[part] for part in ("params", "metrics", "files")},
        "datasets": {data.path: data.sha256 for data in content["datasets"]},
        "label_model": storage.folder_hash(paths.LABEL_MODEL),
        "end_model": storage.folder_hash(paths.END_MODEL),
        "featurizer": storage.folder_hash(paths.FEATURIZER),
        "lf_set": made_from["lf_set"],
    }
    key = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    known = paths.main_project() / paths.RUNS / f"{key}.json"
    if known.exists():
        return read(known)
    created = dt.datetime.now(dt.UTC).replace(microsecond=0)
    commit, dirty = provenance.git_state(Path.cwd())
    kind = params.fit_label_model.kind
    tags = {
        "labelmill.key": key,
        "labelmill.version": version("labelmill"),
        "label_model": kind,
        "end_model": params.train.model,
        "lf_set_hash": made_from["lf_set"],
        "mlflow.source.name": "labelmill track",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": _description(content["metrics"]),
        **{f"made_from.{name}": made for name, made in made_from.items()},
    }
    if commit:
        tags |= {"git_commit": commit, "git_dirty": str(dirty).lower(), "mlflow.source.git.commit": commit}
    # What tells runs apart comes first: MLflow's table shows about twenty characters, and the date beside them.
    run_name = f"{kind}-{created:%Y-%m-%d}-{commit[:7] if commit else 'nogit'}"
    return Record(key=key, experiment=params.task.name, run_name=run_name, created=created, tags=tags, **content)


def read(path: Path) -> Record:
    """Read one record; the message of the error says which is damaged."""
    try:
        return Record.model_validate(storage.read_json(path))
    except ValidationError as error:
        raise CorruptFileError(
            f"{path}: is no record of a run ({error.error_count()} faults). Remove it; "
            "`labelmill track` writes that of the current results again."
        ) from error


def _files() -> list[Path]:
    files = [paths.PARAMS, *REPORTS, *(paths.metrics(stage) for stage in MEASURED)]
    return [path for path in files if path.exists()]


def _metrics() -> dict[str, float]:
    flat: dict[str, float] = {}
    for stage in MEASURED:
        if paths.metrics(stage).exists():
            flat |= names.flat_metrics(stage, storage.read_json(paths.metrics(stage)))
    return flat


def _curve(path: Path) -> list[dict[str, float]]:
    """The learning curve, one dict per epoch; the columns other than `epoch` become metrics with steps."""
    if not path.exists():
        return []
    table = pd.read_csv(path)
    numbers = table.select_dtypes("number")
    return [{str(k): float(v) for k, v in row.items() if pd.notna(v)} for row in numbers.to_dict("records")]


def _model(params: Params) -> ModelRecord | None:
    if not params.track.register_model:
        return None
    columns = (*params.featurize.numeric_columns, *params.featurize.categorical_columns)
    return ModelRecord(
        name=params.task.name,
        sha256=storage.folder_hash(paths.END_MODEL),
        featurizer_sha256=storage.folder_hash(paths.FEATURIZER),
        required_columns=params.task.text_columns,
        optional_columns=tuple(name for name in columns if name not in params.task.text_columns),
        classes=params.task.classes,
    )


def _description(metrics: dict[str, float]) -> str:
    """A small table for the head of the run's page."""
    systems = ("end_model", "label_model", "majority_vote", "gold_dev", "gold_train")
    lines = [f"| on test | {' | '.join(MEASURES.values())} |", "|---|" + "---|" * len(MEASURES)]
    for system in systems:
        values = [metrics.get(f"test/{system}.{measure}") for measure in MEASURES]
        if any(value is not None for value in values):
            cells = ("" if value is None else f"{value:.3f}" for value in values)
            lines.append(f"| {system.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""
