"""A stream of the past once more: period by period through the whole loop, the clock set to its days.

Each period is taken in, scored, watched and answered as a new one would be. Its gold is read for two things only: the
labels of audited rows, when their delay has passed, and the table at the end, which sets the loop beside its own first
champion, had that stayed in charge.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from labelmill.arrays import UNKNOWN
from labelmill.errors import ExpectationError, NothingToDoError, PromotionError
from labelmill.loop import arrivals
from labelmill.loop.periods import Period, publish_audits
from labelmill.loop.watch import watch
from labelmill.params import Params
from labelmill.quality import champion, decisions, evaluation
from labelmill.quality.watched import Watched
from labelmill.sources.batches import Batch, read_batch, read_scores

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
        What it brought; None where nothing came or what came was refused.
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
        first = champion.load_champion()
        if first is None:
            raise PromotionError("there is no champion yet. Make the first with `labelmill promote --first`.")
        self._params, self._retrain, self._delay = params, retrain, audit_delay
        # In memory: when three others were promoted its files are gone.
        self._frozen = champion.load_model(first)
        self._unlabeled: list[Period] = []
        self._tables: list[pd.DataFrame] = []

    def play(self, periods: Iterable[Period]) -> Iterator[Step]:
        """Take one period after the other through the loop."""
        for period in periods:
            now = dt.datetime.combine(period.end, dt.time(), tzinfo=dt.UTC)
            before = len(decisions.decisions())
            self._publish_audits(now)
            batch, refused = self._add(period, now)
            windows = watch(self._params, now=now) if batch else []
            if any(line.get("action") == "retrain" for line in decisions.decisions()[before:]):
                self._retrain(now)
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
            pd.concat(self._tables, ignore_index=True),
            classes=task.classes,
            positive=task.positive_index,
            params=self._params.evaluate,
            seed=task.seed,
            pairs=[PAIR],
        )["test"]

    def _add(self, period: Period, now: dt.datetime) -> tuple[Batch | None, str]:
        try:
            batch = arrivals.add_rows(period.intake, self._params, name=period.name, arrived=now)
        except (NothingToDoError, ExpectationError) as error:
            return None, str(error)
        self._unlabeled.append(period)
        self._note_scores(batch, period)
        return batch, ""

    def _publish_audits(self, now: dt.datetime) -> None:
        due = [period for period in self._unlabeled if _midnight(period.end) + self._delay <= now]
        for period in due:
            publish_audits(period, self._params, at=now)
            self._unlabeled.remove(period)

    def _note_scores(self, batch: Batch, period: Period) -> None:
        """Keep what both champions say of the rows of a batch with gold."""
        classes, frame = self._params.task.classes, read_batch(batch).frame
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
        self._tables.append(table[table["gold"] != UNKNOWN])


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
