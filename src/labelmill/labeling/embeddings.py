"""Labeling functions by nearness: a text is near some examples, by the cosine of what an embedder makes of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeAlias, Unpack

import numpy as np
from numpy.typing import NDArray

from labelmill.errors import LFError
from labelmill.labeling.functions import Origin
from labelmill.labeling.models import Identity, ModelLF
from labelmill.labeling.outputs import Reading, Thresholds
from labelmill.labeling.tables import read_words
from labelmill.labeling.upkeep import UpkeepArguments, as_upkeep
from labelmill.labeling.votes import check_label

Embedder: TypeAlias = Callable[[list[str]], Any]
"""Makes n texts an array n x d."""
Vectors: TypeAlias = NDArray[np.float32]

BATCH_TEXTS = 256
"""Texts that an embedder gets at a time."""
KEPT_COLUMNS = 4
"""Columns whose vectors are kept for other labeling functions on the same rows."""


class _Same:
    """Stands for an embedder in the cache, whether or not it can be hashed: it is the same only as itself."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    def __hash__(self) -> int:
        return id(self.embedder)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.embedder is other.embedder


def embed(embedder: Embedder, texts: Sequence[str]) -> Vectors:
    """Vectors of unit length, n x d; each distinct text is embedded once, and the last few columns are kept.

    Raises
    ------
    LFError
        A value is no text, or the embedder gave no array n x d of finite numbers.
    """
    if (wrong := next((text for text in texts if not isinstance(text, str)), None)) is not None:
        raise LFError(f"an embedder takes texts, found {wrong!r} ({type(wrong).__name__}).")
    return _embed(_Same(embedder), tuple(texts))


@lru_cache(maxsize=KEPT_COLUMNS)
def _embed(same: _Same, texts: tuple[str, ...]) -> Vectors:
    distinct = list(dict.fromkeys(texts))
    parts = []
    for start in range(0, len(distinct), BATCH_TEXTS):
        some = distinct[start : start + BATCH_TEXTS]
        vectors = np.asarray(same.embedder(some), dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != len(some) or not np.isfinite(vectors).all():
            raise LFError(
                f"the embedder gave an array of shape {vectors.shape} for {len(some)} texts: "
                "expected one row of finite numbers for each."
            )
        parts.append(_unit(vectors))
    place = {text: i for i, text in enumerate(distinct)}
    found = np.concatenate(parts)[[place[text] for text in texts]]
    found.flags.writeable = False  # others share it
    return found


def _unit(vectors: NDArray[Any]) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1.0, norms)).astype(np.float32)


class _Near:
    """The largest cosine to the examples of each class."""

    def __init__(self, embedder: Embedder, anchors: Mapping[int, Any], *, lf: str) -> None:
        self.embedder = embedder
        self.anchors = anchors
        self.lf = lf

    @cached_property
    def vectors(self) -> list[Vectors]:
        """Those of each class, once anything is asked."""
        return [
            embed(self.embedder, anchor) if isinstance(anchor, list) else _unit(anchor)
            for anchor in self.anchors.values()
        ]

    def __call__(self, texts: list[str]) -> tuple[Any, Sequence[Any]]:
        found = embed(self.embedder, texts)
        for vectors in self.vectors:
            if vectors.shape[1] != found.shape[1]:
                raise LFError(
                    f"labeling function {self.lf!r}: centroids have {vectors.shape[1]} numbers, the embedder gives "
                    f"{found.shape[1]}."
                )
        return np.stack([(found @ vectors.T).max(axis=1) for vectors in self.vectors], axis=1), list(self.anchors)


def embedding_lf(
    name: str,
    embedder: Embedder,
    *,
    column: str,
    threshold: Thresholds,
    examples: Mapping[int, Iterable[str]] | Iterable[str] | str | Path | None = None,
    centroids: Mapping[int, Any] | Any = None,
    label: int | None = None,
    version: str | None = None,
    **upkeep: Unpack[UpkeepArguments],
) -> ModelLF:
    """Vote for a class where a text is near one of its examples.

    Near is the cosine of their vectors. Several labeling functions that share an embedder (the same object)
    and a column embed each text once.

    Parameters
    ----------
    name
        Name in the label matrix.
    embedder
        Makes a list of n texts an array n x d, such as `minilm_embedder()` or the `encode` of a sentence
        encoder.
    column
        The column of texts; missing ones abstain.
    threshold
        The cosine from which on it votes: one for all classes, or one for each. Of several classes the
        nearest is voted for.
    examples
        Texts of class `label`, or a file with one a line, relative to the file that calls; or a dict from
        class to such texts.
    centroids
        Instead of examples: a vector, or several as rows, of class `label`; or a dict from class to them.
    label
        The class, where no dict names it.
    version
        See `model_lf`.
    **upkeep
        See `UpkeepArguments`.

    Raises
    ------
    LFError
        Neither examples nor centroids, or both; no class, or two.

    Examples
    --------
    >>> def letters(texts):
    ...     return [[text.count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
    >>> near = embedding_lf("near", letters, column="text", examples=["free money"], label=1, threshold=0.7)
    >>> [near({"text": text}) for text in ("money for free", "a walk", None)]
    [1, -1, -1]
    """
    origin = Origin.of_caller(1)
    anchors = _anchors(examples, centroids, label=label, lf=name, origin=origin)
    near = _Near(embedder, anchors, lf=name)
    for limit in threshold.values() if isinstance(threshold, Mapping) else [threshold]:
        if isinstance(limit, int | float) and not -1 <= limit <= 1:
            raise LFError(f"labeling function {name!r}: threshold is a cosine, from -1 to 1; found {limit!r}.")
    known = [value if isinstance(value, list) else [value.shape, value.tobytes()] for value in anchors.values()]
    return ModelLF(
        name,
        origin,
        as_upkeep(upkeep, lf=name),
        asked=near,
        columns=column,
        reading=Reading(name, {key: key for key in anchors}, threshold),
        batch_size=None,
        resources=(),
        identity=[Identity.of(embedder, version), list(anchors), known],
        about=f"near {'examples' if examples is not None else 'centroids'} of class {', '.join(map(str, anchors))}",
    )


def _anchors(examples: Any, centroids: Any, *, label: int | None, lf: str, origin: Origin) -> dict[int, Any]:
    """Class to examples, a list, or to centroids, an array c x d."""
    if (examples is None) == (centroids is None):
        raise LFError(f"labeling function {lf!r}: give either examples= or centroids=.")
    given = examples if examples is not None else centroids
    if isinstance(given, Mapping) == (label is not None):
        raise LFError(f"labeling function {lf!r}: give label=, or a dict from class to what it is near to, not both.")
    by_class = dict(given) if isinstance(given, Mapping) else {label: given}
    anchors: dict[int, Any] = {}
    for key, value in by_class.items():
        number = check_label(key, lf=lf)
        if examples is not None:
            anchors[number] = read_words(value, lf=lf, origin=origin)
            continue
        vectors = np.atleast_2d(np.asarray(value, dtype=np.float32))
        if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
            raise LFError(
                f"labeling function {lf!r}: centroids must be vectors of finite numbers that are not all 0, found an "
                f"array of shape {vectors.shape}."
            )
        anchors[number] = vectors
    if not anchors:
        raise LFError(f"labeling function {lf!r}: there is no class in {given!r}.")
    return anchors
