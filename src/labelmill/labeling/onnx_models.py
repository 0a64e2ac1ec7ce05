"""Models in ONNX files, run by onnxruntime (`pip install 'labelmill[onnx]'`)."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill.errors import LFError, MissingToolError

KINDS = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}


def check_runtime(path: Path) -> None:
    """Raise MissingToolError unless ONNX files can be run."""
    if find_spec("onnxruntime") is None:
        raise MissingToolError(f"{path} needs onnxruntime, which is not installed: pip install 'labelmill[onnx]'.")


def session(path: Path) -> Any:
    """The file, loaded once per process and again when it changes."""
    return _session(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _session(path: Path, _changed_at: int) -> Any:
    import onnxruntime  # noqa: PLC0415, it is an extra

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # its pool would spin beside those of other processes
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_onnx(path: Path, values: list[Any] | pd.DataFrame) -> tuple[Any, Sequence[Any] | None]:
    """Answers of a model on the values of one column or on a frame of several, and the names of their columns.

    A model with one input gets all columns side by side; one with several gets each by its name.

    Raises
    ------
    LFError
        An input of the model is no column of the frame.
    """
    model = session(path)
    inputs = model.get_inputs()
    if len(inputs) == 1:
        feeds = {inputs[0].name: _tensor(values, inputs[0])}
    else:
        columns = list(values.columns) if isinstance(values, pd.DataFrame) else []
        if missing := [i.name for i in inputs if i.name not in columns]:
            raise LFError(f"{path.name}: its input {missing[0]!r} is none of the columns {columns}. Name them alike.")
        feeds = {i.name: _tensor(values[i.name].tolist(), i) for i in inputs}  # type: ignore[call-overload]
    outputs = dict(zip([output.name for output in model.get_outputs()], model.run(None, feeds), strict=True))
    return _probabilities(outputs), None


def _tensor(values: list[Any] | pd.DataFrame, wanted: Any) -> NDArray[Any]:
    if wanted.type not in KINDS:
        raise LFError(f"input {wanted.name!r} is a {wanted.type}: expected one of {', '.join(KINDS)}.")
    array: NDArray[Any] = np.asarray(values, dtype=KINDS[wanted.type])
    return array[:, None] if array.ndim == 1 and len(wanted.shape) == 2 else array


def _probabilities(outputs: dict[str, Any]) -> Any:
    """The output with a number for each class where there is one, else the first."""
    named = [output for name, output in outputs.items() if "prob" in name.lower()]
    wide = [output for output in outputs.values() if isinstance(output, list) or np.ndim(output) == 2]
    return [*named, *wide, *outputs.values()][0]
