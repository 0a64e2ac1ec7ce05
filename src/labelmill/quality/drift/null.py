"""What chance alone does to a window: the largest statistic of each layer in windows drawn from the reference.

Rows are drawn in clusters of equal texts, and whole, so that copies and labeling functions that depend on
each other count as what they are. It is done once for a reference and a size of windows.
"""

import logging
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri  # scipy.stats has them too, but takes a second longer to import

from labelmill import storage
from labelmill.errors import StorageError
from labelmill.quality.drift.findings import LAYERS
from labelmill.quality.drift.outputs import Features
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.sample import frequent
from labelmill.quality.drift.shares import Floats, Shares, signed_root_of_known
from labelmill.quality.drift.votes import VoteCounts, distance

LEAST_ROWS, MOST_ROWS = 128, 4096
"""Windows are drawn of these sizes and the powers of two between: in larger ones shares are as good as normal."""

_NULL = "null.json"
_RARE = 5
_TAILS = (0.95, 0.99)
_FOLD_DRAWS = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LayerNull:
    """What chance does to one layer.

    Attributes
    ----------
    spread
        Of each signal, the standard deviation of its statistic: above 1 where copies make it vary more.
    strength
        To how many independent signals those of the layer amount.
    """

    spread: Floats
    strength: float

    def threshold(self, level: float, *, more: int = 0) -> float:
        """What the largest of all statistics exceeds with this probability; `more` independent ones are added."""
        return -float(ndtri(-np.expm1(np.log1p(-level) / (self.strength + more)) / 2))

    def p_value(self, statistic: float, *, more: int = 0) -> float:
        """Probability that chance makes the largest statistic as large as this."""
        if statistic <= 0:
            return 1.0
        return float(-np.expm1((self.strength + more) * np.log1p(-2 * ndtr(-statistic))))


@dataclass(frozen=True)
class Null:
    """What chance does to all layers, and mean and deviation of the cube root of the distance of pair matrices."""

    layers: dict[str, LayerNull]
    distance: tuple[float, float]


def null_of(reference: Reference, n_window: int, *, draws: int, cache: Path | None) -> Null:
    """The null for windows of about this size: from memory, from the folder, or drawn now and kept in both."""
    rows = bucket(n_window)
    kept = reference.drawn.get(("null", rows, draws))
    if kept is not None:
        return kept
    null = draw(reference, rows, draws=draws) if cache is None else _cached(cache, reference, rows, draws=draws)
    reference.drawn["null", rows, draws] = null
    return null


def _cached(cache: Path, reference: Reference, rows: int, *, draws: int) -> Null:
    """The null as the folder has it; drawn and kept where it is not there or damaged."""
    ours = f"null-{reference.digest[:16]}-{_signals(reference):08x}"
    folder = cache / f"{ours}-{rows}-{draws}"
    if folder.is_dir():
        try:
            storage.verify_folder(folder, mend="It is drawn again.")
            return from_json(storage.read_json(folder / _NULL))
        except StorageError as error:
            _log.warning("%s", error)
    null = draw(reference, rows, draws=draws)
    with storage.new_folder(folder) as new:
        storage.write_json(new / _NULL, to_json(null))
    for other in cache.glob("null-*"):  # of references that nothing is compared with any more
        if not other.name.startswith(ours):
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    return null


def _signals(reference: Reference) -> int:
    """A number for the signals that there are: what an earlier version of the code drew may be of others."""
    forms = reference.input_features, reference.vote_form, reference.output_features
    return zlib.crc32(repr([key for form in forms for key in form.keys]).encode())


def bucket(n_window: int) -> int:
    """The power of two below, within the limits."""
    return int(2 ** np.floor(np.log2(np.clip(n_window, LEAST_ROWS, MOST_ROWS))))


def draw(reference: Reference, rows: int, *, draws: int) -> Null:
    """Draw windows of so many rows from the sample of the reference, in clusters."""
    rng = np.random.default_rng([reference.seed, rows, draws])
    clusters = Clusters(reference.sample.keys)
    count = max(1, round(rows / clusters.mean_size))
    chosen = rng.integers(0, len(clusters.sizes), (draws, count))
    votes, distances = _votes(reference, clusters, chosen)
    centre, spread = float(distances.mean()), max(float(distances.std()), 1e-9)
    layers = {
        "input": _layer(*_dense(reference.input_features, clusters, chosen)),
        "votes": _layer(*votes, (distances - centre) / spread),
        "outputs": _layer(*_dense(reference.output_features, clusters, chosen)),
    }
    return Null({name: layers[name] for name in LAYERS}, (centre, spread))


