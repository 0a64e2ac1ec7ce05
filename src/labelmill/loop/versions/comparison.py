"""What moved between two versions, from what the versions keep: no object of DVC's cache is needed.

Classes are compared by name, so that a version of two classes can be held against one of three.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from ruamel.yaml import YAML

from labelmill import paths
from labelmill.arrays import UNKNOWN
from labelmill.loop.versions import contents
from labelmill.loop.versions.record import Version


@dataclass(frozen=True)
class Comparison:
    """What differs between an earlier and a later version; pairs are before and after.

    Attributes
    ----------
    versions
        The two numbers.
    lfs_added, lfs_removed, lfs_edited
        Names of labeling functions.
    params
        By key, where the values differ.
    classes_added, classes_removed
        Names of classes.
    rows, rows_new, rows_gone
        Number of rows in each; how many ids stand in one only.
    batches_added, batches_removed
        Names of batches.
    annotations_differ, code_differs
        Whether the hand labels, and whether labelmill itself, are others.
    labels
        Number of rows by class.
    moved
        Rows by label before and after, of ids that stand in both: most first.
    share
        Share of the rows that `moved`, `rows_new` and `rows_gone` were counted on; 1 unless there are very many.
    coverage
        Share of rows with a vote, by labeling function.
    scores
        Test scores by system and measure.
    """

    versions: tuple[int, int]
    lfs_added: list[str]
    lfs_removed: list[str]
    lfs_edited: list[str]
    params: dict[str, tuple[Any, Any]]
    classes_added: list[str]
    classes_removed: list[str]
    rows: tuple[int, int]
    rows_new: int
    rows_gone: int
    batches_added: list[str]
    batches_removed: list[str]
    annotations_differ: bool
    code_differs: bool
    labels: dict[str, tuple[int, int]]
    moved: list[tuple[str, str, int]]
    share: float
    coverage: dict[str, tuple[float | None, float | None]]
    scores: dict[str, dict[str, tuple[float | None, float | None]]]

    @property
    def n_moved(self) -> int:
        """How many rows have another label."""
        return sum(count for _, _, count in self.moved)


def compare(before: Version, after: Version) -> Comparison:
    """Say what moved from one version to another.

    Raises
    ------
    CorruptFileError
        A file of a version is damaged; it is named.
    """
    old, new = before.manifest, after.manifest
    moved, appeared, gone, share = _labels(before, after)
    return Comparison(
        versions=(before.number, after.number),
        lfs_added=_only_in(new["lfs"], old["lfs"]),
        lfs_removed=_only_in(old["lfs"], new["lfs"]),
        lfs_edited=[name for name, key in new["lfs"].items() if old["lfs"].get(name, key) != key],
        params=_params(before, after),
        classes_added=_only_in(new["classes"], old["classes"]),
        classes_removed=_only_in(old["classes"], new["classes"]),
        rows=(old["rows"], new["rows"]),
        rows_new=appeared,
        rows_gone=gone,
        batches_added=_only_in(new["hashes"]["batches"], old["hashes"]["batches"]),
        batches_removed=_only_in(old["hashes"]["batches"], new["hashes"]["batches"]),
        annotations_differ=old["hashes"]["annotations"] != new["hashes"]["annotations"],
        code_differs=old["hashes"]["code"] != new["hashes"]["code"],
        labels=_pairs(old["labels"], new["labels"], missing=0),
        moved=moved,
        share=share,
        coverage=_pairs(_coverage(before), _coverage(after)),
        scores={system: _pairs(*measures) for system, measures in _pairs(old["scores"], new["scores"], {}).items()},
    )


def _only_in(these: Any, those: Any) -> list[str]:
    return [name for name in these if name not in those]


def _pairs(old: dict[str, Any], new: dict[str, Any], missing: Any = None) -> dict[str, tuple[Any, Any]]:
    """Both values of every key; those that went come last."""
    return {name: (old.get(name, missing), new.get(name, missing)) for name in {**new, **old}}


def _labels(before: Version, after: Version) -> tuple[list[tuple[str, str, int]], int, int, float]:
    """Rows by label before and after, ids that came and that went, and the share of rows that this was counted on."""
    share = min(before.manifest["share"], after.manifest["share"])
    old, new = _named(before, share), _named(after, share)
    both = old.to_frame("old").join(new.to_frame("new"), how="outer")
    appeared, gone = int(both["old"].isna().sum()), int(both["new"].isna().sum())
    changed = both.dropna()
    changed = changed[changed["old"] != changed["new"]]
    counts = changed.groupby(["old", "new"]).size().sort_values(ascending=False, kind="stable")
    return [(str(a), str(b), int(count)) for (a, b), count in counts.items()], appeared, gone, share


def _named(version: Version, share: float) -> pd.Series:
    """Names of the labels by row id, of a sample of the rows."""
    table = version.labels()
    table = table[contents.sampled(table["id"], share)]
    names = {UNKNOWN: contents.NO_LABEL, **dict(enumerate(version.manifest["classes"]))}
    return pd.Series(table["label"].map(names).to_numpy(dtype=object), index=table["id"])


def _params(before: Version, after: Version) -> dict[str, tuple[Any, Any]]:
    """Keys whose values differ; read as YAML alone, so that params of another time can be compared."""
    old, new = (dict(_leaves(YAML(typ="safe").load((v.project / paths.PARAMS).read_text()))) for v in (before, after))
    return {key: pair for key, pair in sorted(_pairs(old, new).items()) if pair[0] != pair[1]}


def _leaves(content: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not isinstance(content, dict) or not content:
        return [(prefix, content)]
    return [
        leaf for key, value in content.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    ]


def _coverage(version: Version) -> dict[str, float]:
    table = pd.read_csv(version.project / paths.LF_SUMMARY)
    return {str(name): float(share) for name, share in zip(table["lf"], table["Coverage"], strict=True)}
