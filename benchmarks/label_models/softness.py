"""Votes of which some are soft: what models say that see the class through noise, and how far they believe it.

    python benchmarks/label_models/softness.py    # default on soft votes, on their heaviest classes, and majority

Prints Markdown: a row for each setting and number of classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scores
from systems import BASELINE, DEFAULT
from tables import table

from labelmill.arrays import Votes
from labelmill.label_model import make


@dataclass(frozen=True)
class Voter:
    """A source that sees the class through noise."""

    clarity: float
    """Distance of two classes, in standard deviations of the noise."""
    says: str = "soft"
    """`soft`: a distribution, `hard`: its heaviest class, `pair`: the two heaviest, `set`: so where unclear."""
    boldness: float = 1.0
    """Power that a calibrated distribution is taken to: above 1 over-confident, below 1 too modest."""
    coverage: float = 1.0


SETTINGS: dict[str, list[Voter]] = {
    "calibrated": [Voter(clarity) for clarity in (0.6, 1.0, 1.4, 1.8, 2.2)],
    "three models and two rules": [*map(Voter, (1.2, 1.6, 2.4)), *[Voter(1.2, "hard", coverage=0.4)] * 2],
    "sharp and dull": [Voter(3.0, coverage=0.3), *[Voter(0.6)] * 5],
    "one too bold": [*map(Voter, (1.0, 1.4, 1.8, 2.2)), Voter(0.8, boldness=5.0)],
    "half too bold": [*[Voter(1.8)] * 3, *[Voter(0.8, boldness=4.0)] * 3],
    "all too bold": [Voter(clarity, boldness=4.0) for clarity in (0.6, 1.0, 1.2, 1.4, 1.8, 2.2)],
    "all too modest": [Voter(clarity, boldness=0.3) for clarity in (0.6, 1.0, 1.2, 1.4, 1.8, 2.2)],
    "mixed": [
        Voter(1.0),
        Voter(2.0, coverage=0.6),
        Voter(1.5, boldness=3.0),
        Voter(1.0, boldness=5.0, coverage=0.7),
        Voter(1.6, boldness=0.4),
        Voter(1.4, "hard"),
        Voter(1.8, "hard", coverage=0.4),
        Voter(1.2, "hard", coverage=0.4),
    ],
    "sets": [Voter(1.0, "set"), Voter(1.4, "set"), Voter(1.8, "set"), Voter(1.4, "hard"), Voter(1.4, "hard")],
    "pairs": [Voter(c, "pair") for c in (1.4, 1.8, 1.8, 2.2, 2.2)],
    "pairs and hard votes": [Voter(1.4, "pair"), Voter(2.2, "pair"), *[Voter(1.6, "hard")] * 4],
    "sets and soft votes": [Voter(1.2, "set"), Voter(1.6, "set"), Voter(1.2), Voter(2.0), Voter(1.4, "hard")],
}
"""Sets of classes say something from three classes on."""


UNEQUAL = (0.8, 0.2)
"""A class balance that the voters know and put into their weights."""


def draw(
    voters: list[Voter], *, cardinality: int, n: int, seed: int, balance: Sequence[float] | None = None
) -> tuple[Votes, np.ndarray]:
    """The votes and the truth of n rows, classes equally frequent unless their balance is given."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, cardinality, n) if balance is None else rng.choice(cardinality, n, p=balance)
    prior = np.zeros(cardinality) if balance is None else np.log(balance)
    L = np.full((n, len(voters)), -1, np.int8)
    parts = []
    for j, voter in enumerate(voters):
        rows = np.flatnonzero(rng.random(n) < voter.coverage)
        said = _said(voter, truth[rows], prior, rng)
        L[rows, j] = said.argmax(axis=1)
        if voter.says != "hard":
            at, classes = np.nonzero(said)
            parts.append(pd.DataFrame({"row": rows[at], "lf": j, "class": classes, "weight": said[at, classes]}))
    return Votes(L, pd.concat(parts, ignore_index=True)), truth


def _said(voter: Voter, truth: np.ndarray, prior: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a voter says of each row, weights of the classes."""
    scale = voter.clarity / np.sqrt(2)
    seen = scale * np.eye(len(prior))[truth] + rng.normal(size=(len(truth), len(prior)))
    log_odds = scale * seen + prior
    believed = np.exp(voter.boldness * (log_odds - log_odds.max(axis=1, keepdims=True)))
    believed /= believed.sum(axis=1, keepdims=True)
    if voter.says == "soft":
        return believed
    rank = (-believed).argsort(axis=1).argsort(axis=1)
    width = np.ones(len(truth)) if voter.says == "hard" else 1 + (believed.max(axis=1) < 0.7)
    if voter.says == "pair":
        width = np.full(len(truth), 2)
    chosen = rank < width[:, None]
    return chosen / chosen.sum(axis=1, keepdims=True)


def compare(
    name: str, *, cardinality: int, n: int, seed: int, balance: Sequence[float] | None = None
) -> tuple[float, float, float]:
    """Accuracy of the default on soft votes and on their heaviest classes, and of the majority of the soft votes."""
    votes, truth = draw(SETTINGS[name], cardinality=cardinality, n=n, seed=seed, balance=balance)
    rows = np.flatnonzero((votes.L >= 0).any(axis=1))
    asked = ((DEFAULT, votes), (DEFAULT, votes.L), (BASELINE, votes))
    soft, heaviest, majority = (
        scores.accuracy(
            make(kind, cardinality=cardinality, class_balance=balance).fit(L).predict_proba(L)[rows], truth[rows]
        )
        for kind, L in asked
    )
    return soft, heaviest, majority


def report(*, n: int, seeds: int) -> str:
    """A row for each setting and number of classes, in points; the margin is the worst of all seeds."""
    asked: list[tuple[str, int, Sequence[float] | None]] = [
        (name, cardinality, None) for cardinality in (2, 3) for name in SETTINGS
    ]
    found = []
    for name, k, balance in [*asked, ("calibrated", 2, UNEQUAL)]:
        runs = 100 * np.array([compare(name, cardinality=k, n=n, seed=seed, balance=balance) for seed in range(seeds)])
        margin = (runs[:, 0] - runs[:, 1:].max(axis=1)).min()
        title = name if balance is None else f"{name}, one class in {max(balance):.0%} of the rows, given"
        found.append([title, str(k), *(f"{mean:.1f}" for mean in runs.mean(axis=0)), f"{margin:+.1f}"])
    return table(["setting", "classes", DEFAULT, f"{DEFAULT}, heaviest", f"{BASELINE}, soft", "worst margin"], found)


if __name__ == "__main__":
    print(report(n=4000, seeds=5))
