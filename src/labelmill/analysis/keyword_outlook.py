"""What simple keyword rules would cover, and how right they would be: found in some of the gold, judged on the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from labelmill.analysis.estimates import Estimate, balanced_accuracy
from labelmill.arrays import UNKNOWN, Gold
from labelmill.labeling.summary import wilson

RULES = 20
"""Keyword rules that are found at most: about what a person writes in a day."""
_FOLDS, _REPEATS = 5, 2
_LEAST_ROWS = 3
"""Rows with gold that a word must be in."""
_LEAST_PRECISION = 0.8
_PRIOR_ROWS = 2.0


class Rule(NamedTuple):
    """A word, by its number, that votes for a class; how much is the log of the odds that it is right."""

    term: int
    label: int
    weight: float


@dataclass(frozen=True)
class Outlook:
    """What keyword rules from this gold would do.

    Attributes
    ----------
    coverage
        Share of unlabeled rows with one of the words.
    accuracy
        Balanced accuracy of their votes, weighted by how sure each word is, on the rows of gold that were left out and
        have a vote; None where those are too few.
    words
        The words, each with its class, best first.
    """

    coverage: Estimate
    accuracy: Estimate | None
    words: tuple[tuple[str, int], ...]


def keyword_outlook(
    texts: Sequence[str], gold_texts: Sequence[str], gold: Gold, *, cardinality: int, seed: int
) -> Outlook | None:
    """Find words in gold, and see what they do elsewhere.

    Parameters
    ----------
    texts
        Texts without gold.
    gold_texts, gold
        Texts whose class is known, and these.
    cardinality
        Number of classes.
    seed
        Deals the folds.

    Returns
    -------
    Outlook or None
        None where there are no words, or fewer than 5 rows of some class that occurs.
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.model_selection import StratifiedKFold

    counts = np.unique(gold, return_counts=True)[1]
    if len(counts) < 2 or counts.min() < _FOLDS or not texts:
        return None
    counter = CountVectorizer(
        binary=True, min_df=_LEAST_ROWS, max_features=50_000, token_pattern=r"(?u)\b[^\W\d_]\w+\b"
    )
    try:
        has = sp.csc_array(counter.fit_transform(gold_texts), dtype=np.float64)
    except ValueError:  # no word is left
        return None
    elsewhere = sp.csc_array(counter.transform(texts), dtype=np.float64)
    right, voted = np.zeros(len(gold)), np.zeros(len(gold))
    for repeat in range(_REPEATS):
        for train, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed + repeat).split(has, gold):
            rules = _rules(has[train], gold[train], elsewhere, cardinality)
            decided = _decide(_tally(has[test], rules, cardinality))
            right[test] += decided == gold[test]
            voted[test] += decided != UNKNOWN
    rows = voted > 0
    enough = rows.any() and np.unique(gold[rows]).size == len(counts)
    accuracy = balanced_accuracy(right[rows] / voted[rows], gold[rows], seed=seed) if enough else None
    rules = _rules(has, gold, elsewhere, cardinality)
    covered = int((_tally(elsewhere, rules, cardinality).sum(axis=1) > 0).sum())
    low, high = wilson(np.array([covered]), np.array([len(texts)]))
    names = counter.get_feature_names_out()
    return Outlook(
        coverage=Estimate(covered / len(texts), float(low[0]), float(high[0])),
        accuracy=accuracy,
        words=tuple((str(names[t]), y) for t, y, _ in rules),
    )


def _rules(has: sp.csc_array, gold: Gold, elsewhere: sp.csc_array, cardinality: int) -> list[Rule]:
    """Words that are mostly in rows of one class, those first that add most rows elsewhere; of each class as many."""
    sizes = np.bincount(gold, minlength=cardinality)
    counts = np.stack([has.T @ (gold == y).astype(np.float64) for y in range(cardinality)], axis=1)
    # As if all classes were of one size: where most rows are of one class, most words are mostly in it.
    shares = (counts + _PRIOR_ROWS / cardinality) / (sizes + _PRIOR_ROWS)
    precision = shares / shares.sum(axis=1, keepdims=True)
    label = precision.argmax(axis=1)
    of_label = precision.max(axis=1)
    gain = np.where(
        (counts.sum(axis=1) >= _LEAST_ROWS) & (of_label >= _LEAST_PRECISION), of_label - 1 / cardinality, 0.0
    )
    open_rows = np.ones(elsewhere.shape[0])
    left = np.full(cardinality, max(RULES // cardinality, 1))
    chosen: list[Rule] = []
    while len(gain) and (adds := (elsewhere.T @ open_rows) * gain).max() > 0:
        best = int(adds.argmax())
        y, odds = int(label[best]), of_label[best] / (1 - of_label[best])
        chosen.append(Rule(best, y, float(np.log(odds))))
        open_rows[elsewhere[:, [best]].indices] = 0.0
        gain[best] = 0.0
        left[y] -= 1
        if not left[y]:
            gain[label == y] = 0.0
    return chosen


def _tally(has: sp.csc_array, rules: list[Rule], cardinality: int) -> NDArray[np.float64]:
    """Weights of the votes for each class, n x k."""
    tally = np.zeros((has.shape[0], cardinality))
    for rule in rules:
        tally[has[:, [rule.term]].indices, rule.label] += rule.weight
    return tally


def _decide(tally: NDArray[np.float64]) -> NDArray[np.int64]:
    """The class of most weight; -1 where there is none, or a tie."""
    ordered = np.sort(tally, axis=1)
    decided = ordered[:, -1] > ordered[:, -2]
    return np.where(decided, tally.argmax(axis=1), UNKNOWN)