class Clusters:
    """Rows with equal keys, which are drawn together.

    Those of a frequent text are drawn one by one. Together they would be in a window or not, so that nothing that
    hangs on them, such as a labeling function which votes on no others, could ever stand out.
    """

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        texts, of_row = np.unique(keys, return_inverse=True)
        numbers = np.where(frequent(keys), len(texts) + np.arange(len(keys)), of_row)
        _, self.of_row, self.sizes = np.unique(numbers, return_inverse=True, return_counts=True)
        self._order = np.argsort(self.of_row, kind="stable")
        self._starts = np.cumsum(self.sizes) - self.sizes

    @property
    def mean_size(self) -> float:
        """Rows per cluster."""
        return float(self.sizes.mean())

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.intp]:
        """The rows of these clusters."""
        sizes = self.sizes[chosen]
        before = np.cumsum(sizes) - sizes
        return self._order[np.repeat(self._starts[chosen] - before, sizes) + np.arange(sizes.sum())]


def _votes(
    reference: Reference, clusters: Clusters, chosen: NDArray[np.int64]
) -> tuple[tuple[Floats, NDArray[np.bool_], Floats], Floats]:
    """Statistics of the signals of votes, draws x signals, and the cube root of each squared distance, scaled."""
    sample, form = reference.sample, reference.vote_form
    everything = VoteCounts.of(sample.L, sample.failed, cardinality=reference.schema.cardinality)
    known = form.shares(everything)
    roots, distances = np.empty((len(chosen), len(form.keys))), np.empty(len(chosen))
    for number, line in enumerate(chosen):
        rows = clusters.rows(line)
        failed = None if sample.failed is None else sample.failed[rows]
        counts = VoteCounts.of(sample.L[rows], failed, cardinality=reference.schema.cardinality)
        roots[number] = signed_root_of_known(form.shares(counts), known.values)
        distances[number] = np.cbrt(distance(counts, everything) ** 2 * counts.n)
    return (roots, np.ones(len(form.keys), bool), known.hits), distances


def _dense(
    features: Features, clusters: Clusters, chosen: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Statistics of signals that are sums of numbers per row, draws x signals."""
    n_clusters, known = len(clusters.sizes), features.sums()
    hits, bases = (_by_cluster(part, clusters) for part in (features.hits, features.bases))
    roots = np.empty((len(chosen), len(features.keys)))
    for start in range(0, len(chosen), _FOLD_DRAWS):
        lines = chosen[start : start + _FOLD_DRAWS]
        places = (lines + np.arange(len(lines))[:, None] * n_clusters).ravel()
        times = np.bincount(places, minlength=len(lines) * n_clusters).reshape(len(lines), n_clusters)
        times = times.astype(np.float32)
        drawn = Shares((times @ hits).astype(float), (times @ bases).astype(float))
        roots[start : start + len(lines)] = signed_root_of_known(drawn, known.values)
    return roots, np.array([key.whole for key in features.keys], bool), known.hits


def _by_cluster(values: Floats, clusters: Clusters) -> NDArray[np.float32]:
    """Sums over the rows of each cluster."""
    out = np.zeros((len(clusters.sizes), values.shape[1]))
    np.add.at(out, clusters.of_row, values)
    return out.astype(np.float32)


def _layer(roots: Floats, whole: NDArray[np.bool_], hits: Floats, more: Floats | None = None) -> LayerNull:
    """Spread of each signal and strength of the layer."""
    if roots.shape[1] == 0:
        return LayerNull(np.ones(0), 1.0)
    # Rows vary at least as chance alone makes them; shares of rows may vary less. Of what hardly occurs in the
    # sample nothing is known, also not that it varies little.
    spread = np.maximum(roots.std(axis=0), np.where(whole | (hits < _RARE), 1.0, 0.02))
    largest = np.abs(roots / spread).max(axis=1)
    if more is not None:
        largest = np.maximum(largest, more)
    tails = np.quantile(largest, _TAILS)
    strength = np.log(_TAILS) / np.log1p(-2 * ndtr(-np.maximum(tails, 0.1)))
    return LayerNull(spread, max(float(strength.max()), 1.0))


def to_json(null: Null) -> dict[str, Any]:
    """As numbers, lists and dicts."""
    layers = {name: [layer.spread.tolist(), layer.strength] for name, layer in null.layers.items()}
    return {"layers": layers, "distance": null.distance}


def from_json(content: dict[str, Any]) -> Null:
    """The null again."""
    layers = {
        name: LayerNull(np.array(spread, float), strength) for name, (spread, strength) in content["layers"].items()
    }
    return Null(layers, tuple(content["distance"]))
