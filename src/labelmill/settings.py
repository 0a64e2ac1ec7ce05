"""Where things run: URIs, devices, workers. Never what changes a result (that is `params.yaml`)."""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from labelmill import paths
from labelmill.errors import ParamsError

_PREFIX = "LABELMILL_"


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """Read from environment variables `LABELMILL_*` and from `.env` in the project folder."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, env_file=".env", extra="ignore", frozen=True)

    mlflow_uri: str = Field(
        "sqlite:///mlflow.db",
        description="MLflow tracking database or server; a relative SQLite path is taken from the project folder.",
    )
    corpus_cache: Path = Field(Path(".cache/corpus"), description="Folder that keeps downloaded corpora.")
    accelerator: str = Field("auto", description="Lightning's accelerator for training: auto, cpu, gpu.")
    devices: int | Literal["auto"] = Field("auto", description="Number of devices that Lightning trains on.")
    engine: Literal["local", "dask"] = Field("local", description="Where labeling functions run.")
    dask_address: str | None = Field(
        None, description="Dask scheduler for LABELMILL_ENGINE=dask; if absent, a cluster is started on this machine."
    )
    lf_cache_gb: float = Field(
        10.0, gt=0, description="Of columns of labeling functions that are kept in .cache/, the oldest beyond it go."
    )
    threads: int = Field(1, ge=1, description="Threads of torch and BLAS; 1 is fastest for small models.")
    workers: int = Field(
        default_factory=usable_cores,
        ge=0,
        description="Processes that call labeling functions and guard the run against them; one per core if absent. "
        "0: they are called unguarded.",
    )
    alert_command: str | None = Field(
        None, description="Command that flows call when a run fails, with what happened on its standard input."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What the command line prints.")


def load_settings(project: Path | None = None) -> Settings:
    """Read the settings of the (main) project, that of the current folder unless another is named.

    Raises
    ------
    ParamsError
        A value is out of range; the message names the variable.
    """
    try:
        return Settings(_env_file=paths.main_project(project) / ".env")  # type: ignore[call-arg]
    except ValidationError as error:
        problems = [f"{_PREFIX}{str(p['loc'][0]).upper()}: {p['msg']}, found {p['input']!r}" for p in error.errors()]
        raise ParamsError(f"environment or .env: {'; '.join(problems)}.") from error
