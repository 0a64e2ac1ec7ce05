"""The names of the stages, apart from their code, so that naming them loads nothing."""

import difflib

from labelmill.errors import ParamsError

TRAINING = (
    "ingest",
    "validate",
    "label",
    "fit_label_model",
    "featurize",
    "train",
    "baselines",
    "evaluate",
    "profile",
    "track",
)
"""Names of the stages, in the order in which they run; the same as in `dvc.yaml`."""


def check(name: str) -> str:
    """Return the name if there is such a stage; else raise `ParamsError` with the nearest one."""
    if name not in TRAINING:
        near = difflib.get_close_matches(name, TRAINING, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"The stages are: {', '.join(TRAINING)}."
        raise ParamsError(f"there is no stage {name!r}. {hint}")
    return name


def between(first: str, last: str) -> tuple[str, ...]:
    """The stages from `first` to `last`, both included."""
    start, end = TRAINING.index(check(first)), TRAINING.index(check(last))
    if start > end:
        raise ParamsError(f"stage {first!r} comes after {last!r}. The order is: {', '.join(TRAINING)}.")
    return TRAINING[start : end + 1]
