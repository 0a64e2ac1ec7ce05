"""Rows of a kind that training did not see: what the classifier of old and new finds once classes are evened out."""

from dataclasses import dataclass

import numpy as np

from labelmill.params import DriftParams
from labelmill.quality.drift.domain import Domain, distinguish
from labelmill.quality.drift.findings import Findings
from labelmill.quality.drift.gathering import Sample
from labelmill.quality.drift.reference import Reference
from labelmill.quality.drift.rows import Rows
from labelmill.quality.drift.sample import texts_of
from labelmill.quality.drift.shares import Floats
from labelmill.quality.drift.words import buckets_of, words_of

UNEXPLAINED = 0.5
SHOWN_ROWS, SHOWN_WORDS = 10, 15
_READ_ROWS, _LEAST_ROWS = 200, 3


@dataclass(frozen=True)
class NewContent:
    """What is new.

    Attributes
    ----------
    auc
        How well new rows are told from old ones when the classes have the same shares in both.
    rows, words
        Ids of the newest rows and the words that give them away.
    """

    auc: float
    rows: tuple[str, ...]
    words: tuple[str, ...]


def new_content(
    reference: Reference, window: Rows, measured: Sample, findings: Findings, weights: Floats, params: DriftParams
) -> NewContent | None:
    """What is new, where other shares of the classes do not explain it; only looked for where the words stand out."""
    layer = findings.layers["input"]
    alarms = {(signal.kind, signal.window > signal.reference) for signal in layer.alarms}
    told = next((signal for signal in layer.signals if signal.kind == "content"), None)
    if told is None or not alarms & {("content", True), ("vocabulary", True)}:
        return None
    theirs, ours = (measured.grams, measured.keys), (reference.sample.grams, reference.sample.keys)
    found = distinguish(theirs, ours, row_weights=weights)
    if found is None or found.z <= layer.threshold or found.auc < params.content_auc:
        return None
    if found.auc - 0.5 < UNEXPLAINED * (told.window - 0.5):
        return None
    newest = found.window[np.argsort(-found.newness, kind="stable")]
    ids = tuple(map(str, measured.ids[newest]))
    return NewContent(found.auc, ids[:SHOWN_ROWS], _words(reference, window, ids[:_READ_ROWS], found))


def _words(reference: Reference, window: Rows, newest: tuple[str, ...], found: Domain) -> tuple[str, ...]:
    """Words of the newest rows, by weight times the rows they occur in; a word of one or two rows shows little."""
    places = {str(name): place for place, name in enumerate(window.frame["id"].astype(str))}
    chosen = [places[name] for name in newest]
    counts: dict[str, int] = {}
    for text in texts_of(window.frame.iloc[chosen], reference.schema):
        for word in set(words_of(text)):
            counts[word] = counts.get(word, 0) + 1
    words = [word for word, count in counts.items() if count >= _LEAST_ROWS]
    weights = found.weights[buckets_of(words)] * np.array([counts[word] for word in words])
    order = sorted(range(len(words)), key=lambda place: (-weights[place], words[place]))
    return tuple(words[place] for place in order[:SHOWN_WORDS] if weights[place] > 0)
