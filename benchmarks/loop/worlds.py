"""Rows to draw windows from: real texts with keyword rules, and simulated votes that depend on each other.

A `World` has rows with votes, probabilities of a label model, out-of-sample scores of a champion and the truth;
windows and references are cut from it by position, so that they have no row in common.
"""

import gzip
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill.quality.drift import Rows, Schema

DATA = Path(os.environ.get("LABELMILL_BENCH_DATA", "../shared/data"))

KEYWORDS = {
    "World": "iraq|baghdad minister|president|government killed|bomb|attack israel|palestinian nuclear|un",
    "Sports": "game|season|team coach|league|cup win|victory|beat olympic|athens|medal points|scored|innings",
    "Business": "oil|prices stocks|shares|market profit|earnings|quarter company|corp|inc dollar|economy",
    "Sci/Tech": "microsoft|google|intel software|internet|web space|nasa|scientists computer|technology phone|wireless",
}


@dataclass(frozen=True)
class World:
    rows: Rows
    truth: np.ndarray
    schema: Schema
    balance: np.ndarray
    tables: np.ndarray

    def relabeled(self, rows: Rows, L: np.ndarray) -> Rows:
        """The rows with other votes, and what the label model makes of them."""
        return replace(rows, L=L, probs=posterior(L, self.balance, self.tables))

    def take(self, places: np.ndarray, *, with_gold: bool = False) -> Rows:
        rows = self.rows
        return Rows(
            rows.frame.iloc[places].reset_index(drop=True),
            rows.L[places],
            rows.probs[places],
            rows.scores[places],
            None,
            self.truth[places] if with_gold else None,
        )


def agnews(*, classes: int = 4, seed: int = 0) -> World:
    """24,000 news texts, keyword rules and the authors' own; each half scored by what learned from the other."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    with gzip.open(DATA / "agnews/items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    texts = [item["text"] for item in items]
    truth = np.array([item["label"] for item in items])
    names = tuple(KEYWORDS)[:classes]
    rules = [(name, number, words) for number, name in enumerate(names) for words in KEYWORDS[name].split()]
    L = np.full((len(texts), len(rules) + 1), -1, np.int8)
    authors = np.load(DATA / "agnews/votes.npz")["L"][:, 0]
    L[:, 0] = np.where(authors < classes, authors, -1)
    for j, (_, number, words) in enumerate(rules):
        pattern = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
        L[[bool(pattern.search(text)) for text in texts], j + 1] = number
    known = np.flatnonzero(truth < classes)
    X = TfidfVectorizer(min_df=3, sublinear_tf=True).fit_transform(texts)
    scores, half = np.empty((len(texts), classes)), np.random.default_rng(seed).random(len(texts)) < 0.5
    for side in (False, True):
        train = np.intersect1d(np.flatnonzero(half == side), known)
        model = LogisticRegression(max_iter=200).fit(X[train], truth[train])
        scores[half != side] = model.predict_proba(X[half != side])
    balance = np.bincount(truth[known]) / len(known)
    tables = votes_given_class(L[known], truth[known], classes)
    probs = posterior(L, balance, tables)
    frame = pd.DataFrame({"id": [item["id"] for item in items], "text": texts})
    lf_names = ("authors", *(f"{name.lower().split('/')[0]}_{words.split('|')[0]}" for name, _, words in rules))
    schema = Schema(("text",), names, lf_names)
    return World(Rows(frame, L, probs, scores), truth, schema, balance, tables)


def simulated(*, n: int = 40_000, m: int = 20, classes: int = 2, seed: int = 0) -> World:
    """Votes of labeling functions of which a third copy another in half of their votes; no text."""
    rng = np.random.default_rng([seed, 1])
    balance = np.array((0.7, 0.3) if classes == 2 else (0.7, 0.2, 0.1))
    truth = rng.choice(classes, n, p=balance)
    fixed = np.random.default_rng(99)  # the labeling functions are the same for every seed
    coverage, accuracy = fixed.uniform(0.05, 0.5, m), fixed.uniform(0.65, 0.92, m)
    coverage[:4] = (0.05, 0.1, 0.2, 0.3)
    L = np.full((n, m), -1, np.int8)
    for j in range(m):
        wrong = (truth + rng.integers(1, classes, n)) % classes
        vote = np.where(rng.random(n) < accuracy[j], truth, wrong)
        L[:, j] = np.where(rng.random(n) < coverage[j], vote, -1)
        if j % 3 == 2:
            L[:, j] = np.where(rng.random(n) < 0.5, L[:, j - 1], L[:, j])
    evidence = np.eye(classes)[truth] * 3 + rng.normal(0, 1.2, (n, classes)) + np.log(balance)
    scores = np.exp(evidence - evidence.max(axis=1, keepdims=True))
    scores /= scores.sum(axis=1, keepdims=True)
    names = tuple(f"class {number}" for number in range(classes))
    schema = Schema((), names, tuple(f"lf_{j}" for j in range(m)))
    tables = votes_given_class(L, truth, classes)
    rows = Rows(pd.DataFrame({"id": [f"r{i}" for i in range(n)]}), L, posterior(L, balance, tables), scores)
    return World(rows, truth, schema, balance, tables)


def votes_given_class(L: np.ndarray, truth: np.ndarray, k: int) -> np.ndarray:
    """Log of P(vote | class), m x k x k."""
    tables = np.zeros((L.shape[1], k, k))
    for j in range(L.shape[1]):
        for y in range(k):
            counts = np.bincount(L[(truth == y) & (L[:, j] >= 0), j], minlength=k) + 1
            # Of a rule for one class its silence is left out, but how often it speaks in each class is not.
            tables[j, y] = np.log(counts / ((truth == y).sum() + k))
    return tables


def posterior(L: np.ndarray, balance: np.ndarray, tables: np.ndarray) -> np.ndarray:
    """Probabilities of a label model that takes labeling functions for independent; silence counts for nothing."""
    log = np.tile(np.log(balance), (len(L), 1))
    for j in range(L.shape[1]):
        voted = L[:, j] >= 0
        log[voted] += tables[j][:, L[voted, j]].T
    probs = np.exp(log - log.max(axis=1, keepdims=True))
    return probs / probs.sum(axis=1, keepdims=True)


def with_prior(world: World, places: np.ndarray, shares: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Places of n rows with these shares of the classes."""
    wanted = rng.multinomial(n, shares)
    return np.concatenate(
        [rng.choice(places[world.truth[places] == y], count, replace=False) for y, count in enumerate(wanted)]
    )


def dead(world: World, rows: Rows, lf: int) -> Rows:
    """A labeling function that has fallen silent."""
    L = rows.L.copy()
    L[:, lf] = -1
    return world.relabeled(rows, L)


def worse(world: World, rows: Rows, truth: np.ndarray, lf: int, points: float, rng: np.random.Generator) -> Rows:
    """A labeling function whose accuracy has fallen by so many points: it says something else where it was right."""
    L, k = rows.L.copy(), rows.probs.shape[1]
    right = L[:, lf] == truth
    share = right[L[:, lf] >= 0].mean()
    flip = right & (rng.random(len(truth)) < points / share)
    L[flip, lf] = (truth[flip] + rng.integers(1, k, flip.sum())) % k
    return world.relabeled(rows, L)
