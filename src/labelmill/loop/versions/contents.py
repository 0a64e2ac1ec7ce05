"""What a version is made of: hashes of all that decides labels, and the small files that it keeps."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import labelmill
from labelmill import paths, storage
from labelmill.arrays import UNKNOWN
from labelmill.labeling.fingerprints import fingerprint
from labelmill.labeling.loading import load_lfs
from labelmill.params import Params
from labelmill.sources import batches
from labelmill.storage.folders import MANIFEST
from labelmill.tracking import provenance

OUTPUTS = {
    "rows": paths.CLEAN,
    "label_matrix": paths.LABEL_MATRIX,
    "soft_votes": paths.SOFT_VOTES,
    "probs": paths.PROBS,
    "label_model": paths.LABEL_MODEL,
    "featurizer": paths.FEATURIZER,
    "end_model": paths.END_MODEL,
}
"""The folders that a version stands for."""

WRITTEN = (paths.PARAMS, paths.DVC_YAML, paths.LFS, paths.ANNOTATIONS)
"""What people write, and a checkout puts back."""

RESULTS = (Path("reports/metrics"), paths.TRACKED, paths.DVC_LOCK)
"""What stages leave outside DVC's cache; `dvc.lock` last, since it says that all else is there."""

KEPT = (*WRITTEN, *RESULTS, paths.LF_SUMMARY)
"""What a version holds copies of, below `project/`."""

LABELS = "labels.parquet"
PROJECT = "project"

MAX_LABELS = 200_000
"""Of more rows, a version keeps the labels of about so many, chosen by the hash of their ids."""

NO_LABEL = "no label"
"""How rows without a vote, and those on which votes are tied, are told."""


def hashes(params: Params) -> dict[str, Any]:
    """What decides the labels, and the labels, by hash; equal hashes are the same version."""
    values = json.dumps(params.model_dump(mode="json", by_alias=True), sort_keys=True)
    return {
        **{name: storage.folder_hash(path) for name, path in OUTPUTS.items()},
        "batches": batches.ingested(),
        "annotations": storage.sha256_file(paths.ANNOTATIONS) if paths.ANNOTATIONS.exists() else None,
        "lf_set": provenance.lf_set_hash(),
        "params": hashlib.sha256(values.encode()).hexdigest(),
        "code": code_hash(),
    }


def code_hash() -> str:
    """Hash of labelmill itself."""
    return storage.source_hash(Path(labelmill.__file__).parent)


def key_of(found: dict[str, Any]) -> str:
    """One hash for all of them."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def current_key(params: Params) -> str | None:
    """The key of the files as they are now; None where a stage was not run yet."""
    if not all((path / MANIFEST).is_file() for path in OUTPUTS.values()):
        return None
    return key_of(hashes(params))


def facts(params: Params) -> dict[str, Any]:
    """What a manifest tells beside hashes: labeling functions, classes, scores, software."""
    commit, dirty = provenance.git_state(Path.cwd())
    lfs = load_lfs(paths.LFS, params.task.cardinality, classes=params.task.classes)
    return {
        "task": params.task.name,
        "classes": list(params.task.classes),
        "lfs": {lf.name: fingerprint(lf, paths.LFS).key for lf in lfs},
        "scores": storage.read_json(paths.SCORES),
        "software": {"labelmill": version("labelmill"), "git_commit": commit, "git_dirty": dirty},
        "dvc_lock": storage.sha256_file(paths.DVC_LOCK),
    }


def labels(classes: tuple[str, ...]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One label per row by the label model, of so many rows as are kept, and counts over all rows.

    Returns
    -------
    (table, counts)
        `id`, `label` (number of the class, -1 for none), `confidence`; and `rows`, `labels` by class, and
        `share`: that of the rows which are in the table.
    """
    rows = storage.count_rows(paths.PROBS)
    share = min(1.0, MAX_LABELS / max(rows, 1))
    counts = dict.fromkeys((*classes, NO_LABEL), 0)
    parts = []
    for probs in storage.iter_shards(paths.PROBS):
        table = _labels_of(probs, classes)
        for number, count in table["label"].value_counts().items():
            counts[NO_LABEL if number == UNKNOWN else classes[int(number)]] += int(count)
        parts.append(table[sampled(table["id"], share)])
    return pd.concat(parts, ignore_index=True), {"rows": rows, "labels": counts, "share": share}


def sampled(ids: pd.Series, share: float) -> "pd.Series[bool]":
    """Which rows are in a sample of that share: of two shares, the smaller sample lies in the greater one."""
    numbers = pd.util.hash_array(ids.to_numpy(dtype=object), categorize=False)
    return pd.Series(numbers <= int(share * (2**64 - 1)) if share < 1 else True, index=ids.index)


def _labels_of(probs: pd.DataFrame, classes: tuple[str, ...]) -> pd.DataFrame:
    label = probs["pred"].where(probs["covered"], UNKNOWN).astype("int8")
    confidence = probs[[f"p_{name}" for name in classes]].max(axis=1).where(label != UNKNOWN)
    return pd.DataFrame({"id": probs["id"], "label": label, "confidence": confidence.astype("float32")})


def kept_files() -> list[Path]:
    """The small files of the project that a version holds, in a fixed order."""
    return [file for path in KEPT for file in files_of(path)]


def files_of(path: Path) -> list[Path]:
    """A file, or the files of a folder that people write or stages leave: no byte code, none hidden."""
    if path.is_file():
        return [path]
    found = (file for file in sorted(path.rglob("*")) if file.is_file() and file.suffix != ".pyc")
    return [file for file in found if not any(part.startswith(".") for part in file.relative_to(path).parts)]
