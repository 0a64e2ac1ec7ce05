"""Whose scores are compared: those of the champion in charge, on the rows of training as on new ones."""

import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import Probs
from labelmill.errors import CorruptFileError, StorageError
from labelmill.quality.champion import Champion, load_champion, load_model
from labelmill.quality.drift.outputs import features, is_scored
from labelmill.quality.drift.reference import Reference
from labelmill.quality.profile import MadeFrom

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scorer:
    """The model whose scores are compared.

    Attributes
    ----------
    champion
        The champion in charge, where it is another than the newest end model; None for that.
    sha256
        Hash of the end model.
    columns
        Names of the columns of scores, by class.
    note
        What is to be known of it, in words; "" for a champion.
    """

    champion: Champion | None
    sha256: str
    columns: tuple[str, ...]
    note: str = ""

    def score(self, frame: pd.DataFrame) -> Probs:
        """How likely it finds each class, n x k."""
        from labelmill.scoring import score_frame

        scored = score_frame(frame, champion=self.champion)
        return scored[list(self.columns)].to_numpy(dtype=np.float64, copy=True)


def scorer_of(made_from: MadeFrom) -> Scorer:
    """The champion in charge; where there is none that can be compared, the newest end model."""
    newest, columns = made_from.end_model, tuple(f"p_{name}" for name in made_from.classes)
    try:
        champion = load_champion()
    except CorruptFileError as error:
        _log.warning("%s", error)
        return Scorer(None, newest, columns, "the champion is damaged: scores are those of the newest end model")
    if champion is None:
        return Scorer(None, newest, columns, "there is no champion: scores are those of the newest end model")
    if champion.sha256 == newest:
        return Scorer(None, newest, columns)
    if load_model(champion)[1].classes != made_from.classes:
        note = "the champion knows other classes: scores are those of the newest end model"
        return Scorer(None, newest, columns, note)
    return Scorer(champion, champion.sha256, columns)


def as_scored_by(scorer: Scorer, reference: Reference, cache: Path) -> Reference:
    """The reference with scores of this model, on the rows that it had scores of; they are kept in the cache.

    What was held out of the training of the newest end model is held out by a hash of its id, so it was when the
    champion was trained.
    """
    if scorer.champion is None:
        return reference
    folder = cache / f"scores-{reference.digest[:16]}-{scorer.sha256[:16]}"
    table = _kept(folder)
    if table is None:
        table = _scores(scorer, reference)
        with storage.new_folder(folder) as new:
            storage.write_table(new / "scores.parquet", table)
        for other in cache.glob("scores-*"):  # of references and champions that nothing is compared with any more
            if other != folder:
                shutil.rmtree(other)
    by_id = table.set_index("id")[list(scorer.columns)]
    scores = by_id.reindex(reference.sample.ids).to_numpy(np.float64, copy=True)
    # Rows of dev gold beyond the sample are there for `on_gold` alone.
    scores[~is_scored(reference.sample.scores)] = np.nan
    sample = replace(reference.sample, scores=scores)
    found = replace(reference, sample=sample, drawn={})
    gold = storage.read_gold(paths.GOLD_DEV, table["id"])
    right = (by_id.to_numpy().argmax(axis=1) == gold)[gold >= 0]
    sums = features(found.rows, reference.schema).sums()
    sums.hits[-1], sums.bases[-1] = right.sum(), len(right)
    return replace(found, outputs=sums, drawn={})


def _scores(scorer: Scorer, reference: Reference) -> pd.DataFrame:
    """Scores of the rows of the sample that have some, and of those with dev gold, of texts read again."""
    wanted = {*reference.sample.ids[is_scored(reference.sample.scores)], *storage.read_table(paths.GOLD_DEV)["id"]}
    parts = []
    for frame in storage.iter_shards(paths.CLEAN):
        rows = frame[frame["id"].isin(wanted)].reset_index(drop=True)
        scores = pd.DataFrame(scorer.score(rows) if len(rows) else [], columns=list(scorer.columns), dtype=float)
        parts.append(pd.concat([rows[["id"]], scores], axis=1))
    table = pd.concat(parts, ignore_index=True)
    _log.info("the champion in charge scored %s rows of training, which is kept", f"{len(table):,}")
    return table


def _kept(folder: Path) -> pd.DataFrame | None:
    if not folder.is_dir():
        return None
    try:
        storage.verify_folder(folder, mend="It is made again.")
        return storage.read_table(folder / "scores.parquet")
    except StorageError as error:
        _log.warning("%s", error)
        return None
