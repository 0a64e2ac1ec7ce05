"""What champion and challenger are compared on: gate gold, the newest rows by weak labels, and their speed.

Each model brings its own featurizer, so that a champion of other features is judged as it would serve.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from labelmill import paths, storage
from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, Probs
from labelmill.params import Params
from labelmill.quality.metrics import Bools

if TYPE_CHECKING:
    from labelmill.end_model.features import Featurizer
    from labelmill.end_model.model import EndModel

BATCH_ROWS = 16
"""Rows that are scored at once when the time is taken."""

_REPEATS = 3
_NEVER_TRAINED = ("gate", "test")

Contender: TypeAlias = "tuple[Featurizer, EndModel]"
"""A model with the featurizer that belongs to it."""


@dataclass(frozen=True)
class Evidence:
    """Rows on which two models are compared.

    Attributes
    ----------
    gold
        n known classes, or what weak labels say.
    champion, challenger
        n x k probabilities of the two on the same rows.
    slices
        n booleans for each part of the rows, by its name.
    """

    gold: Gold
    champion: Probs
    challenger: Probs
    slices: dict[str, Bools]


def known_gate_gold() -> "pd.Series[int]":
    """The classes of the gate rows whose gold is known, by id."""
    gold = storage.read_table(paths.GOLD_GATE).set_index("id")["label"]
    return gold[gold != UNKNOWN]


def gate_rows(gold: "pd.Series[int]") -> pd.DataFrame:
    """The clean rows that have gate gold; a row may have been quarantined since its gold was written."""
    return _clean_rows(lambda shard: shard["id"].isin(gold.index))


def on_gate(
    rows: pd.DataFrame, gold: "pd.Series[int]", *, champion: Contender, challenger: Contender, params: Params
) -> Evidence:
    """Both models on the gate rows; slices are rows with and without votes, months and classes."""
    known: Gold = gold.loc[rows["id"]].to_numpy(dtype=np.int64)
    covered = _covered(rows["id"])
    slices = {"covered": covered, "uncovered": ~covered}
    slices |= {f"class {name}": known == number for number, name in enumerate(params.task.classes)}
    slices |= {f"month {month}": found for month, found in _months(rows, params).items()}
    both = {side: _say(of, rows, params.task.classes) for side, of in (("old", champion), ("new", challenger))}
    return Evidence(known, both["old"], both["new"], slices)


def newest_window(
    *, champion: Contender, challenger: Contender, params: Params
) -> tuple[Evidence, tuple[str, str] | None] | None:
    """Both models on the newest rows that training never sees, by what the label model says of them.

    Returns
    -------
    The evidence, and the first and last day of its rows where they are dated. None where there is no such row.
    """
    date, classes = params.ingest.splits.date_column, params.task.classes
    rows = _clean_rows(lambda shard: shard["split"].isin(_NEVER_TRAINED))
    if date is not None and len(rows):
        rows = rows.sort_values(date, kind="stable", na_position="first")
    labels = storage.read_shards(paths.PROBS, ["id", "covered", "pred"]).set_index("id")
    labels = labels[labels["covered"] & (labels["pred"] != ABSTAIN)]
    rows = rows[rows["id"].isin(labels.index)].iloc[-params.promote.window_rows :]
    if rows.empty or not params.promote.window_rows:
        return None
    both = {side: _say(of, rows, classes) for side, of in (("old", champion), ("new", challenger))}
    weak: Gold = labels["pred"].loc[rows["id"]].to_numpy(dtype=np.int64)
    days = pd.to_datetime(rows[date], utc=True, errors="coerce").dropna() if date else pd.Series([], dtype=object)
    period = (f"{days.min():%Y-%m-%d}", f"{days.max():%Y-%m-%d}") if len(days) else None
    return Evidence(weak, both["old"], both["new"], slices={}), period


def cpu_ms(rows: pd.DataFrame, *, champion: Contender, challenger: Contender) -> tuple[float, float]:
    """CPU milliseconds that both need for 16 rows, features included: the 99th percentile over the rows.

    Both take turns on the same rows, and of three times the least counts, so that what else the
    machine does falls on neither.
    """
    taken = []
    for start in range(0, len(rows), BATCH_ROWS):
        batch = rows.iloc[start : start + BATCH_ROWS]
        taken.append(np.min([[_cpu_ms(of, batch) for of in (champion, challenger)] for _ in range(_REPEATS)], axis=0))
    old, new = np.percentile(taken, 99, axis=0)
    return float(old), float(new)


def _cpu_ms(contender: Contender, rows: pd.DataFrame) -> float:
    featurizer, model = contender
    start = time.thread_time_ns()
    model.predict_proba(featurizer.transform(rows))
    return (time.thread_time_ns() - start) / 1e6


def _say(contender: Contender, rows: pd.DataFrame, classes: tuple[str, ...]) -> Probs:
    """Probabilities in the order of `classes`; a champion of other classes knows nothing of new ones."""
    featurizer, model = contender
    found = pd.DataFrame(model.predict_proba(featurizer.transform(rows)), columns=list(model.classes))
    return found.reindex(columns=list(classes), fill_value=0.0).to_numpy(dtype=np.float64)


def _clean_rows(wanted: "Callable[[pd.DataFrame], pd.Series[bool]]") -> pd.DataFrame:
    parts = [shard[wanted(shard)] for shard in storage.iter_shards(paths.CLEAN)]
    return pd.concat(parts, ignore_index=True)


def _covered(ids: "pd.Series[str]") -> Bools:
    found: dict[str, bool] = {}
    wanted = set(ids)
    for shard in storage.iter_shards(paths.LABEL_MATRIX):
        votes = shard[shard["id"].isin(wanted)]
        any_vote = (votes.drop(columns="id") != ABSTAIN).any(axis=1)
        found |= dict(zip(votes["id"], any_vote, strict=True))
    return np.array([found.get(row, False) for row in ids], dtype=bool)


def _months(rows: pd.DataFrame, params: Params) -> dict[str, Bools]:
    date = params.ingest.splits.date_column
    if date is None:
        return {}
    months = pd.to_datetime(rows[date], utc=True, errors="coerce").dt.strftime("%Y-%m")
    return {str(month): (months == month).to_numpy() for month in sorted(months.dropna().unique())}
