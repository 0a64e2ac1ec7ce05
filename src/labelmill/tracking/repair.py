"""Bring MLflow back to what the files say: runs from their records, aliases from results and champion."""

import itertools
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelmill import paths, storage
from labelmill.errors import CorruptFileError, StorageError, TrackingError
from labelmill.tracking import database, record, runs
from labelmill.tracking.record import Record

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

CHAMPION = "champion"


def check() -> list[str]:
    """Compare MLflow with the files; set aliases right, and say in words what else is wrong.

    Returns
    -------
    One sentence per problem, with what to do about it. Empty where all is well, and where nothing
    was tracked yet.
    """
    records, problems = _readable_records()
    if not records:
        return problems
    file = database.database_file()
    if file is not None and not file.exists():
        return [*problems, f"{file}: there is no such database. {_rebuild(len(records))}"]
    try:
        if _was_moved(records):
            return [
                *problems,
                f"{file}: was made in another folder, and looks for its files there. {_rebuild(len(records))}",
            ]
        with database.connected() as client:
            problems += _lost(client, records)
            problems += _end_abandoned(client, records)
            problems += _mirror_challenger(client)
            problems += _mirror_champion(client)
    except TrackingError as error:
        problems.append(str(error))
    return problems


def rebuild() -> list[str]:
    """Log every recorded run that MLflow lacks, and return the names of these runs.

    A damaged database, or one that was made in another folder, is put aside first. Runs whose
    artifacts or model are gone from project and `mlartifacts/` come back without these.
    """
    records, problems = _readable_records()
    for problem in problems:
        log.warning("%s", problem)
    _put_aside_unusable(records)
    restored = []
    with database.connected() as client:
        for run in records:
            experiment_id = database.experiment_id(client, run.experiment)
            if runs.finished(client, experiment_id, run.key) is not None:
                continue
            again = runs.log_record(client, experiment_id, run, files_from=_old_artifacts(run))
            # Without it the run would seem to have lasted from the day of the results until now.
            client.set_terminated(str(again.run_id), end_time=int(run.created.timestamp() * 1000))
            again.save()
            restored.append(run.run_name)
            _point_tracked_to(again)
        _mirror_challenger(client)
        _mirror_champion(client)
    log.info("%d of %d runs were missing in MLflow and are there again", len(restored), len(records))
    return restored


def mirror_champion() -> list[str]:
    """Set MLflow's alias `champion` to what `state/champion.json` says; return what hinders it.

    It does not raise where MLflow is not there: the file decides who is champion, the alias follows later.
    """
    try:
        with database.connected() as client:
            return _mirror_champion(client)
    except TrackingError as error:
        return [f"{error} `labelmill track --check` sets the alias then."]


def _mirror_champion(client: "MlflowClient") -> list[str]:
    file = paths.main_project() / paths.STATE / "champion.json"
    if not file.exists():
        return []
    entry = storage.read_json(file)
    sha256 = entry.get("sha256") if isinstance(entry, dict) else None
    versions = client.search_model_versions(f"tags.model_sha256 = '{sha256}'")
    if not versions:
        return [
            f"{file}: MLflow knows no model with SHA-256 {str(sha256)[:12]}…. "
            "`labelmill track --rebuild` may bring it back."
        ]
    newest = max(versions, key=lambda version: int(version.version))
    _set_alias(client, newest.name, CHAMPION, newest.version)
    return []


def _mirror_challenger(client: "MlflowClient") -> list[str]:
    """The challenger is the model of the current results, also after these were restored from an earlier run."""
    tracked = _tracked()
    if tracked is None:
        return []
    experiment = client.get_experiment_by_name(tracked["experiment"])
    run = runs.finished(client, experiment.experiment_id, tracked["key"]) if experiment else None
    if run is None:
        return [f"{paths.TRACKED}: its run {tracked['run_name']} is not in MLflow. Run `labelmill track`."]
    versions = client.search_model_versions(f"run_id = '{run.info.run_id}'")
    if versions:
        _set_alias(client, versions[0].name, runs.CHALLENGER, versions[0].version)
    return []


def _set_alias(client: "MlflowClient", name: str, alias: str, version: Any) -> None:
    if str(client.get_registered_model(name).aliases.get(alias)) != str(version):
        client.set_registered_model_alias(name, alias, str(version))
        log.info("alias %s of model %s is version %s now", alias, name, version)


def _lost(client: "MlflowClient", records: list[Record]) -> list[str]:
    problems = []
    for run in records:
        experiment = client.get_experiment_by_name(run.experiment)
        if experiment is None or runs.finished(client, experiment.experiment_id, run.key) is None:
            problems.append(
                f"run {run.run_name} ({run.key[:12]}…) is not in MLflow. `labelmill track --rebuild` logs it again."
            )
    return problems


def _end_abandoned(client: "MlflowClient", records: list[Record]) -> list[str]:
    """A run that still seems to run was killed: this process holds the lock of all that log."""
    for name in sorted({run.experiment for run in records}):
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            continue
        for run in client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'"):
            if "labelmill.key" in run.data.tags:
                client.set_terminated(run.info.run_id, "KILLED")
                log.info("run %s was killed while it was logged; it is marked so now", run.info.run_name)
    return []


def _readable_records() -> tuple[list[Record], list[str]]:
    readable, problems = [], []
    for path in sorted((paths.main_project() / paths.RUNS).glob("*.json")):
        try:
            readable.append(record.read(path))
        except (CorruptFileError, StorageError) as error:
            problems.append(str(error))
    return sorted(readable, key=lambda run: (run.created, run.key)), problems


def _was_moved(records: list[Record]) -> bool:
    """MLflow stores absolute paths and cannot change them; look without it, since it keeps databases open."""
    file, folder = database.database_file(), database.artifact_folder()
    if file is None or folder is None or not file.exists():
        return False
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        rows = connection.execute("select name, artifact_location from experiments").fetchall()
    ours = {run.experiment for run in records}
    return any(name in ours and location != folder.as_uri() for name, location in rows)


def _put_aside_unusable(records: list[Record]) -> None:
    file = database.database_file()
    if file is None or not file.exists():
        return
    try:
        usable = not _was_moved(records)
    except sqlite3.Error:
        usable = False
    if not usable:
        names = (file.with_name(f"{file.name}.{number}.old") for number in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        file.replace(aside)
        log.info("%s cannot be used any more; it is kept as %s", file.name, aside.name)


def _old_artifacts(run: Record) -> Path | None:
    """Where the files of an earlier logging of this run lie, wherever the project was then."""
    folder = database.artifact_folder()
    if folder is None or run.run_id is None:
        return None
    return folder / run.run_id / "artifacts"


def _point_tracked_to(run: Record) -> None:
    tracked = _tracked()
    if tracked is not None and tracked["key"] == run.key:
        runs.write_tracked(run)


def _tracked() -> dict[str, Any] | None:
    return storage.read_json(paths.TRACKED) if paths.TRACKED.exists() else None


def _rebuild(count: int) -> str:
    return f"`labelmill track --rebuild` makes it again from {count} recorded run{'s' if count > 1 else ''}."
