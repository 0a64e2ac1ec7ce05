"""Models as labeling functions: a callable, a fitted estimator, an ONNX file, anything with `predict`."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, Unpack

import pandas as pd

from labelmill.errors import LFError
from labelmill.labeling.column import Column
from labelmill.labeling.functions import BatchLF, Origin
from labelmill.labeling.onnx_models import check_runtime, run_onnx
from labelmill.labeling.outputs import Classes, Reading, Thresholds
from labelmill.labeling.rows import no_such_column
from labelmill.labeling.templates import names_of
from labelmill.labeling.upkeep import Upkeep, UpkeepArguments, as_upkeep

_CODE = (FunctionType, MethodType, BuiltinFunctionType, functools.partial)

Asked = Callable[[Any], tuple[Any, Sequence[Any] | None]]
"""Gives the answers on some values, and the names of their columns where it knows them."""


@dataclass(frozen=True)
class Identity:
    """What stands for a model in a fingerprint: a version, or else all that the model shows of itself."""

    model: Any
    version: str | None = None

    @classmethod
    def of(cls, model: Any, version: str | None) -> "Identity":
        """That of a model; of one from MLflow it is the number that MLflow gave it."""
        logged = getattr(getattr(model, "metadata", None), "model_uuid", None)
        return cls(model, version or (logged if isinstance(logged, str) else None))

    @property
    def is_code(self) -> bool:
        """Whether it is a function, however wrapped, or of a class of the project."""
        own = type(self.model).__module__.partition(".")[0] == "lfs"
        return own or isinstance(self.model, _CODE) or hasattr(self.model, "__wrapped__")


class ModelLF(BatchLF):
    """A labeling function that asks a model, one batch of rows after the other."""

    def __init__(
        self,
        name: str,
        origin: Origin,
        upkeep: Upkeep,
        *,
        asked: Asked,
        columns: str | Sequence[str],
        reading: Reading,
        batch_size: int | None,
        resources: tuple[Path, ...],
        identity: Any,
        about: str,
    ) -> None:
        super().__init__(asked, name, origin, upkeep, resources)
        self.columns = names_of(columns, lf=name)
        self.labels = reading.labels
        self._single = isinstance(columns, str)
        self._reading = reading
        self._batch_size = batch_size
        self._identity = identity
        self.__doc__ = about

    @property
    def decided_by(self) -> tuple[Any, ...]:
        """What decides its votes, for its fingerprint."""
        return (self.columns, self._single, *self._reading.spec, self._identity)

    def said(self, frame: pd.DataFrame, *, cardinality: int | None, ids: Sequence[Any] | None = None) -> Column:
        """What it says of every row; where the value of a single column is missing, it is not asked and abstains."""
        if missing := [name for name in self.columns if name not in frame.columns]:
            raise LFError(f"labeling function {self.name!r}: {no_such_column(missing[0], list(frame.columns))}")
        ids = range(len(frame)) if ids is None else ids
        size = self._batch_size or max(len(frame), 1)
        parts = [
            self._of_batch(frame.iloc[start : start + size], ids[start : start + size], cardinality)
            for start in range(0, len(frame), size)
        ]
        return Column.joined(parts) if parts else Column.of_abstains(0)

    def _of_batch(self, frame: pd.DataFrame, ids: Sequence[Any], cardinality: int | None) -> Column:
        if not self._single:
            return self._read(frame[list(self.columns)], ids, cardinality)
        known = frame[self.columns[0]].notna().to_numpy()
        if not known.any():
            return Column.of_abstains(len(frame))
        values = frame.loc[known, self.columns[0]].tolist()
        said = self._read(values, [row for row, there in zip(ids, known, strict=True) if there], cardinality)
        return said.spread_over(known)

    def _read(self, values: Any, ids: Sequence[Any], cardinality: int | None) -> Column:
        answers, names = self.function(values)
        return self._reading.read(answers, names, ids=ids, cardinality=cardinality)


def model_lf(
    name: str,
    model: Any,
    *,
    columns: str | Sequence[str],
    classes: Classes = None,
    thresholds: Thresholds = None,
    soft: bool = False,
    batch_size: int | None = 1024,
    resources: Sequence[str | Path] = (),
    version: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> ModelLF:
    """Vote what a model says.

    Parameters
    ----------
    name
        Name in the label matrix.
    model
        A callable; a fitted estimator of scikit-learn; the path of an ONNX file, relative to the file that
        calls (`pip install 'labelmill[onnx]'`); an MLflow pyfunc or anything else with `predict`. It gives
        per row a class (number or name), a number for each class, or one number that is large for the
        second of two classes. None, or NaN alone, abstains. Pickles are not loaded here: load them in a
        function with `functools.cache` and name the file in `resources`.
    columns
        One column: the model gets a list of its values, missing ones left out. A list of columns: it gets
        a frame of them.
    classes
        What the model's answers are here: a dict from its answers (or the names of its columns) to class
        numbers, or a list of class numbers in the order of its columns. None stands for an answer that is
        no class; one that is not listed is an error. Without it answers are class numbers.
    thresholds
        From where on a class is voted for: one number for all, or a dict of those classes that may be
        voted for. Without it the class with the largest number is; two equally large ones abstain. Where
        the model gives one number per row, the first class is voted for from its threshold down.
    soft
        Vote with all probabilities, where a threshold (if any) is passed.
    batch_size
        Rows that the model is asked about at a time; all at once where it is None.
    resources
        Files that decide its answers, relative to the file that calls: an edit of one of them asks it anew.
    version
        What changes with the model. Needed only where that cannot be told from the object itself: without
        it, votes of such a model are computed anew in each run.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        The model is none of these, or there is no such file.
    MissingToolError
        The model is an ONNX file and onnxruntime is not installed.

    Examples
    --------
    >>> def sentiment(texts):
    ...     return [[0.1, 0.9] if "good" in text else [0.6, 0.4] for text in texts]
    >>> good = model_lf("good", sentiment, columns="text", thresholds={1: 0.8})
    >>> [good({"text": text}) for text in ("a good day", "a day", None)]
    [1, -1, -1]
    >>> either = model_lf("either", sentiment, columns="text", soft=True)
    >>> either.weights({"text": "a day"})
    {0: 0.6, 1: 0.4}
    """
    origin = Origin.of_caller(1)
    reading = Reading(name, classes, thresholds, soft)
    if batch_size is not None and (isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1):
        raise LFError(f"labeling function {name!r}: batch_size must be a number of rows or None, found {batch_size!r}.")
    files = tuple(_file(file, lf=name, origin=origin) for file in resources)
    asked: Asked
    if isinstance(model, str | Path):
        path = _file(model, lf=name, origin=origin)
        if path.suffix != ".onnx":
            raise LFError(
                f"labeling function {name!r}: {path.name} is no .onnx file, the only kind that is loaded here. "
                "Load it yourself, and hand in the model."
            )
        check_runtime(path)
        files, asked, about = (*files, path), functools.partial(run_onnx, path), f"model {path.name}"
    else:
        asked, about = _asked(model, thresholds, lf=name), f"model {_name_of(model)}"
    return ModelLF(
        name,
        origin,
        as_upkeep(upkeep, lf=name),
        asked=asked,
        columns=columns,
        reading=reading,
        batch_size=batch_size,
        resources=files,
        identity=Identity("onnx", version) if isinstance(model, str | Path) else Identity.of(model, version),
        about=f"{about} on {columns if isinstance(columns, str) else ', '.join(columns)}",
    )


def _asked(model: Any, thresholds: Thresholds, *, lf: str) -> Asked:
    if isinstance(model, type):
        raise LFError(f"labeling function {lf!r}: {model.__name__} is a class; hand in a fitted model of it.")
    if hasattr(model, "predict_proba"):
        return lambda values: (model.predict_proba(values), _names(model))
    if hasattr(model, "decision_function") and thresholds is not None:
        return lambda values: (model.decision_function(values), _names(model))
    if hasattr(model, "predict"):
        return lambda values: (model.predict(values), None)
    if not callable(model):
        raise LFError(
            f"labeling function {lf!r}: {model!r} is no model: expected a callable, an object with predict, "
            "or the path of an ONNX file."
        )
    return lambda values: (model(values), None)


def _names(model: Any) -> Sequence[Any] | None:
    names = getattr(model, "classes_", None)
    return None if names is None else list(names)


def _name_of(model: Any) -> str:
    return getattr(model, "__name__", type(model).__name__)


def _file(file: str | Path, *, lf: str, origin: Origin) -> Path:
    path = (origin.file.parent if origin.file.is_file() else Path.cwd()) / file  # a notebook cell has no file
    if not path.is_file():
        raise LFError(f"labeling function {lf!r} of {origin}: there is no file {path}.")
    return path
