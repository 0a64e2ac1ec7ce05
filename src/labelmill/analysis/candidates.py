"""Words and phrases that would make labeling functions: what each would cover, and how often it would be right.

How often is read from the label model's probabilities, not from gold, and discounted: the words share rows with the
labeling functions that those come from, so that they look better than they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import betaincinv

from labelmill.arrays import ABSTAIN, UNKNOWN, Gold, LabelMatrix, Probs
from labelmill.labeling.rows import Columns
from labelmill.labeling.words import keyword_lf

_LEAST_ROWS = 8
"""Rows below which a word proves nothing."""
_LEAST_SHARE, _MOST_SHARE = 0.002, 0.4
"""Words in fewer or more of the rows are too rare to be worth a rule, or too common to tell classes apart."""
_MOST_TERMS = 60_000
_SHORTLIST = 400
"""Terms whose rows are found again by a keyword labeling function, which sees word ends and punctuation as it does."""
_PRIOR_ROWS = 4.0
"""Rows of the class balance that each precision is drawn towards."""
_ALIKE = 0.7
"""Share of common rows from which two terms say the same."""


@dataclass(frozen=True)
class Candidate:
    """A word or phrase, and what a keyword labeling function of it would do.

    Attributes
    ----------
    term, label
        What to look for, and the class to vote for.
    coverage
        Share of rows that have it.
    new_coverage
        Share of rows that have it and that nobody votes on yet.
    precision, low, high
        Expected share of right votes, with its 95 % interval, discounted.
    gold_right, gold_rows
        On rows with dev gold: how many of the votes would be right, of how many.
    """

    term: str
    label: int
    coverage: float
    new_coverage: float
    precision: float
    low: float
    high: float
    gold_right: int
    gold_rows: int


def overconfidence(probs: Probs, gold: Gold, covered: NDArray[np.bool_]) -> float | None:
    """By how much the label model's confidence exceeds its accuracy on rows with gold, at least 0; None without any."""
    rows = covered & (gold != UNKNOWN)
    if rows.sum() < _LEAST_ROWS:
        return None
    right = probs[rows].argmax(axis=1) == gold[rows]
    return max(0.0, float(probs[rows].max(axis=1).mean() - right.mean()))


def find_candidates(
    texts: Sequence[str],
    L: LabelMatrix,
    probs: Probs,
    *,
    class_balance: NDArray[np.float64],
    gold: Gold | None = None,
    discount: float = 0.0,
    longest: int = 2,
    count: int = 10,
) -> list[Candidate]:
    """The words and phrases that would add most, the best first, for every class.

    Parameters
    ----------
    texts
        n texts.
    L
        n x m: the votes so far.
    probs
        n x k: what the label model makes of them.
    class_balance
        k: what a precision is drawn towards.
    gold
        n: known classes, to show beside.
    discount
        Taken off every precision, such as `overconfidence`.
    longest
        Words in a phrase at most.
    count
        How many for each class.

    Examples
    --------
    >>> texts = ["cash prize today"] * 20 + ["agenda of today"] * 60 + ["a prize for you"] * 10
    >>> L = np.array([[1]] * 20 + [[0]] * 60 + [[-1]] * 10, dtype=np.int8)
    >>> probs = np.array([[0.1, 0.9]] * 20 + [[0.9, 0.1]] * 60 + [[0.5, 0.5]] * 10)
    >>> found = find_candidates(texts, L, probs, class_balance=np.array([0.5, 0.5]), longest=1)
    >>> [(c.term, c.label, round(c.coverage, 2), round(c.new_coverage, 2)) for c in found]
    [('prize', 1, 0.33, 0.11)]
    """
    covered = (L != ABSTAIN).any(axis=1)
    counted = _count(texts, longest)
    if counted is None or not covered.any():
        return []
    has, terms = counted
    label, low = _judge(has, probs, covered, class_balance, discount)[:2]
    new = has.T @ (~covered).astype(np.float64)
    worth = new * (low - class_balance[label])
    shortlist = np.argsort(-worth, kind="stable")[:_SHORTLIST]
    shortlist = shortlist[worth[shortlist] > 0]
    exact = _fires(texts, [terms[t] for t in shortlist])
    label, low, precision, high = _judge(exact, probs, covered, class_balance, discount)
    gold = np.full(len(texts), UNKNOWN) if gold is None else gold
    new_rows, rows = exact.T @ (~covered).astype(np.float64), np.asarray(exact.sum(axis=0)).ravel()
    worth = new_rows * (low - np.maximum(class_balance[label], 1 / probs.shape[1]))
    known = exact.T @ (gold != UNKNOWN).astype(np.float64)
    found = []
    for y in range(probs.shape[1]):
        right = exact.T @ (gold == y).astype(np.float64)
        for t in _different(exact, np.where(label == y, worth, 0.0), count):
            found.append(
                Candidate(
                    term=terms[shortlist[t]],
                    label=y,
                    coverage=float(rows[t] / len(texts)),
                    new_coverage=float(new_rows[t] / len(texts)),
                    precision=float(precision[t]),
                    low=float(low[t]),
                    high=float(high[t]),
                    gold_right=int(right[t]),
                    gold_rows=int(known[t]),
                )
            )
    return found


