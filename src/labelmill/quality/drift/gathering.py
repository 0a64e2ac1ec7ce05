"""The sample of the reference: rows are taken in part by part, and the same are kept in whatever order they come."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.arrays import UNKNOWN, Gold, LabelMatrix, Probs
from labelmill.quality.drift.measures import measures
from labelmill.quality.drift.rows import Rows, Schema
from labelmill.quality.drift.sample import Keys, cluster_keys, kept, texts_of
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
    def of(cls, rows: Rows, schema: Schema, *, seed: int, most: int, full: "Sample | None" = None) -> "Sample":
        """The rows of one part that are kept, measured; those that `full` has no place for are not."""
        texts = texts_of(rows.frame, schema)
        keys = cluster_keys(rows.frame["id"], texts, seed=seed)
        chosen = kept(keys, rows.frame["id"], rows=most)
        if full is not None and len(full) >= most:
            chosen = chosen[keys[chosen] <= full.keys.max()]
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

    def joined(self, other: "Sample", *, most: int) -> "Sample":
        """The rows that are kept of two samples."""
        measured = pd.concat([self.measured, other.measured], ignore_index=True)
        for name in measured.columns:
            if name.startswith("null:"):  # a column that a part does not have is missing in all of its rows
                measured[name] = measured[name].fillna(1.0)
        arrays = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _ARRAYS}
        words = sp.vstack([self.grams, other.grams], format="csr")
        both = Sample(**arrays, measured=measured, grams=words)
        return both.take(kept(both.keys, pd.Series(both.ids), rows=most))

    def take(self, chosen: NDArray[np.intp]) -> "Sample":
        """These rows only."""
        arrays = {name: getattr(self, name)[chosen] for name in _ARRAYS}
        measured = self.measured.iloc[chosen].reset_index(drop=True)
        return replace(self, **arrays, measured=measured, grams=self.grams[chosen])


_ARRAYS = ("ids", "keys", "L", "failed", "probs", "scores", "gold")


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
