"""Rows that nobody votes on, gathered by the words that they share."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelmill.analysis.evidence import Rows

_MOST_CLUSTERS, _ROWS_A_CLUSTER = 8, 15
_MOST_ROWS = 5_000
"""Rows that are clustered; of more a sample, whose sizes are scaled up."""
_MOST_SHARE = 0.5
"""Words in more of the rows say nothing of them."""


@dataclass(frozen=True)
class Cluster:
    """Some rows that are alike.

    Attributes
    ----------
    rows
        How many there are.
    words
        The words that set them apart, each with the share of them that has it.
    samples
        Positions of those most like the rest.
    """

    rows: int
    words: tuple[tuple[str, float], ...]
    samples: tuple[int, ...]


def find_clusters(
    texts: Sequence[str], *, background: Sequence[str], seed: int, samples: int = 3, words: int = 6
) -> list[Cluster]:
    """Groups of texts that share words, the largest first.

    Parameters
    ----------
    texts
        The texts to group.
    background
        Texts of all kinds: words that are common in them set nobody apart.
    seed
        Draws the sample and the first centres.
    samples, words
        How many rows and words are kept for each.

    Examples
    --------
    >>> texts = ["flight booked to oslo"] * 20 + ["your parcel is late"] * 30
    >>> found = find_clusters(texts, background=["minutes of the meeting"] * 60, seed=1)
    >>> [(cluster.rows, sorted(word for word, _ in cluster.words)[:2]) for cluster in found]
    [(30, ['is', 'late']), (20, ['booked', 'flight'])]
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer

    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(len(texts))[:_MOST_ROWS])
    scale = len(texts) / max(len(chosen), 1)
    weigher = TfidfVectorizer(
        sublinear_tf=True, min_df=1 if len(chosen) < 50 else 3, max_df=_MOST_SHARE, token_pattern=r"(?u)\b[^\W\d_]\w+\b"
    )
    try:
        weigher.fit([*background, *(texts[i] for i in chosen)])
    except ValueError:  # no word is left
        return []
    X = weigher.transform([texts[i] for i in chosen])
    count = int(np.clip(len(chosen) // _ROWS_A_CLUSTER, 1, _MOST_CLUSTERS))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters
        fitted = KMeans(count, n_init=3, random_state=seed).fit(X)
    names, has = weigher.get_feature_names_out(), X > 0
    overall = np.asarray(X.mean(axis=0)).ravel()
    found = []
    for c in range(count):
        members: Rows = np.flatnonzero(fitted.labels_ == c)
        if not len(members):
            continue
        centre = np.asarray(X[members].mean(axis=0)).ravel()
        apart = centre - overall if count > 1 else centre
        share = np.asarray(has[members].mean(axis=0)).ravel()
        telling = [int(t) for t in np.argsort(-apart, kind="stable")[:words] if apart[t] > 0]
        near = np.argsort(-(X[members] @ centre), kind="stable")[:samples]
        found.append(
            Cluster(
                rows=round(len(members) * scale),
                words=tuple((str(names[t]), float(share[t])) for t in telling),
                samples=tuple(int(chosen[i]) for i in members[near]),
            )
        )
    return sorted(found, key=lambda cluster: -cluster.rows)
