"""One run in MLflow: logged whole, once."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelmill import paths, storage
from labelmill.params import Params
from labelmill.tracking import database, model, record
from labelmill.tracking.record import Record

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

log = logging.getLogger(__name__)

CHALLENGER = "challenger"


def track_run(params: Params) -> str:
    """Log the current results to MLflow, unless they are there already.

    The record of the run is written first, so that nothing is lost when MLflow is not there.

    Returns
    -------
    The run's id. `reports/tracked.json` names it, its model version and the hash of what went in.

    Raises
    ------
    TrackingError
        MLflow cannot be reached; calling again is safe.
    """
    run = record.gather(params)
    run.save()
    with database.connected() as client:
        experiment_id = database.experiment_id(client, run.experiment)
        existing = finished(client, experiment_id, run.key)
        if existing is None:
            run = log_record(client, experiment_id, run)
            log.info("run %s logged to MLflow; to compare runs: %s", run.run_name, database.page(experiment_id))
        else:
            run = _with_ids(client, run, existing.info.run_id)
            log.info("run %s is in MLflow already", run.run_name)
        if run.model is not None and run.model_version is not None:
            client.set_registered_model_alias(run.model.name, CHALLENGER, run.model_version)
        run.save()
    return write_tracked(run)


def write_tracked(run: Record) -> str:
    """Leave `reports/tracked.json`, and return the id of the run."""
    if run.run_id is None:
        raise ValueError(f"run {run.run_name} was not logged yet, so there is nothing to point to")
    content = run.model_dump(include={"key", "run_id", "run_name", "experiment", "model_version"})
    storage.write_json(paths.TRACKED, {**content, "model": run.model.name if run.model else None})
    return run.run_id


def finished(client: "MlflowClient", experiment_id: str, key: str) -> "Run | None":
    """The run that holds the results of `key`, if it was logged to its end."""
    runs = (run for run in with_key(client, experiment_id, key) if run.info.status == "FINISHED")
    return next(runs, None)


def with_key(client: "MlflowClient", experiment_id: str, key: str) -> "list[Run]":
    """All runs of `key` that are not in the bin, the newest first."""
    return list(client.search_runs([experiment_id], f"tags.`labelmill.key` = '{key}'"))


def log_record(client: "MlflowClient", experiment_id: str, run: Record, *, files_from: Path | None = None) -> Record:
    """Log a record and return it with the ids that MLflow gave it.

    Parameters
    ----------
    files_from
        Folder with the artifacts of an earlier logging of the same record, to take those from whose
        files in the project are gone or newer.
    """
    import mlflow

    for leftover in with_key(client, experiment_id, run.key):  # of a logging that was killed
        _discard(client, leftover.info.run_id, run)
    made = client.create_run(
        experiment_id, start_time=int(run.created.timestamp() * 1000), tags=run.tags, run_name=run.run_name
    )
    run_id: str = made.info.run_id
    with mlflow.start_run(run_id=run_id, log_system_metrics=False):  # ends FINISHED, or FAILED on an error
        _log_values(client, run_id, run)
        for path, source in _sources(run, files_from):
            client.log_artifact(run_id, str(source), artifact_path=_parent(path))
        if paths.DVC_LOCK.exists():
            client.log_artifact(run_id, str(paths.DVC_LOCK))
        version = model.register(client, run)
    return run.model_copy(update={"run_id": run_id, "model_version": version})


def _log_values(client: "MlflowClient", run_id: str, run: Record) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

    time_ms = int(run.created.timestamp() * 1000)
    params = [Param(name, value) for name, value in run.params.items()]
    metrics = [Metric(name, value, time_ms, 0) for name, value in run.metrics.items()]
    for step, row in enumerate(run.curve):
        epoch = int(row.get("epoch", step))
        metrics += [Metric(f"train/{name}", value, time_ms, epoch) for name, value in row.items() if name != "epoch"]
    for start in range(0, len(params), 100):  # the most that MLflow takes at once
        client.log_batch(run_id, params=params[start : start + 100])
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics=metrics[start : start + 1000])
    client.log_inputs(
        run_id,
        [
            DatasetInput(
                Dataset(
                    name=data.name,
                    digest=data.digest,
                    source_type="local",
                    source=json.dumps({"uri": data.path}),
                    profile=json.dumps({"num_rows": data.rows}),
                ),
                [InputTag("mlflow.data.context", data.role), InputTag("manifest_sha256", data.sha256)],
            )
            for data in run.datasets
        ],
    )


def _sources(run: Record, files_from: Path | None) -> Iterator[tuple[str, Path]]:
    """Where the bytes of each file of the record are still to be had."""
    for path, sha256 in run.files.items():
        places = [Path(path), *([files_from / path] if files_from else [])]
        found = next((place for place in places if place.is_file() and storage.sha256_file(place) == sha256), None)
        if found is not None:
            yield path, found


def _parent(path: str) -> str | None:
    parent = Path(path).parent.as_posix()
    return None if parent == "." else parent


def _discard(client: "MlflowClient", run_id: str, run: Record) -> None:
    if run.model is not None:
        for version in _versions(client, run, run_id):
            client.delete_model_version(run.model.name, version.version)
    client.delete_run(run_id)


def _versions(client: "MlflowClient", run: Record, run_id: str) -> list[Any]:
    return list(client.search_model_versions(f"run_id = '{run_id}'"))


def _with_ids(client: "MlflowClient", run: Record, run_id: str) -> Record:
    versions = _versions(client, run, run_id) if run.model else []
    return run.model_copy(update={"run_id": run_id, "model_version": str(versions[0].version) if versions else None})
