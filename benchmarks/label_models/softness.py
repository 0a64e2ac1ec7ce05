"""Votes of which some are soft: what models say that see the class through noise, and how far they believe it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labelmill.arrays import Votes


@dataclass(frozen=True)
class Voter:
    """A source that sees the class through noise."""

    clarity: float
    """Distance of two classes, in standard deviations of the noise."""
    says: str = "soft"
    """`soft`: a distribution, `hard`: its heaviest class, `set`: the two heaviest, or one where it is clear."""
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


def draw(voters: list[Voter], *, cardinality: int, n: int, seed: int) -> tuple[Votes, np.ndarray]:
    """The votes and the truth of n rows whose classes are equally frequent."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, cardinality, n)
    L = np.full((n, len(voters)), -1, np.int8)
    parts = []
    for j, voter in enumerate(voters):
        rows = np.flatnonzero(rng.random(n) < voter.coverage)
        said = _said(voter, truth[rows], cardinality, rng)
        L[rows, j] = said.argmax(axis=1)
        if voter.says != "hard":
            at, classes = np.nonzero(said)
            parts.append(pd.DataFrame({"row": rows[at], "lf": j, "class": classes, "weight": said[at, classes]}))
    return Votes(L, pd.concat(parts, ignore_index=True)), truth


def _said(voter: Voter, truth: np.ndarray, cardinality: int, rng: np.random.Generator) -> np.ndarray:
    """What a voter says of each row, weights of the classes."""
    scale = voter.clarity / np.sqrt(2)
    seen = scale * np.eye(cardinality)[truth] + rng.normal(size=(len(truth), cardinality))
    believed = np.exp(voter.boldness * scale * (seen - seen.max(axis=1, keepdims=True)))
    believed /= believed.sum(axis=1, keepdims=True)
    if voter.says == "soft":
        return believed
    rank = (-believed).argsort(axis=1).argsort(axis=1)
    width = np.ones(len(truth)) if voter.says == "hard" else 1 + (believed.max(axis=1) < 0.7)
    if voter.says == "pair":
        width = np.full(len(truth), 2)
    chosen = rank < width[:, None]
    return chosen / chosen.sum(axis=1, keepdims=True)
