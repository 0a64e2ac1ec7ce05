"""The sample of the reference: rows are taken in part by part, and the same are kept in whatever order they come."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, LabelMatrix, Probs
from labelmill.quality.drift.measures import measures
from labelmill.quality.drift.rows import Rows, Schema
from labelmill.quality.drift.sample import Keys, candidates, cluster_keys, kept, texts_of
from labelmill.quality.drift.words import BUCKETS, grams


@dataclass(frozen=True)
class Sample:
    """Some rows, as far as they are kept: no text, only what was measured of it.

    Attributes
    ----------
    ids, keys
        Who the rows are, and which of them are copies of each other.
    L, failed, probs, scores, gold
        As in `Rows`.
    measured
        See `measures.measures`.
    grams
        See `words.grams`.
    """

    ids: NDArray[np.object_]
    keys: Keys
    L: LabelMatrix
    failed: NDArray[np.bool_]
    probs: Probs
    scores: Probs
    gold: Gold
    measured: pd.DataFrame
    grams: sp.csr_matrix

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, rows: Rows, schema: Schema, *, seed: int, most: int) -> "Sample":
        """The rows that are kept of one part, measured."""
        texts = texts_of(rows.frame, schema)
        keys = cluster_keys(rows.frame["id"], texts, seed=seed)
        return cls.measured_of(rows, schema, texts, keys, kept(keys, rows.frame["id"], rows=most))

    @classmethod
    def measured_of(
        cls, rows: Rows, schema: Schema, texts: list[str], keys: Keys, chosen: NDArray[np.intp]
    ) -> "Sample":
        """These rows of one part, measured."""
        frame = rows.frame.iloc[chosen]
        n, m = rows.L.shape
        failed = np.zeros((n, m), bool) if rows.failed is None else rows.failed
        gold = np.full(n, UNKNOWN) if rows.gold is None else rows.gold
        return cls(
            ids=frame["id"].astype(str).to_numpy(object),
            keys=keys[chosen],
            L=np.ascontiguousarray(rows.L[chosen], np.int8),
            failed=failed[chosen],
            probs=rows.probs[chosen].astype(float),
            scores=rows.scores[chosen].astype(float),
            gold=gold[chosen].astype(np.int64),
            measured=measures(frame, schema),
            grams=grams([texts[place] for place in chosen]),
        )

    @classmethod
    def joined(cls, parts: "Sequence[Sample]") -> "Sample":
        """The rows of all parts, one after the other."""
        measured = pd.concat([part.measured for part in parts], ignore_index=True)
        for name in measured.columns:
            if name.startswith("null:"):  # a column that a part does not have is missing in all of its rows
                measured[name] = measured[name].fillna(1.0)
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        return cls(**arrays, measured=measured, grams=sp.vstack([part.grams for part in parts], format="csr"))

    def take(self, chosen: NDArray[np.intp]) -> "Sample":
        """These rows only."""
        arrays = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        measured = self.measured.iloc[chosen].reset_index(drop=True)
        return replace(self, **arrays, measured=measured, grams=self.grams[chosen])


_ARRAYS = ("ids", "keys", "L", "failed", "probs", "scores", "gold")


class Gathering:
    """Takes rows in, part by part, and keeps no more of them than the sample may need.

    Parameters
    ----------
    schema
        What the columns are.
    seed
        Decides which rows are kept.
    most
        Rows of the sample.
    """

    def __init__(self, schema: Schema, *, seed: int, most: int) -> None:
        self._schema, self._seed, self._most = schema, seed, most
        self._held: list[Sample] = []

    def add(self, rows: Rows) -> None:
        """Take in one part."""
        texts = texts_of(rows.frame, self._schema)
        keys = cluster_keys(rows.frame["id"], texts, seed=self._seed)
        chosen = candidates(keys, rows.frame["id"], rows=self._most)
        self._held.append(Sample.measured_of(rows, self._schema, texts, keys, chosen))
        # Not at each of a thousand small parts: that would take as long as a thousand large ones.
        if sum(map(len, self._held)) > 4 * self._most:
            self._held = [self._together()]

    def sample(self) -> Sample:
        """The sample of all rows that were taken in."""
        held = self._together()
        return held.take(kept(held.keys, pd.Series(held.ids), rows=self._most))

    def _together(self) -> Sample:
        held = Sample.joined(self._held)
        return held.take(candidates(held.keys, pd.Series(held.ids), rows=self._most))


def arrays_of(sample: Sample) -> dict[str, NDArray[Any]]:
    """The arrays to store, beside ids and measures, which go into a table."""
    named = {name: getattr(sample, name) for name in _ARRAYS if name != "ids"}
    return {**named, "indptr": sample.grams.indptr.astype(np.int64), "indices": sample.grams.indices.astype(np.int32)}


def from_arrays(arrays: dict[str, NDArray[Any]], table: pd.DataFrame) -> Sample:
    """The sample again."""
    indptr, indices = arrays["indptr"], arrays["indices"]
    matrix = sp.csr_matrix((np.ones(len(indices), np.float32), indices, indptr), shape=(len(table), BUCKETS))
    named = {name: arrays[name] for name in _ARRAYS if name != "ids"}
    ids = table["id"].astype(str).to_numpy(object)
    return Sample(ids=ids, **named, measured=table.drop(columns="id"), grams=matrix)
