"""Where a result came from: the git commit, the labeling functions, the versions of the data."""

import hashlib
import json
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

import labelmill
from labelmill import paths, storage
from labelmill.params import Params
from labelmill.storage.folders import MANIFEST, read_manifest

# A run itself changes these, so they do not make its work tree dirty.
_OWN_CHANGES = (":(exclude,top,glob)**/dvc.lock", ":(exclude,top,glob)**/reports/**")


class Dataset(BaseModel):
    """A versioned table that a run was made from or made."""

    model_config = ConfigDict(frozen=True)

    name: str
    path: str
    role: str
    digest: str
    sha256: str
    rows: int


def git_state(folder: Path) -> tuple[str | None, bool]:
    """The commit of the work tree around `folder`, and whether anything in it differs from the commit.

    `dvc.lock` and reports do not count. Without git: (None, False).
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None, False
    return commit.strip(), bool(_git(folder, "status", "--porcelain", "--", ":/", *_OWN_CHANGES))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        # Without optional locks, so that a status never stands in the way of the user's own git command.
        done = subprocess.run(
            ["git", "--no-optional-locks", *arguments], cwd=folder, capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


def lf_set_hash(folder: Path = paths.LFS) -> str:
    """SHA-256 over names and bytes of everything in `lfs/` that can change a vote."""
    return storage.source_hash(folder)


def made_from(params: Params) -> dict[str, str]:
    """Hashes of the tables, rules, params and code as they lie there: right after the stages, what the models are of.

    Keys are data, label_matrix, probs, lf_set, params and code (SHA-256), `labelmill` (version) and,
    inside a git work tree, git_commit.
    """
    content = json.dumps(params.model_dump(mode="json", by_alias=True), sort_keys=True)
    commit, _ = git_state(Path.cwd())
    return {
        "data": storage.folder_hash(paths.CLEAN),
        "label_matrix": storage.folder_hash(paths.LABEL_MATRIX),
        "probs": storage.folder_hash(paths.PROBS),
        "lf_set": lf_set_hash(),
        "params": hashlib.sha256(content.encode()).hexdigest(),
        "code": storage.source_hash(Path(labelmill.__file__).parent),
        "labelmill": version("labelmill"),
        **({"git_commit": commit} if commit else {}),
    }


def dataset(name: str, path: Path, role: str) -> Dataset:
    """Identify a stored table: by DVC's hash where `dvc.lock` is about these bytes, else by its manifest."""
    manifest_hash = storage.folder_hash(path)
    return Dataset(
        name=name,
        path=path.as_posix(),
        role=role,
        digest=dvc_md5(path) or manifest_hash[:32],  # MLflow takes 36 characters, just what DVC's hash of a folder has
        sha256=manifest_hash,
        rows=storage.count_rows(path),
    )


def dvc_md5(path: Path, lock: Path = paths.DVC_LOCK) -> str | None:
    """The hash of `path` in `dvc.lock`; None where it is not listed or of another size than what is there.

    `labelmill run` goes without DVC, so the lock may be of older data. Compressed tables hardly ever
    change and keep their size to the byte; for certainty a run also carries the manifest's SHA-256.
    """
    try:
        stages: dict[str, Any] = YAML(typ="safe").load(lock.read_text(encoding="utf-8"))["stages"]
        outs = [out for stage in stages.values() for out in stage.get("outs", [])]
        found = next((out for out in outs if out["path"] == path.as_posix()), None)
    except (OSError, UnicodeDecodeError, YAMLError, KeyError, TypeError, AttributeError):
        return None
    if found is None or found.get("size") != _size(path):
        return None
    return found.get("md5")


def _size(path: Path) -> int:
    manifest_bytes = (path / MANIFEST).stat().st_size
    return manifest_bytes + sum(facts["bytes"] for facts in read_manifest(path)["files"].values())
