"""A stream of the past once more: period by period through the whole loop, the clock set to its days.

Each period is taken in, scored, watched and answered as a new one would be. Its gold is read for two things only: the
labels of audited rows, when their delay has passed, and the table at the end, which sets the loop beside its own first
champion, had that stayed in charge.

What was done for a period is looked up in files before it is done: killed at any point, the same replay again finishes
the work and does nothing twice.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from labelmill import storage
from labelmill.arrays import UNKNOWN
from labelmill.errors import ExpectationError, NothingToDoError, PromotionError
from labelmill.loop import arrivals
from labelmill.loop.periods import Period, publish_audits
from labelmill.loop.watch import watch
from labelmill.params import Params
from labelmill.quality import champion, decisions, evaluation
from labelmill.quality.champion import Champion
from labelmill.quality.evidence import Contender
from labelmill.quality.watched import Watched
from labelmill.sources.batches import Batch, held_batches, list_batches, read_batch, read_scores

PAIR = ("loop", "frozen")
"""The systems that are compared: whoever was in charge when a row came, and the first champion."""


@dataclass(frozen=True)
class Step:
    """What became of one period.

    Attributes
    ----------
    period
        Its days and rows.
    batch
        What it brought; None where nothing came, what came was refused, or it was played before.
    refused
        Why nothing was taken in; "" where something was.
    windows
        What was seen in the stream.
    decisions
        The lines that were recorded meanwhile.
    champion
        Number of the champion at the end of the period.
    """

    period: Period
    batch: Batch | None
    refused: str
    windows: tuple[Watched, ...]
    decisions: tuple[dict[str, Any], ...]
    champion: int


class Replay:
    """Plays periods through the loop of the project in the current folder.

    Parameters
    ----------
    params
        The project's params.
    retrain
        Brings every stage up to date and judges the new model, as the train flow does, at the time that it is given.
    audit_delay
        How long after a period people have labeled its audited rows.

    Raises
    ------
    PromotionError
        There is no champion yet, so nobody could score the first batch.
    """

    def __init__(
        self,
        params: Params,
        *,
        retrain: Callable[[dt.datetime], object],
        audit_delay: dt.timedelta = dt.timedelta(days=7),
    ) -> None:
        if not champion.current_seq():
            raise PromotionError("there is no champion yet. Make the first with `labelmill promote --first`.")
        self._params, self._retrain, self._delay = params, retrain, audit_delay
        # Asked for before the replay was killed.
        self._retrain_is_due = decisions.unanswered(decisions.decisions()) is not None
        self._unlabeled: list[Period] = []
        self._frozen: Contender | None = None
        self._tables: dict[int, pd.DataFrame] = {}

    def play(self, periods: Iterable[Period]) -> Iterator[Step]:
        """Take one period after the other through the loop."""
        for period in periods:
            now = _midnight(period.end)
            before = len(decisions.decisions())
            self._publish_audits(now)
            batch, refused = self._add(period, now)
            windows = watch(self._params, now=now) if batch else []
            asked = any(line.get("action") == "retrain" for line in decisions.decisions()[before:])
            if asked or (batch and self._retrain_is_due):
                self._retrain(now)
                self._retrain_is_due = False
            recorded = tuple(decisions.decisions()[before:])
            yield Step(period, batch, refused, tuple(windows), recorded, champion.current_seq())

    def scores(self) -> dict[str, Any]:
        """The loop and its first champion on all rows with gold that were taken in, each scored before it could train.

        In the form of `quality.evaluation.evaluate`, systems "loop" and "frozen"; empty where no row has gold.
        """
        task = self._params.task
        if not self._tables:
            return {}
        return evaluation.evaluate(
            pd.concat(self._tables.values(), ignore_index=True),
            classes=task.classes,
            positive=task.positive_index,
            params=self._params.evaluate,
            seed=task.seed,
            pairs=[PAIR],
        )["test"]

    def _add(self, period: Period, now: dt.datetime) -> tuple[Batch | None, str]:
        """The batch of a period, or why there is none. Of those that came before, only the last may be unfinished."""
        self._unlabeled.append(period)
        before = [*list_batches(), *held_batches()]
        batch = next((known for known in before if known.source == period.name), None)
        if batch is None:
            try:
                batch = arrivals.add_rows(period.intake, self._params, name=period.name, arrived=now)
            except (NothingToDoError, ExpectationError) as error:
                return None, str(error)
        elif batch.refused is not None:
            return None, batch.refused
        self._note_scores(batch, period)
        if any(later.seq > batch.seq for later in before):
            return None, "was played before"
        return batch, ""

    def _publish_audits(self, now: dt.datetime) -> None:
        due = [period for period in self._unlabeled if _midnight(period.end) + self._delay <= now]
        for period in due:
            publish_audits(period, self._params, at=now)
            self._unlabeled.remove(period)

    def _note_scores(self, batch: Batch, period: Period) -> None:
        """Keep what both champions say of the rows of a batch with gold."""
        classes, frame = self._params.task.classes, read_batch(batch).frame
        if self._frozen is None:
            self._frozen = champion.load_model(_first_champion(batch))
        gold = pd.Series(period.gold, index=period.intake.frame["id"]).reindex(frame["id"]).to_numpy()
        featurizer, model = self._frozen
        stored = read_scores(batch)
        assert stored is not None  # there is a champion since the replay began
        said = {
            "loop": stored[[f"p_{name}" for name in classes]].to_numpy(),
            "frozen": model.predict_proba(featurizer.transform(frame)),
        }
        days = pd.to_datetime(frame[self._params.ingest.splits.date_column], utc=True, errors="coerce")
        table = pd.DataFrame({"month": days.dt.strftime("%Y-%m"), "covered": True, "gold": gold})
        for system, probs in said.items():
            table[[f"{system}:{name}" for name in classes]] = probs
        self._tables[batch.seq] = table[table["gold"] != UNKNOWN]


def _first_champion(batch: Batch) -> Champion:
    """The champion that scored the first batch; as a copy, since its own files go when three others were promoted."""
    assert batch.champion is not None  # there is one since the replay began
    sha256 = batch.champion["sha256"]
    copy = decisions.state() / "replay" / sha256[:12]
    if not copy.is_dir():
        in_charge = champion.load_champion()
        if in_charge is None or in_charge.sha256 != sha256:
            raise PromotionError(
                f"{copy}: is gone, the copy of the champion that this replay began with. Restore it, or play the "
                "stream in a copy of the project from before."
            )
        with storage.new_folder(copy) as new:
            for file in in_charge.folder.glob("*/*"):  # those of end model and featurizer
                storage.copy_file(file, new / file.relative_to(in_charge.folder))
    return Champion(batch.champion["seq"], copy, sha256, storage.folder_hash(copy / "featurizer"))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
