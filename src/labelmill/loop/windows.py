"""Batches that were not watched yet, put together until there are rows enough, with all that the models say of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from labelmill import label_model, paths, storage
from labelmill.arrays import Probs
from labelmill.errors import DataError, LFError
from labelmill.labeling.cache import ColumnCache
from labelmill.labeling.shards import votes_on
from labelmill.loop.scorer import Scorer
from labelmill.params import Params
from labelmill.quality.drift.columns import gone_columns, missing_columns
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.watched import SeenBatch
from labelmill.settings import load_settings
from labelmill.sources.batches import Batch, read_batch, read_scores
from labelmill.stages.label import make_task
from labelmill.stages.profile import failed_on


@dataclass(frozen=True)
class Window:
    """Some batches in a row, as one.

    Attributes
    ----------
    batches
        The batches.
    rows
        Their rows, votes and scores.
    stored
        n x k, how likely the champion of the time found each class; a row of NaN where there was none.
    scored_by
        SHA-256 of the end model whose scores `rows` has; "" where there are none.
    notes
        What limits a comparison, in words.
    """

    batches: tuple[SeenBatch, ...]
    rows: Rows
    stored: Probs
    scored_by: str
    notes: tuple[str, ...]

    @property
    def seq(self) -> int:
        """Its number: that of its last batch."""
        return self.batches[-1].seq


def group(batches: Iterable[Batch], seen: set[int], *, min_rows: int) -> tuple[list[list[Batch]], list[Batch]]:
    """Batches that were not seen, in windows of at least so many rows; and those that wait for more."""
    windows, waiting = [], []
    for batch in batches:
        if batch.seq in seen:
            continue
        waiting.append(batch)
        if sum(held.rows for held in waiting) >= min_rows:
            windows.append(waiting)
            waiting = []
    return windows, waiting


class Reader:
    """Labels and scores batches with what is in the project now, loaded once for all of them.

    Parameters
    ----------
    params
        The project's params.
    scorer
        Whose scores the reference has.
    """

    def __init__(self, params: Params, scorer: Scorer) -> None:
        self.params, self.scorer = params, scorer
        task = make_task(params, paths.LABEL_MATRIX, load_settings())
        self.cache: ColumnCache = task.open()
        self.model = label_model.load(paths.LABEL_MODEL)
        self.trained = _trained_ids()
        self.columns = [f"p_{name}" for name in params.task.classes]

    def read(self, batches: Sequence[Batch]) -> Window:
        """One window.

        Raises
        ------
        CorruptFileError
            A batch is damaged.
        LFError
            A labeling function cannot be applied to a batch, such as to a column of another type.
        """
        notes: list[str] = []
        parts = [self._rows(batch) for batch in batches]
        stored = np.concatenate(
            [self._stored(batch, part.frame["id"]) for batch, part in zip(batches, parts, strict=True)]
        )
        rows = Rows.concat(parts)
        known = int(rows.frame["id"].isin(self.trained).sum())
        if known:
            notes.append(
                f"{known:,} of the {len(rows):,} rows are among those that the reference was made from: what is found "
                "in them is on the safe side"
            )
        scores, scored_by = self._scores(batches, rows, stored, notes)
        seen = tuple(map(seen_batch, batches))
        return Window(seen, Rows(**{**vars(rows), "scores": scores}), stored, scored_by, tuple(notes))

    def gone(self, batch: Batch, reference: Reference) -> tuple[str, ...]:
        """Columns without which the batch is broken: it should have them, or labeling functions cannot do without.

        Raises
        ------
        CorruptFileError
            The batch is damaged.
        """
        (columns,) = {storage.list_pieces(shard.verified())[0].columns for shard in _shards(batch)}
        missing = missing_columns(reference, columns)
        gone = gone_columns(reference, columns, rows=batch.rows)
        if missing and not gone:
            try:
                self._rows(batch)  # the votes are kept
            except LFError:
                return missing
        return gone

    def _rows(self, batch: Batch) -> Rows:
        frame = read_batch(batch).frame
        names = tuple(lf.name for lf in self.cache.lfs)
        votes, failed, probs = [], [], []
        for shard in _shards(batch):
            ids = storage.read_table(shard.file, ["id"])["id"]
            try:
                found, _ = votes_on(shard, self.cache, ids.tolist())
            except LFError as error:
                raise LFError(
                    f"{batch.folder}: {error} Mend the labeling function, or keep the batch from training with "
                    f"`labelmill incoming hold {batch.seq} --reason '...'`."
                ) from error
            none = np.zeros(found.L.shape, dtype=bool)
            on = failed_on(found.errors, ids, names)
            votes.append(found.L)
            failed.append(none if on is None else on)
            probs.append(self.model.predict_proba(found.votes))
        return Rows(
            frame,
            np.concatenate(votes),
            np.concatenate(probs),
            np.full((len(frame), len(self.columns)), np.nan),
            np.concatenate(failed),
        )

    def _stored(self, batch: Batch, ids: pd.Series) -> Probs:
        """The scores that came with a batch; NaN where there are none, or of other classes."""
        table = read_scores(batch)
        if table is None or not {*self.columns} <= {*table.columns}:
            return np.full((len(ids), len(self.columns)), np.nan)
        return table.set_index("id")[self.columns].reindex(ids).to_numpy(dtype=np.float64)

    def _scores(self, batches: Sequence[Batch], rows: Rows, stored: Probs, notes: list[str]) -> tuple[Probs, str]:
        """Scores of the model that the reference has scores of: those of another model are no match for them."""
        wanted = self.scorer.sha256
        if all(batch.champion is not None and batch.champion["sha256"] == wanted for batch in batches):
            return stored, wanted
        scored = self.scorer.score(rows.frame)
        seen = rows.frame["id"].isin(self.trained).to_numpy()
        scored[seen] = np.nan
        notes.append(self.scorer.note or "the champion in charge scored these rows for the comparison")
        if seen.any():
            notes[-1] += f"; {int(seen.sum()):,} rows that it was trained on are left out"
        return scored, wanted if not seen.all() else ""


def _trained_ids() -> pd.Index:
    """Ids of the rows of training, of which the reference was made."""
    shards = storage.iter_shards(paths.CLEAN, ["id", "split"])
    return pd.Index(pd.concat([shard.loc[shard["split"] != "test", "id"] for shard in shards], ignore_index=True))


def _shards(batch: Batch) -> list[storage.Shard]:
    """The rows of a batch as shards of a table are."""
    shards = [shard for shard in storage.list_shards(batch.folder) if shard.file.name.startswith("part-")]
    if not shards:
        raise DataError(f"{batch.folder}: has no rows. Look at it with `labelmill incoming list`.")
    return shards


def seen_batch(batch: Batch) -> SeenBatch:
    """What is written down of a batch."""
    return SeenBatch(
        batch.seq,
        batch.source,
        batch.rows,
        batch.arrived.isoformat(timespec="seconds"),
        storage.folder_hash(batch.folder),
        batch.champion,
    )
