"""Label one shard: read a file, write two, return a small record. Engines only choose where this happens."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from labelmill import storage
from labelmill.errors import LFError
from labelmill.labeling.apply import Applied, applied
from labelmill.labeling.cache import ColumnCache, Said
from labelmill.labeling.calls import OnError
from labelmill.labeling.column import Column
from labelmill.labeling.fingerprints import versions_hash
from labelmill.labeling.limits import Limits
from labelmill.labeling.loading import load_lfs
from labelmill.labeling.matrix import matrix_frame, soft_frame
from labelmill.labeling.summary import VoteCounts, count_votes

ERRORS = "errors"
"""Folder, beside the parts of the label matrix, of the rows on which labeling functions failed."""
SOFT = "soft"
"""The same of the soft votes."""


@dataclass(frozen=True)
class Task:
    """What is the same for every shard of a run; plain values, so that any process can take it up.

    Attributes
    ----------
    lfs
        The project's folder of labeling functions.
    source
        Its `storage.source_hash`: a process that sees other files there must not vote.
    versions
        What runs the labeling functions, as `versions_hash` gives it: it must be the same everywhere.
    out
        The folder to write into.
    cache
        Where columns are kept.
    gold
        A table of labels that the votes are counted against.
    cardinality, classes
        Number of classes, and their names.
    hidden
        Columns that no labeling function may see.
    on_error
        What to do when a labeling function raises: record the row and go on, or raise.
    workers, limits
        How labeling functions are guarded, as `apply_lfs` takes them.
    """

    lfs: Path
    source: str
    versions: str
    out: Path
    cache: Path
    gold: Path
    cardinality: int
    classes: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    on_error: OnError = "record"
    workers: int = 0
    limits: Limits = Limits()

    @classmethod
    def of(cls, lfs: Path, *, hidden: Collection[str] = (), **facts: Any) -> "Task":
        """A task for the labeling functions as they are now, with paths that hold in every process."""
        facts = {name: value.resolve() if isinstance(value, Path) else value for name, value in facts.items()}
        source = storage.source_hash(lfs)
        return cls(lfs=lfs.resolve(), source=source, versions=versions_hash(), hidden=tuple(hidden), **facts)

    def to_json(self) -> dict[str, Any]:
        """The same in numbers, texts, lists and dicts."""
        paths = {name: str(value) for name, value in vars(self).items() if isinstance(value, Path)}
        return {
            **vars(self),
            **paths,
            "classes": list(self.classes),
            "hidden": list(self.hidden),
            "limits": asdict(self.limits),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Task":
        """The task again."""
        paths = {name: Path(content[name]) for name in ("lfs", "out", "cache", "gold")}
        names = {name: tuple(content[name]) for name in ("classes", "hidden")}
        return cls(**{**content, **paths, **names, "limits": Limits(**content["limits"])})

    def open(self) -> ColumnCache:
        """Load the labeling functions, by path, and put their cache before them.

        Raises
        ------
        LFError
            This process has other files or other versions than the one that made the task.
        """
        if (found := storage.source_hash(self.lfs)) != self.source:
            raise LFError(
                f"{self.lfs}: the labeling functions are not those that the run began with ({found[:12]}, expected "
                f"{self.source[:12]}). Leave them alone while a run lasts, and let all workers share one folder."
            )
        if (found := versions_hash()) != self.versions:
            raise LFError(
                f"this process has other versions of labelmill, Python, numpy, pandas or pyarrow than the one that "
                f"began the run ({found[:12]}, expected {self.versions[:12]}). Install the same ones everywhere."
            )
        return ColumnCache(
            self.cache,
            self.lfs,
            load_lfs(self.lfs, self.cardinality, classes=self.classes),
            self.cardinality,
            self.hidden,
            workers=self.workers,
            limits=self.limits,
        )


@dataclass(frozen=True)
class Failures:
    """On how many rows of a shard a labeling function failed, and the first of them."""

    count: int
    id: str
    exception: str
    message: str

    def __add__(self, later: "Failures") -> "Failures":
        """Those of both, where the others come later."""
        return replace(self, count=self.count + later.count)


@dataclass(frozen=True)
class ShardRecord:
    """What became of one shard; small, whatever the number of rows.

    Attributes
    ----------
    part, sha256
        Name and checksum of its part of the label matrix.
    counts, train
        Counts of the votes on all rows, with gold, and on the train rows.
    failures
        By labeling function, of those that failed.
    columns
        How many columns of votes it is made of.
    computed
        How many of them were computed, by labeling function; the others were kept.
    seconds
        What that took.
    """

    part: str
    sha256: str
    counts: VoteCounts
    train: VoteCounts
    failures: Mapping[str, Failures]
    columns: int
    computed: Mapping[str, int]
    seconds: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """The same in numbers, texts, lists and dicts."""
        counts = {"counts": self.counts.to_json(), "train": self.train.to_json()}
        return {**vars(self), **counts, "failures": {lf: vars(facts) for lf, facts in self.failures.items()}}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ShardRecord":
        """The record again."""
        return cls(
            **{
                **content,
                "counts": VoteCounts.from_json(content["counts"]),
                "train": VoteCounts.from_json(content["train"]),
                "failures": {lf: Failures(**facts) for lf, facts in content["failures"].items()},
            }
        )


def apply_shard(shard: storage.Shard, task: Task, cache: ColumnCache) -> ShardRecord:
    """Let every labeling function vote on every row of one shard.

    Writes `part-NNNNN.parquet` of the label matrix, below `soft/` the soft votes, and below `errors/` the rows on
    which labeling functions failed. Done twice, also by two processes at once, it leaves the same bytes; killed, it
    leaves no part of a file. Memory is bounded by one piece of the shard, and by its votes.

    Parameters
    ----------
    shard
        The shard.
    task
        What is the same for all shards.
    cache
        What `task.open()` gives, once per process.

    Raises
    ------
    CorruptFileError
        The bytes of the shard are not those that its table's manifest lists.
    LFError
        What `apply_lfs` raises.
    """
    rows = storage.read_table(shard.verified(), ["id", "split"])
    found, said = votes_on(shard, cache, rows["id"].tolist(), on_error=task.on_error)
    part = storage.part_name(shard.number)
    storage.write_table(task.out / part, matrix_frame(rows["id"], found.L, found.lf_names))
    storage.write_table(task.out / SOFT / part, soft_frame(rows["id"], found.soft))
    storage.write_table(task.out / ERRORS / part, found.errors)
    computed = Counter(name for part in said for name in part.seconds)
    return ShardRecord(
        part=part,
        sha256=storage.sha256_file(task.out / part),
        counts=count_votes(found.L, storage.read_gold(task.gold, rows["id"])),
        train=count_votes(found.L[(rows["split"] == "train").to_numpy()]),
        failures=_failures(found.errors),
        columns=len(said) * len(cache.lfs),
        computed=dict(computed),
        seconds={name: sum(part.seconds.get(name, 0.0) for part in said) for name in computed},
    )


def votes_on(
    shard: storage.Shard, cache: ColumnCache, ids: Sequence[Any], *, on_error: OnError = "record"
) -> tuple[Applied, list[Said]]:
    """What every labeling function says of one shard, and what that took; `ids` name its rows."""
    said = [cache.apply(piece, content, on_error=on_error) for content, piece in pieces_of(shard).items()]
    columns = [Column.joined([part.columns[lf.name] for part in said]) for lf in cache.lfs]
    return applied([lf.name for lf in cache.lfs], columns, ids), said


def pieces_of(shard: storage.Shard) -> dict[str, storage.Piece]:
    """The pieces of a shard, by what stands for their content."""
    pieces = storage.list_pieces(shard.file)
    if len(pieces) == 1:
        return {shard.sha256: pieces[0]}
    return {f"{shard.sha256} {piece.start}+{piece.rows}": piece for piece in pieces}


def _failures(errors: pd.DataFrame) -> dict[str, Failures]:
    firsts = errors.drop_duplicates("lf")
    counts = errors["lf"].value_counts()
    return {
        row.lf: Failures(int(counts[row.lf]), row.id, row.exception, row.message)
        for row in firsts.itertuples(index=False)
    }
