"""The end model as an MLflow model: text in, probabilities out, features inside, no pickle."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import labelmill
from labelmill import paths, storage
from labelmill.storage.folders import MANIFEST
from labelmill.tracking.database import artifact_folder
from labelmill.tracking.record import MEASURES, ModelRecord, Record

if TYPE_CHECKING:
    from mlflow import MlflowClient

NEEDED = ("mlflow", "numpy", "pandas", "pyarrow", "pydantic", "safetensors", "scikit-learn", "scipy")
"""Distributions that the model needs where it is loaded (not torch); labelmill's own code travels with it."""


def register(client: "MlflowClient", record: Record) -> str | None:
    """Log the end model with the active run and register it; return its version.

    None where the run registers no model, or where its files are gone (a record of a past run).
    """
    model = record.model
    if model is None:
        return None
    folders = find(model)
    if folders is None:
        return None
    info = _log(model, folders)
    _ensure_registered_model(client, model.name)
    made = client.create_model_version(
        model.name,
        source=info.model_uri,
        run_id=client.get_logged_model(info.model_id).source_run_id,
        model_id=info.model_id,
        tags={
            "model_sha256": model.sha256,
            "featurizer_sha256": model.featurizer_sha256,
            "labelmill.key": record.key,
            "label_model": record.tags["label_model"],
            "classes": ", ".join(model.classes),
            **{name: made for name, made in record.tags.items() if name.startswith("made_from.")},
        },
        description=_in_a_line(record),
    )
    return str(made.version)


def find(model: ModelRecord) -> tuple[Path, Path] | None:
    """Folders that hold just this end model and featurizer: the current ones, kept champions, MLflow's own copies."""
    end_model = next((path for path in _places("end_model") if _is(path, model.sha256)), None)
    featurizer = next((path for path in _places("featurizer") if _is(path, model.featurizer_sha256)), None)
    if end_model is None or featurizer is None:
        return None
    storage.verify_folder(end_model)
    storage.verify_folder(featurizer)
    return end_model, featurizer


def _places(name: str) -> Iterator[Path]:
    yield {"end_model": paths.END_MODEL, "featurizer": paths.FEATURIZER}[name]
    yield from sorted((paths.main_project() / paths.STATE).glob(f"models/**/{name}"))
    artifacts = artifact_folder()
    if artifacts is not None:
        yield from sorted(artifacts.glob(f"models/*/artifacts/artifacts/{name}"))


def _is(path: Path, sha256: str) -> bool:
    return (path / MANIFEST).is_file() and storage.folder_hash(path) == sha256


def _log(model: ModelRecord, folders: tuple[Path, Path]) -> Any:
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import AnyType

    # Optional columns are numbers, booleans, lists: MLflow would refuse most of these as doubles.
    inputs: list[Any] = [ColSpec(DataType.string, name) for name in model.required_columns]
    inputs += [ColSpec(AnyType(), name, required=False) for name in model.optional_columns]
    outputs: list[Any] = [ColSpec(DataType.double, f"p_{name}") for name in model.classes]
    package = Path(labelmill.__file__).parent
    return mlflow.pyfunc.log_model(
        name="model",
        python_model=str(package / "end_model" / "predict.py"),
        artifacts={name: str(path.resolve()) for name, path in zip(("end_model", "featurizer"), folders, strict=True)},
        signature=ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs)),
        code_paths=[str(package)],
        pip_requirements=[f"{name}=={version(name).partition('+')[0]}" for name in NEEDED],
    )


def _in_a_line(record: Record) -> str:
    scores = ((measure, record.metrics.get(f"test/end_model.{measure}")) for measure in MEASURES)
    said = ", ".join(f"{MEASURES[measure]} {value:.3f}" for measure, value in scores if value is not None)
    return f"{record.tags['end_model']} on labels of {record.tags['label_model']}" + (f"; on test: {said}" * bool(said))


def _ensure_registered_model(client: "MlflowClient", name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description="End model of labelmill: text in, class probabilities out.")
