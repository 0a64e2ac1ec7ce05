"""Votes on which label models are known to fail: fixed generators, each decided by a seed.

The tests use them as well. `python benchmarks/label_models/stress.py` prints what each is like, and
what the posterior that knows the true parameters gets out of it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from simulation import Sample, rule_tables, voter_tables, world


def copies(*, noise: float = 0.0, n: int = 10_000, seed: int = 0) -> Sample:
    """Three good labeling functions, and one of accuracy .60 six times; `noise` flips that share of a copy's votes.

    >>> copies(n=4).L.shape
    (4, 9)
    """
    accuracy = np.array([0.9, 0.85, 0.8, 0.6, *[0.5] * 5])  # what a copy does not take over, it guesses
    source = np.array([0, 1, 2, 3, 3, 3, 3, 3, 3])
    tables = voter_tables(accuracy, np.ones(9), 2)
    return world(tables, source=source, copy_rate=1 - 2 * noise).draw(n, seed)


def bad_copies(*, n: int = 10_000, seed: int = 0) -> Sample:
    """Ten good labeling functions, then eight copies of one that is right in 30 %: columns 0 to 9 are the good ones."""
    accuracy = np.array([*np.linspace(0.7, 0.88, 10), *[0.3] * 8])
    source = np.array([*range(10), *[10] * 8])
    return world(voter_tables(accuracy, np.ones(18), 2), source=source).draw(n, seed)


def rare_positives(*, n: int = 10_000, seed: int = 0) -> Sample:
    """5 % positives, six rules for them, two for the others; parameters and rows change with the seed."""
    rng = np.random.default_rng([5, seed])
    labels = np.array([1] * 6 + [0] * 2)
    rates = np.empty((8, 2))
    rates[:6] = np.stack([rng.uniform(0.002, 0.012, 6), rng.uniform(0.25, 0.55, 6)], axis=1)
    rates[6:] = np.stack([rng.uniform(0.3, 0.6, 2), rng.uniform(0.03, 0.12, 2)], axis=1)
    return world(rule_tables(labels, rates), [0.95, 0.05]).draw(n, seed)


def planted_pairs(
    copy_rate: float, *, unipolar: bool = False, n: int = 10_000, m: int = 20, pairs: int = 4, seed: int = 0
) -> Sample:
    """Draw m labeling functions; the last `pairs` copy an earlier one each. `.world.pairs` are the true edges."""
    rng = np.random.default_rng([20, seed])
    source, labels = np.arange(m), np.arange(m) % 2
    source[m - pairs :] = rng.choice(m - pairs, pairs, replace=False)
    if unipolar:
        tables = _rules(rng, labels[source])  # a copy votes for the class of its source
    else:
        tables = voter_tables(rng.uniform(0.6, 0.9, m), rng.uniform(0.1, 0.4, m), 2)
    return world(tables, source=source, copy_rate=copy_rate).draw(n, seed)


def _rules(rng: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    """One-class rules of precision .6 to .95 where both classes are as frequent."""
    m = len(labels)
    precision, coverage = rng.uniform(0.6, 0.95, m), rng.uniform(0.05, 0.25, m)
    rates = np.empty((m, 2))
    rates[np.arange(m), labels] = 2 * coverage * precision
    rates[np.arange(m), 1 - labels] = 2 * coverage * (1 - precision)
    return rule_tables(labels, rates)


def independent(*, unipolar: bool, n: int = 50_000, m: int = 12, seed: int = 0) -> Sample:
    """Labeling functions that err independently, for the recovery of `.world.accuracies`."""
    rng = np.random.default_rng([50, seed])
    if unipolar:
        return world(_rules(rng, np.arange(m) % 2)).draw(n, seed)
    return world(voter_tables(rng.uniform(0.55, 0.95, m), rng.uniform(0.2, 0.7, m), 2)).draw(n, seed)


def one_class_rules(*, n: int = 100_000, m: int = 25, seed: int = 0) -> Sample:
    """Rules whose coverage depends on the class, so that abstaining tells something."""
    rng = np.random.default_rng([25, seed])
    labels = np.arange(m) % 2
    rates = np.empty((m, 2))
    rates[np.arange(m), labels] = rng.uniform(0.1, 0.6, m)
    rates[np.arange(m), 1 - labels] = rng.uniform(0.005, 0.0885, m)
    return world(rule_tables(labels, rates)).draw(n, seed)


def repeated(*, n: int = 10_000, seed: int = 0) -> Sample:
    """120 labeling functions that always vote: six, each twenty times."""
    accuracy = np.repeat([0.62, 0.66, 0.7, 0.74, 0.78, 0.82], 20)
    return world(voter_tables(accuracy, np.ones(120), 2), source=np.repeat(np.arange(6) * 20, 20)).draw(n, seed)


def many_classes(*, n: int = 300_000, m: int = 200, cardinality: int = 10, seed: int = 0) -> Sample:
    """Votes of many sparse labeling functions for ten classes, density 3 %."""
    rng = np.random.default_rng([10, seed])
    coverage = rng.uniform(0.01, 0.05, m)
    return world(voter_tables(rng.uniform(0.4, 0.95, m), coverage, cardinality)).draw(n, seed)


def speed_votes(n: int, m: int, *, cardinality: int = 2, seed: int = 0) -> Sample:
    """Coverage 5 to 30 %, accuracy .55 to .95, m/12 pairs of which one copies the other in 70 % of the rows."""
    rng = np.random.default_rng([1, m, seed])
    tables = voter_tables(rng.uniform(0.55, 0.95, m), rng.uniform(0.05, 0.3, m), cardinality)
    source = np.arange(m)
    source[m - m // 12 :] = np.arange(m // 12)
    return world(tables, source=source, copy_rate=0.7).draw(n, seed)


@dataclass(frozen=True)
class Corner:
    """An input at the edge, and whether `fit` owes a result or a `LabelModelError` that names the fault."""

    name: str
    L: Any
    cardinality: int
    fits: bool


def corners() -> list[Corner]:
    """Inputs that must give a defined result or a named error; never a silent wrong answer."""
    good = np.array([[0, 1, 0], [1, 1, -1], [0, -1, 0], [1, 1, 1]])
    put = [("-7", -7), ("99", 99), ("1.7", 1.7), ("nan", np.nan), ("infinity", np.inf)]
    odd = [Corner(f"a vote of {name}", np.where(np.eye(4, 3) == 1, value, good), 2, False) for name, value in put]
    return [
        Corner("no rows", np.empty((0, 3), int), 2, True),
        Corner("no labeling functions", np.empty((4, 0), int), 2, False),
        Corner("one labeling function", good[:, :1], 2, True),
        Corner("two labeling functions", good[:, :2], 2, True),
        Corner("one row", good[:1], 2, True),
        Corner("all abstain", np.full((5, 3), -1), 2, True),
        Corner("one class only", np.where(good >= 0, 1, -1), 2, True),
        Corner("pure contradiction", np.tile([[0, 1], [1, 0]], (50, 2)), 2, True),
        Corner("a class nobody votes for", good, 5, True),
        Corner("booleans", good > 0, 2, False),
        Corner("words", good.astype(str), 2, False),
        Corner("one dimension", good[0], 2, False),
        Corner("whole numbers as floats", good.astype(float), 2, False),
        Corner("an LF that never votes", np.column_stack([good, np.full(4, -1)]), 2, True),
        Corner("one class in all", good, 1, False),
        *odd,
    ]


CASES = {
    "3 good, 6 copies of .60": copies,
    "the same, copies with 5 % noise": lambda: copies(noise=0.05),
    "10 good, 8 copies of .30": bad_copies,
    "5 % positives, 6 + 2 rules": rare_positives,
    "pairs planted at .15": lambda: planted_pairs(0.15),
    "pairs planted at .15, rules": lambda: planted_pairs(0.15, unipolar=True),
    "independent": lambda: independent(unipolar=False),
    "independent rules": lambda: independent(unipolar=True),
    "100k x 25 one-class rules": one_class_rules,
    "120 LFs, 20 copies of 6": repeated,
    "300k x 200 x 10": many_classes,
    "speed 100k x 25": lambda: speed_votes(100_000, 25),
}
"""What `main` describes."""


def main() -> None:
    print("| case | n x m x k | votes a row | covered | mean LF accuracy | Bayes accuracy, log loss | majority vote |")
    print("|---|---|---|---|---|---|---|")
    for name, make in CASES.items():
        sample = make()
        L, probs, rows = sample.L, sample.posterior, sample.covered
        truth, k = sample.truth[rows], sample.world.cardinality
        tally = np.stack([(L[rows] == y).sum(axis=1) for y in range(k)], axis=1)
        top = tally == tally.max(axis=1, keepdims=True)
        majority = (top / top.sum(axis=1, keepdims=True))[np.arange(len(truth)), truth].mean()
        bayes = (probs[rows].argmax(axis=1) == truth).mean()
        loss = -np.log(probs[rows][np.arange(len(truth)), truth]).mean()
        print(
            f"| {name} | {len(L)} x {L.shape[1]} x {k} | {(L >= 0).sum(axis=1).mean():.2f} | {rows.mean():.3f} "
            f"| {sample.world.accuracies.mean():.3f} | {bayes:.4f}, {loss:.4f} | {majority:.4f} |"
        )


if __name__ == "__main__":
    main()
