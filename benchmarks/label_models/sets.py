"""Real sets with gold labels and votes, kept beside the repository and never copied into it."""

import gzip
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NAMES = (
    "youtube sms chemprot hausa yoruba tennis bikes crowd_dog crowd_duck phishing spambase mushroom".split()  # noqa: SIM905
)
"""The sets with at least three labeling functions."""


@dataclass(frozen=True)
class VoteSet:
    """One set: votes of every row a model may be fitted on, and which of them are scored."""

    name: str
    cardinality: int
    L: np.ndarray
    gold: np.ndarray
    test: np.ndarray


def folder() -> Path:
    """Where the sets lie: `LABELMILL_BENCH_DATA`, else `shared/data` beside the repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("LABELMILL_BENCH_DATA", beside))


def present(names: Iterable[str]) -> Iterator[VoteSet]:
    """Read those of the sets that are there."""
    for name in names:
        if (folder() / name / "votes.npz").is_file():
            yield read(folder() / name)


def read(path: Path) -> VoteSet:
    """Read one set; the rows that its rules were mined from (split `author`) are left out."""
    with gzip.open(path / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    split = np.array([item["split"] for item in items])
    gold = np.array([item["label"] for item in items])
    with np.load(path / "votes.npz", allow_pickle=False) as votes:
        L = votes["L"]
    kept = split != "author"
    classes = json.loads((path / "meta.json").read_text(encoding="utf-8"))["classes"]
    return VoteSet(path.name, len(classes), L[kept], gold[kept], (split == "test")[kept])