def _count(texts: Sequence[str], longest: int) -> tuple[sp.csr_array, list[str]] | None:
    """Which rows have which terms; None where there are no words."""
    from sklearn.feature_extraction.text import CountVectorizer

    least = max(_LEAST_ROWS, round(_LEAST_SHARE * len(texts)))
    if len(texts) * _MOST_SHARE < least:
        least = 2
    counter = CountVectorizer(
        binary=True,
        ngram_range=(1, longest),
        min_df=least,
        max_df=max(_MOST_SHARE, least / max(len(texts), 1)),
        max_features=_MOST_TERMS,
        token_pattern=r"(?u)\b[^\W\d_][\w'’-]*[^\W_]\b",
        dtype=np.float64,
    )
    try:
        has = counter.fit_transform(texts)
    except ValueError:  # no word is left
        return None
    return sp.csr_array(has), counter.get_feature_names_out().tolist()


def _fires(texts: Sequence[str], terms: Sequence[str]) -> sp.csc_array:
    """Which rows a keyword labeling function of each term votes on."""
    columns = Columns(pd.DataFrame({"text": list(texts)}))
    votes = [
        keyword_lf(f"candidate {j}", [term], column="text", label=1).votes(columns) for j, term in enumerate(terms)
    ]
    fired = np.stack(votes, axis=1) == 1 if votes else np.zeros((len(texts), 0))
    return sp.csc_array(fired.astype(np.float64))


def _judge(
    has: sp.sparray, probs: Probs, covered: NDArray[np.bool_], balance: NDArray[np.float64], discount: float
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The class that each term speaks for, and its precision: low end, value and high end."""
    rows = has.T @ covered.astype(np.float64)
    right = has.T @ (probs * covered[:, None]) + _PRIOR_ROWS * balance
    total = (rows + _PRIOR_ROWS)[:, None]
    low, high = betaincinv(right, total - right, 0.025), betaincinv(right, total - right, 0.975)
    label = (low - balance).argmax(axis=1)
    at = np.arange(len(label)), label
    shares = (low[at], (right / total)[at], high[at])
    below, value, above = (np.clip(share - discount, 0.0, 1.0) for share in shares)
    return label, below, value, above


def _different(has: sp.csc_array, worth: NDArray[np.float64], count: int) -> list[int]:
    """The terms of most worth, those left out that are mostly in the rows of one taken before."""
    chosen: list[int] = []
    sizes = np.asarray(has.sum(axis=0)).ravel()
    for t in np.argsort(-worth, kind="stable"):
        if worth[t] <= 0 or len(chosen) == count:
            break
        shared = np.asarray((has[:, [t]].T @ has[:, chosen]).todense()).ravel() if chosen else np.zeros(0)
        if not (shared > _ALIKE * np.minimum(sizes[t], sizes[chosen])).any():
            chosen.append(int(t))
    return chosen
