"""The votes of labeling functions as a folder has them now, of which the label matrix on disk may know nothing yet."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from labelmill import label_model, paths, storage
from labelmill.arrays import LabelMatrix, Preds
from labelmill.errors import LabelModelError, LFError
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.limits import Limits
from labelmill.labeling.loading import load_lfs
from labelmill.labeling.shards import votes_on
from labelmill.params import Params
from labelmill.progress import progress
from labelmill.settings import load_settings


@dataclass(frozen=True)
class Relabeled:
    """Votes that were not written anywhere.

    Attributes
    ----------
    ids, L, lf_names
        As in the label matrix.
    failures
        On how many rows each labeling function failed.
    """

    ids: pd.Series
    L: LabelMatrix
    lf_names: list[str]
    failures: dict[str, int]


def relabel(folder: Path, params: Params) -> Relabeled:
    """Let the labeling functions of a folder vote on every clean row, as stage `label` would; nothing is written.

    Columns that did not change come from the warm cache, and new ones go there: the stage has less to do afterwards.
    """
    lfs = load_lfs(folder, params.task.cardinality, classes=params.task.classes)
    cache = ColumnCache(
        paths.main_project() / paths.CACHE / "lf_columns",
        folder,
        lfs,
        params.task.cardinality,
        hidden=(*params.task.hidden_columns, "split"),
        workers=load_settings().workers,
        limits=Limits(**params.label.limits.model_dump()),
    )
    ids, parts, failures = [], [], Counter[str]()
    for shard in progress(storage.list_shards(paths.CLEAN), "applying labeling functions"):
        ids.append(storage.read_table(shard.verified(), ["id"])["id"])
        found, _ = votes_on(shard, cache, ids[-1].tolist())
        parts.append(found.L)
        failures.update(found.errors["lf"])
    L = np.concatenate(parts) if parts else np.empty((0, len(lfs)), dtype=np.int8)
    return Relabeled(pd.concat(ids, ignore_index=True), L, [lf.name for lf in lfs], dict(failures))


def decide(L: LabelMatrix, lf_names: list[str], *, train: NDArray[np.bool_], params: Params) -> Preds:
    """The decision of a label model, fitted as stage `fit_label_model` would on the train rows, on every row."""
    model = label_model.make_known(
        params.fit_label_model.kind,
        cardinality=params.task.cardinality,
        **params.fit_label_model.model_dump(exclude={"kind"}),
    )
    if not train.any():
        raise LabelModelError(f"{paths.CLEAN}: no row is of split train, so there is nothing to fit a label model on.")
    return model.fit(L[train], lf_names=lf_names).predict(L)


@contextmanager
def folder_at(revision: str, folder: Path = paths.LFS) -> Iterator[Path]:
    """A folder as git knows it at a revision, for the time of the block.

    Raises
    ------
    LFError
        This is no git repository, or it knows no such revision, or there was no such folder then.
    """
    import io
    import subprocess
    import zipfile

    if revision.startswith("-"):
        raise LFError(f"{revision!r} is no revision; give a commit, a branch or a tag such as HEAD~1.")
    command = ["git", "archive", "--format=zip", revision, "--", folder.as_posix()]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise LFError(f"git is not installed, so {folder} cannot be had as of {revision!r}.") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise LFError(f"{folder} cannot be had as of {revision!r}: {said[-1] if said else 'git archive failed'}.")
    with TemporaryDirectory(prefix="labelmill-") as temp:
        with zipfile.ZipFile(io.BytesIO(done.stdout)) as archive:  # unlike tar it never leaves the folder
            archive.extractall(temp)
        yield Path(temp) / folder
