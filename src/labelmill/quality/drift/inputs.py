"""The layer of input: nulls, lengths, numbers, scripts and words of the rows themselves."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.quality.drift.outputs import Columns, Features
from labelmill.quality.drift.sample import Keys, frequent
from labelmill.quality.drift.words import unknown_share, vocabulary_of

QUANTILES = np.arange(1, 10) / 10

_HALF = np.uint64(1 << 20)


@dataclass(frozen=True)
class InputForm:
    """Which signals the layer has: fixed by the sample of the reference, the same for every window.

    Attributes
    ----------
    columns
        Columns whose nulls are counted.
    cuts
        By measure of a length or number, where its distribution is cut: deciles of the reference.
    shares
        Measures that are shares of a row.
    vocabulary
        Buckets of the words of one half of the sample; the share of unknown words is measured on the other half,
        since no word of the first is unknown.
    """

    columns: tuple[str, ...]
    cuts: dict[str, tuple[float, ...]]
    shares: tuple[str, ...]
    vocabulary: NDArray[np.bool_]

    @classmethod
    def of(cls, measured: pd.DataFrame, grams: sp.csr_matrix, keys: Keys) -> "InputForm":
        """The signals for this reference."""
        names = [str(name) for name in measured.columns]
        cut = {name: cuts_of(measured[name]) for name in names if name.startswith(("length:", "number:"))}
        return cls(
            columns=tuple(name.removeprefix("null:") for name in names if name.startswith("null:")),
            cuts={name: cuts for name, cuts in cut.items() if cuts},
            shares=tuple(name for name in names if name.startswith(("script:", "characters:"))),
            vocabulary=vocabulary_of(grams[is_vocabulary(keys)]),
        )

    def features(self, measured: pd.DataFrame, grams: sp.csr_matrix, *, measurable: NDArray[np.bool_]) -> Features:
        """What each row adds to the signals; `measurable` are the rows whose unknown words may be counted."""
        columns, rows = Columns(), np.ones(len(measured))
        for name in self.columns:
            missing = values_of(measured, f"null:{name}", absent=1.0)
            columns.add("null", name, missing, among=rows, whole=True)
        for name, cuts in self.cuts.items():
            values = values_of(measured, name, absent=np.nan)
            for cut in cuts:
                columns.add("distribution", f"{name} <= {cut:g}", values <= cut, among=~np.isnan(values), whole=True)
        for name in self.shares:
            kind, _, what = name.partition(":")
            values = values_of(measured, name, absent=np.nan)
            columns.add(kind, what, values, among=~np.isnan(values), whole=False)
        if self.vocabulary.any():
            unknown = unknown_share(grams, self.vocabulary)
            columns.add("vocabulary", "unknown words", unknown, among=~np.isnan(unknown) & measurable, whole=False)
        return columns.features(len(measured))


def is_vocabulary(keys: Keys) -> NDArray[np.bool_]:
    """Which rows of the sample the vocabulary is of; frequent texts are all in it."""
    return np.asarray(((keys & _HALF) == 0) | frequent(keys))


def is_measurable(keys: Keys) -> NDArray[np.bool_]:
    """Which rows of the sample the share of unknown words is measured on: half of all, and half of each frequent text.

    Were a frequent text in one of the halves as a whole, the share would be that of other rows than come in a window.
    """
    return np.where(frequent(keys), np.arange(len(keys)) % 2 == 1, (keys & _HALF) != 0)


def values_of(measured: pd.DataFrame, name: str, *, absent: float) -> NDArray[np.float64]:
    """A measure, or the same number for all rows where it is not there."""
    return measured[name].to_numpy(float) if name in measured.columns else np.full(len(measured), absent)


def cuts_of(values: Iterable[float]) -> tuple[float, ...]:
    """Deciles, each once; none where all values are equal."""
    known = np.asarray(values, float)
    known = known[~np.isnan(known)]
    if not len(known):
        return ()
    found = np.unique(np.quantile(known, QUANTILES, method="inverted_cdf"))
    return tuple(float(cut) for cut in found if cut < known.max())


def stability_index(window: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Population stability index of the bins between cuts, from the shares below each cut.

    A bin that is empty on one side counts as if it held a thousandth, so that the index stays finite.
    """
    bins = [np.maximum(np.diff(np.concatenate([[0.0], below, [1.0]])), 1e-3) for below in (window, reference)]
    return float(((bins[0] - bins[1]) * np.log(bins[0] / bins[1])).sum())
