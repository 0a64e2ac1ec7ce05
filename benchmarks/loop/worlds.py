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
    "World": ["iraq|baghdad", "minister|president|government", "killed|bomb|attack", "israel|palestinian", "nuclear|un"],
    "Sports": ["game|season|team", "coach|league|cup", "win|victory|beat", "olympic|athens|medal", "points|scored|innings"],
    "Business": ["oil|prices", "stocks|shares|market", "profit|earnings|quarter", "company|corp|inc", "dollar|economy"],
    "Sci/Tech": ["microsoft|google|intel", "software|internet|web", "space|nasa|scientists", "computer|technology", "phone|wireless"],
}


@dataclass(frozen=True)
class World:
    rows: Rows
    truth: np.ndarray
    schema: Schema

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
    """24,000 news texts, twenty keyword rules and the authors' own; the champion is cross-fitted on half of the gold."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    with gzip.open(DATA / "agnews/items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    texts = [item["text"] for item in items]
    truth = np.array([item["label"] for item in items])
    names = tuple(KEYWORDS)[:classes]
    rules = [(name, number, words) for number, name in enumerate(names) for words in KEYWORDS[name]]
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
    probs = naive_posterior(L, truth, known, classes)
    frame = pd.DataFrame({"id": [item["id"] for item in items], "text": texts})
    lf_names = ("authors", *(f"{name.lower().split('/')[0]}_{words.split('|')[0]}" for name, _, words in rules))
    schema = Schema(("text",), names, lf_names)
    return World(Rows(frame, L, probs, scores), truth, schema)


def simulated(*, n: int = 40_000, m: int = 20, classes: int = 2, seed: int = 0, prior: tuple[float, ...] | None = None) -> World:
    """Votes of labeling functions of which a third copy another in half of their votes; no text."""
    rng = np.random.default_rng([seed, 1])
    balance = np.array(prior or ((0.7, 0.3) if classes == 2 else (0.7, 0.2, 0.1)))
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
    probs = naive_posterior(L, truth, np.arange(n), classes)
    return World(Rows(pd.DataFrame({"id": [f"r{i}" for i in range(n)]}), L, probs, scores), truth, schema)


def naive_posterior(L: np.ndarray, truth: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """Probabilities of a label model that takes labeling functions for independent; a vote counts, silence does not."""
    balance = np.bincount(truth[rows], minlength=k)[:k] / len(rows)
    log = np.tile(np.log(balance), (len(L), 1))
    for j in range(L.shape[1]):
        table = np.array([[(np.sum((L[rows, j] == v) & (truth[rows] == y)) + 1) for y in range(k)] for v in range(k)])
        given = table / (np.bincount(truth[rows][L[rows, j] >= 0], minlength=k)[:k] + k)
        log[L[:, j] >= 0] += np.log(given)[L[L[:, j] >= 0, j]]
    probs = np.exp(log - log.max(axis=1, keepdims=True))
    return probs / probs.sum(axis=1, keepdims=True)


def with_prior(world: World, places: np.ndarray, shares: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Places of n rows with these shares of the classes."""
    wanted = rng.multinomial(n, shares)
    return np.concatenate(
        [rng.choice(places[world.truth[places] == y], count, replace=False) for y, count in enumerate(wanted)]
    )


def dead(rows: Rows, lf: int) -> Rows:
    """A labeling function that has fallen silent; the label model's probabilities are made anew by the caller."""
    L = rows.L.copy()
    L[:, lf] = -1
    return replace(rows, L=L)


def worse(rows: Rows, truth: np.ndarray, lf: int, points: float, rng: np.random.Generator) -> Rows:
    """A labeling function whose accuracy has fallen by so many points."""
    L, k = rows.L.copy(), rows.probs.shape[1]
    right = L[:, lf] == truth
    share = right[L[:, lf] >= 0].mean()
    flip = right & (rng.random(len(truth)) < points / share)
    L[flip, lf] = (truth[flip] + rng.integers(1, k, flip.sum())) % k
    return replace(rows, L=L)
