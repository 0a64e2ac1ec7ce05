"""The layer of outputs: what the label model and the champion make of the rows."""

from dataclasses import dataclass

import numpy as np

from labelmill.arrays import UNKNOWN, Probs
from labelmill.quality.drift.rows import Rows, Schema
from labelmill.quality.drift.shares import Flags, Floats, Shares, SignalKey, units

ON_GOLD = SignalKey("accuracy", "champion on gold")
"""Counted last; no signal, since gold of new rows comes long after them: see `gold`."""

CUTS = (0.1, 0.25, 0.5, 0.75, 0.9)


@dataclass(frozen=True)
class Features:
    """One line per row: what it adds to hits and bases of each signal."""

    keys: list[SignalKey]
    hits: Floats
    bases: Floats

    def sums(self) -> Shares:
        """Hits and bases of all rows together."""
        return Shares(self.hits.sum(axis=0), self.bases.sum(axis=0))


class Columns:
    """Gathers the signals of some rows, column by column."""

    def __init__(self) -> None:
        self._keys: list[SignalKey] = []
        self._hits: list[Floats] = []
        self._bases: list[Floats] = []

    def add(self, kind: str, name: str, values: Floats | Flags, *, among: Floats | Flags, whole: bool) -> None:
        """One signal: a value per row, and whether the row counts."""
        counted = np.asarray(among, float)
        numbers = np.nan_to_num(np.asarray(values, float))
        self._keys.append(SignalKey(kind, name, whole))
        self._hits.append(counted * (numbers if whole else units(numbers)))
        self._bases.append(counted)

    def features(self, n: int) -> Features:
        """All of them."""
        if not self._keys:
            return Features([], np.zeros((n, 0)), np.zeros((n, 0)))
        return Features(self._keys, np.stack(self._hits, axis=1), np.stack(self._bases, axis=1))


def features(rows: Rows, schema: Schema) -> Features:
    """What the models make of some rows, one line per row."""
    columns = Columns()
    covered, scored = is_covered(rows), is_scored(rows.scores)
    scores = np.where(scored[:, None], rows.scores, 1 / schema.cardinality)
    _distribution(columns, "label_model", rows.probs, covered, schema)
    _distribution(columns, "champion", scores, scored, schema)
    columns.add("confidence", "champion", scores.max(axis=1), among=scored, whole=False)
    differ = rows.probs.argmax(axis=1) != scores.argmax(axis=1)
    columns.add("disagreement", "champion and label model", differ, among=scored & covered, whole=True)
    gold = np.full(len(rows), UNKNOWN) if rows.gold is None else rows.gold
    columns.add(ON_GOLD.kind, ON_GOLD.name, scores.argmax(axis=1) == gold, among=scored & (gold >= 0), whole=True)
    return columns.features(len(rows))


def is_covered(rows: Rows) -> Flags:
    """Which rows have a vote."""
    return np.asarray((rows.L >= 0).any(axis=1))


def is_scored(scores: Probs) -> Flags:
    """Which rows have scores."""
    return np.asarray(np.isfinite(scores).all(axis=1))


def entropy(probs: Probs) -> Floats:
    """Of each row, as a share of the most there can be."""
    logs = np.log(np.where(probs > 0, probs, 1.0))
    return -(probs * logs).sum(axis=1) / np.log(probs.shape[1])


def _distribution(columns: Columns, model: str, probs: Probs, among: Flags, schema: Schema) -> None:
    """How the probabilities of one model are distributed; of two classes the second tells all."""
    winner = probs.argmax(axis=1)
    columns.add("entropy", model, entropy(probs), among=among, whole=False)
    for number, name in enumerate(schema.classes):
        columns.add("mean", f"{model}: {name}", probs[:, number], among=among, whole=False)
        columns.add("predicted", f"{model}: {name}", winner == number, among=among, whole=True)
        if schema.cardinality > 2 or number == 1:
            for cut in CUTS:
                below = probs[:, number] <= cut
                columns.add("histogram", f"{model}: {name} <= {cut:g}", below, among=among, whole=True)
