"""Fitted label models as folders: `model.json` for people, `state.npz` for the arrays, no pickle."""

import inspect
import io
import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labelmill.errors import CorruptFileError, LabelModelError
from labelmill.storage import new_folder, read_json, verify_folder, write_bytes, write_text

if TYPE_CHECKING:
    from labelmill.label_model.base import LabelModel

FORMAT = 1
"""Number of the layout below; a reader refuses others."""

_MODEL, _STATE = "model.json", "state.npz"
_IN_JSON = ("lf_names_", "lf_summary_", "diagnostics_")


def save(model: "LabelModel", folder: Path) -> None:
    """Write a fitted model; equal models give equal bytes."""
    arrays = {name: value for name, value in sorted(vars(model).items()) if _is_state(name) and name not in _IN_JSON}
    content = {
        "format": FORMAT,
        "class": type(model).__name__,
        "versions": {name: version(name) for name in ("labelmill", "numpy", "scipy")},
        "hyperparameters": model.hyperparameters(),
        "lf_names": model.lf_names_,
        "lf_summary": model.lf_summary_.to_dict("list"),
        "diagnostics": model.diagnostics_,
    }
    with new_folder(folder, content="label model") as temp:
        write_text(temp / _MODEL, json.dumps(content, indent=1, allow_nan=False, default=_plain) + "\n")
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_bytes(temp / _STATE, buffer.getvalue())


def load(folder: Path, classes: Mapping[str, type["LabelModel"]]) -> "LabelModel":
    """Read a stored model, its checksums verified.

    Parameters
    ----------
    folder
        What `save` wrote.
    classes
        The classes to choose from, by name.

    Raises
    ------
    CorruptFileError
        The files are not those that were written.
    LabelModelError
        The model is of another class, or of a format that this version does not know.
    """
    verify_folder(folder)
    content = read_json(folder / _MODEL)
    if content.get("format") != FORMAT or content.get("class") not in classes:
        raise LabelModelError(
            f"{folder}: holds a {content.get('class')} in format {content.get('format')}; this version of labelmill "
            f"reads {', '.join(classes)} in format {FORMAT}. Fit the model again with `dvc repro fit_label_model`."
        )
    chosen = classes[content["class"]]
    known = inspect.signature(chosen).parameters
    if unknown := sorted(set(content["hyperparameters"]) - set(known)):
        raise LabelModelError(
            f"{folder}: {chosen.__name__} has no {', '.join(unknown)} in this version of labelmill. "
            "Fit the model again with `dvc repro fit_label_model`."
        )
    model = chosen(**content["hyperparameters"])
    try:
        with np.load(folder / _STATE, allow_pickle=False) as state:
            for name in state.files:
                setattr(model, name, state[name])
    except (OSError, ValueError, EOFError) as error:
        raise CorruptFileError(
            f"{folder / _STATE}: cannot be read ({error}). Make it again with `dvc repro`."
        ) from error
    model.lf_names_ = content["lf_names"]
    model.diagnostics_ = content["diagnostics"]
    model.lf_summary_ = pd.DataFrame(content["lf_summary"], index=pd.Index(model.lf_names_, name="lf"))
    return model


def _is_state(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")


def _plain(value: Any) -> Any:
    """Numpy numbers and arrays, that a user may have given as a hyper-parameter, as JSON knows them."""
    return value.tolist()
