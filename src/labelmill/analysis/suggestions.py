"""What to look at next, all of it together: uncovered rows, disputes, words worth a rule, rules that could go."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from labelmill.analysis import candidates, redundancy
from labelmill.analysis.candidates import Candidate
from labelmill.analysis.clusters import Cluster, find_clusters
from labelmill.analysis.disputes import Conflict, Doubt, find_conflicts, find_doubts
from labelmill.analysis.evidence import Evidence, Rows, drawn, texts_at
from labelmill.analysis.redundancy import Drop
from labelmill.arrays import UNKNOWN
from labelmill.params import Params

Sampled = TypeVar("Sampled", Cluster, Conflict, Doubt)

MOST_ROWS = 20_000
"""Rows whose texts are read; of more a sample."""


@dataclass(frozen=True)
class Suggestions:
    """What `suggest` found; samples are positions in the label matrix.

    Attributes
    ----------
    rows, uncovered
        Train rows, and those without a vote.
    clusters
        Of uncovered rows.
    conflicts, doubts
        On train and dev rows; no doubts without a label model.
    words
        Candidate keywords; none without a label model.
    discount
        What was taken off their precision; None where no dev gold says whether the label model is too sure.
    copies, drops
        Labeling functions to merge, and to drop.
    """

    rows: int
    uncovered: int
    clusters: list[Cluster]
    conflicts: list[Conflict]
    doubts: list[Doubt]
    words: list[Candidate]
    discount: float | None
    copies: list[tuple[str, ...]]
    drops: list[Drop]


def suggest(evidence: Evidence, params: Params, *, count: int, samples: int, longest: int = 2) -> Suggestions:
    """Look for what would help most; held-out rows are not looked at.

    Parameters
    ----------
    evidence
        Votes and what is known beside them.
    params
        The project's params.
    count
        How many of each thing are kept (of words, for each class).
    samples
        Sample rows of each.
    longest
        Words in a candidate phrase at most.
    """
    seed, names, opinion = params.task.seed, evidence.lf_names, evidence.opinion
    seen = np.flatnonzero(evidence.open_to_work)
    L, gold = evidence.L[seen], evidence.gold[seen]
    read = _to_read(evidence, seed)
    texts = texts_at(read, params.task.text_columns)
    found_clusters = _clusters(evidence, read, texts, samples=samples, seed=seed)
    preds = None if opinion is None else opinion.preds[seen]
    conflicts = find_conflicts(L, names, preds=preds, seed=seed, count=count, samples=samples)
    doubts: list[Doubt] = []
    words: list[Candidate] = []
    drops: list[Drop] = []
    discount = None
    if opinion is not None:
        doubts = find_doubts(L, names, opinion.probs[seen], seed=seed, count=count, samples=samples)
        drops = redundancy.could_go(L, gold, opinion)
        discount = candidates.overconfidence(opinion.probs, evidence.gold, evidence.covered)
        words = candidates.find_candidates(
            texts,
            evidence.L[read],
            opinion.probs[read],
            class_balance=opinion.model.class_balance_,
            gold=evidence.gold[read],
            discount=discount or 0.0,
            longest=longest,
            count=count,
        )
    return Suggestions(
        rows=int(evidence.is_train.sum()),
        uncovered=int((evidence.is_train & ~evidence.covered).sum()),
        clusters=found_clusters[:count],
        conflicts=[_at(conflict, seen) for conflict in conflicts],
        doubts=[_at(doubt, seen) for doubt in doubts],
        words=words,
        discount=discount,
        copies=redundancy.near_copies(L, names, params.task.cardinality),
        drops=drops,
    )


def _to_read(evidence: Evidence, seed: int) -> Rows:
    """Train rows, of many a sample, and all rows with dev gold."""
    known = evidence.open_to_work & (evidence.gold != UNKNOWN)
    return np.union1d(drawn(np.flatnonzero(evidence.is_train), MOST_ROWS, seed), np.flatnonzero(known))


def _clusters(evidence: Evidence, read: Rows, texts: list[str], *, samples: int, seed: int) -> list[Cluster]:
    """Groups of uncovered train rows; where a sample was read, their sizes are scaled up."""
    train = evidence.is_train[read]
    open_rows = np.flatnonzero(train & ~evidence.covered[read])
    scale = evidence.is_train.sum() / max(int(train.sum()), 1)
    found = find_clusters([texts[i] for i in open_rows], background=texts, seed=seed, samples=samples)
    return [_at(replace(cluster, rows=round(cluster.rows * scale)), read[open_rows]) for cluster in found]


def _at(found: Sampled, rows: Rows) -> Sampled:
    """The same, its samples as positions in the label matrix."""
    return replace(found, samples=tuple(int(rows[i]) for i in found.samples))
