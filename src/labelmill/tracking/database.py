"""Where MLflow's data lies, and how it is opened: created once, by one process, quietly."""

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from labelmill import paths, storage, telemetry
from labelmill.errors import LabelmillError, TrackingError
from labelmill.settings import load_settings
from labelmill.tracking.names import HEADLINE

if TYPE_CHECKING:
    from mlflow import MlflowClient

ARTIFACTS = Path("mlartifacts")
_SQLITE = "sqlite:///"
_WAIT_S = 120.0
# MLflow's defaults retry for minutes; the results are safe in files and can be logged at any time.
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


def tracking_uri() -> str:
    """Where MLflow lies, a relative SQLite path taken from the (main) project folder."""
    project = paths.main_project()
    uri = load_settings().mlflow_uri
    if not uri.startswith(_SQLITE):
        return uri
    return f"{_SQLITE}{project / uri.removeprefix(_SQLITE)}"


def database_file() -> Path | None:
    """The SQLite file; None where MLflow is a server or another database."""
    uri = tracking_uri()
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def artifact_folder() -> Path | None:
    """Where runs keep their files, absolute as MLflow wants it; None where a server decides."""
    return None if tracking_uri().startswith("http") else paths.main_project() / ARTIFACTS


@contextmanager
def connected() -> Iterator["MlflowClient"]:
    """Yield a client, as the only process of this project that writes to MLflow.

    The lock is needed twice: processes that open a fresh SQLite file at once crash in its migrations
    (mlflow/mlflow#6490), and two of them would log the same run twice.

    Raises
    ------
    TrackingError
        MLflow cannot be reached, is damaged or refuses what it is given.
    """
    telemetry.switch_off()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with storage.exclusive(paths.main_project() / paths.CACHE / "locks" / "mlflow.lock", wait_s=_WAIT_S):
        file = database_file()
        if file is not None:
            _check_sqlite(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            _quieten()
            mlflow.set_tracking_uri(tracking_uri())
            mlflow.set_registry_uri(tracking_uri())
            try:
                if file is not None and not file.exists():
                    _make(file)
                yield mlflow.MlflowClient()
            except LabelmillError:
                raise
            except (MlflowException, SQLAlchemyError, OSError) as error:
                raise unreachable(_first_line(error)) from error


def experiment_id(client: "MlflowClient", name: str) -> str:
    """The id of an experiment, which is made, or taken out of the bin, where needed."""
    found = client.get_experiment_by_name(name)
    if found is None:
        folder = artifact_folder()
        # What kind of pages to show, and which metric is drawn first.
        tags = {"mlflow.experimentKind": "custom_model_development", "mlflow.experiment.primaryMetric.name": HEADLINE}
        return client.create_experiment(name, artifact_location=folder.as_uri() if folder else None, tags=tags)
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return found.experiment_id


def page(experiment_id: str) -> str:
    """Where the runs are to be seen, in words; without the query MLflow opens its pages for language models."""
    uri = tracking_uri()
    server = uri.rstrip("/") if uri.startswith("http") else "http://127.0.0.1:5000"
    start = "" if uri.startswith("http") else "`mlflow ui`, then "
    return f"{start}{server}/#/experiments/{experiment_id}/runs?workflowType=machine_learning"


def unreachable(reason: str) -> TrackingError:
    """The error for an MLflow that does not do its part."""
    shown = tracking_uri()
    if "@" in shown:  # a password has no place in a message
        shown = f"{shown.split('://')[0]}://…@{shown.rsplit('@', 1)[1]}"
    return TrackingError(
        f"{shown}: MLflow did not take the run: {reason}. "
        "All results are safe in files: once MLflow is there again, `labelmill track` logs them."
    )


def _make(file: Path) -> None:
    """Let MLflow make its tables elsewhere, and put them in place when they are done.

    It makes them in some dozens of steps, and with what a kill between two of them leaves it never starts again.
    """
    import mlflow

    unfinished = paths.main_project() / paths.CACHE / "new_mlflow.db"
    unfinished.unlink(missing_ok=True)
    mlflow.MlflowClient(tracking_uri=f"{_SQLITE}{unfinished}").search_experiments(max_results=1)
    storage.copy_file(unfinished, file)
    unfinished.unlink()


def _check_sqlite(file: Path) -> None:
    """MLflow tries a damaged file for minutes before it gives up, so look first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=30)) as connection:
            connection.execute("select count(*) from sqlite_master").fetchone()
            fault = connection.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        fault = str(error)
    if fault != "ok":
        raise TrackingError(
            f"{file}: is a damaged database ({fault}). `labelmill track --rebuild` puts it aside and "
            "makes a new one from the files of the project."
        )


def _quieten() -> None:
    """MLflow and its migrations tell hundreds of lines that are about themselves."""
    for name in ("mlflow", "alembic", "sqlalchemy"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300].rstrip(".") if lines else type(error).__name__
