"""Synthetic twins: votes as real sets have them, drawn from wide ranges, with the true parameters known.

All tuning happens on twins. A number decides a twin: how many classes, rows and labeling functions, of
which kind, how often they vote and are right, who copies whom. `python benchmarks/label_models/twins.py`
describes some of them.
"""

import sys
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from simulation import Sample, World, world

STYLES = {"rules": 0.6, "mixed": 0.15, "voters": 0.1, "crowd": 0.15}
"""Share of twins by kind: one-class rules, rules beside some that vote for all classes, only such, crowd workers."""

TRAITS = {"copies": 0.5, "imbalanced": 0.6, "loud": 0.4, "by class": 0.5}
"""Share of twins by trait: copied groups, unequal classes, rows that all vote on more, coverage or errors by class."""

ACCURACY, COVERAGE, COVERED = (0.43, 0.98), (0.005, 0.24), (0.4, 1.0)
"""Ranges, from real sets: the labeling functions' mean accuracy and mean coverage, and the share of covered rows."""


@dataclass(frozen=True)
class Twin:
    """One synthetic set."""

    name: str
    style: str
    traits: tuple[str, ...]
    """Those of `TRAITS` that it has."""
    sample: Sample

    @property
    def L(self) -> np.ndarray:
        return self.sample.L

    @property
    def cardinality(self) -> int:
        return self.sample.world.cardinality

    @property
    def posterior(self) -> np.ndarray:
        """The probabilities, n x k, for whoever knows the true parameters, copies included."""
        return self.sample.posterior


def twin(number: int) -> Twin:
    """Draw the twin of this number; draws outside the ranges are drawn again.

    >>> twin(3).L.shape == twin(3).posterior.shape[:1] + (twin(3).sample.world.n_lfs,)
    True
    """
    rng = np.random.default_rng([3, number])
    style = str(rng.choice(list(STYLES), p=list(STYLES.values())))
    traits = tuple(trait for trait, share in TRAITS.items() if rng.random() < share)
    for _ in range(1000):
        drawn = _world(rng, style, traits)
        sample = drawn.draw(round(_log_uniform(rng, 800, 8000)), number)
        if _in_ranges(sample, crowd=style == "crowd"):
            return Twin(f"{style}_{number}", style, traits, sample)
    raise RuntimeError(f"No draw of twin {number} lies in the ranges.")


def _in_ranges(sample: Sample, *, crowd: bool) -> bool:
    truth = sample.world
    voted = np.bincount(sample.L[sample.L >= 0], minlength=truth.cardinality)
    within = [
        ACCURACY[0] <= truth.accuracies.mean() <= ACCURACY[1],
        crowd or COVERAGE[0] <= truth.coverages.mean() <= COVERAGE[1],
        COVERED[0] <= sample.covered.mean() <= COVERED[1],
        (voted > 0).all() and (np.bincount(sample.truth, minlength=truth.cardinality) > 0).all(),
    ]
    return all(within)


def _world(rng: np.random.Generator, style: str, traits: tuple[str, ...]) -> World:
    crowd = style == "crowd"
    k = int(rng.choice(range(2, 11), p=[0.5, 0.08, 0.12, 0.07, 0.06, 0.06, 0.04, 0.03, 0.04]))
    k = min(k, 5) if crowd else k
    balance = np.full(k, 1 / k)
    if "imbalanced" in traits:
        balance = 0.9 * rng.dirichlet(np.full(k, 2.0)) + 0.1 / k
    fewest, most = (20, 110) if crowd else (max(5, k) if style == "rules" else 5, 250)
    m = round(_log_uniform(rng, fewest, most))
    mean_coverage = np.clip(_log_uniform(rng, 0.6, 12 if crowd else 8) / m, *((0.02, 1.0) if crowd else COVERAGE))
    coverage = np.clip(mean_coverage * _spread(rng, m, 0.7), 0.0005, 0.97)
    # Accuracies lie around a set's own middle on the log-odds scale, so that some sets have a few bad ones.
    middle = rng.uniform(max(0.45, 1 / k + 0.12), 0.93)
    accuracy = expit(logit(middle) + rng.normal(0, rng.uniform(0.2, 1.0), m))
    several = rng.random(m) < {"rules": 0.03, "mixed": 0.4}.get(style, 1.0)
    even = rng.random() < 0.5
    labels = rng.permutation(np.arange(m) % k) if even else rng.choice(k, m, p=rng.dirichlet(np.full(k, 3.0)))
    source, copy_rate = _copiers(rng, m) if "copies" in traits else (np.arange(m), np.zeros(m))
    labels, several, coverage = labels[source], several[source], coverage[source]  # a copier is of the same kind
    uneven = 0.6 if "by class" in traits else 0.0
    quiet = [
        _voter(rng, accuracy[j], coverage[j], balance, uneven)
        if several[j]
        else _rule(rng, labels[j], accuracy[j], coverage[j], balance, uneven)
        for j in range(m)
    ]
    factors, shares = ((0.6, 1.6), (0.6, 0.4)) if "loud" in traits else ((1.0,), (1.0,))
    tables = np.stack([_louder(np.stack(quiet), factor) for factor in factors])
    return world(tables, balance, source=source, copy_rate=copy_rate, loudness=np.array(shares))


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _spread(rng: np.random.Generator, size: int, scale: float) -> np.ndarray:
    """Factors around one whose mean is one."""
    factors = np.exp(rng.normal(0, scale, size)) if scale else np.ones(size)
    return factors / factors.mean()


def _rule(
    rng: np.random.Generator, label: int, accuracy: float, coverage: float, balance: np.ndarray, uneven: float
) -> np.ndarray:
    """P(cell | class) of a one-class rule; `uneven` makes its errors fall on some classes more than on others."""
    k = len(balance)
    # Who writes a rule for a frequent class is right more often than the class is frequent, or nearly so.
    accuracy = max(accuracy, balance[label] + rng.uniform(-0.02, 0.3) * (1 - balance[label]))
    truth_if_fires = balance * _spread(rng, k, 2 * uneven)
    truth_if_fires[label] = 0
    truth_if_fires *= (1 - accuracy) / truth_if_fires.sum()
    truth_if_fires[label] = accuracy
    rates = np.minimum(coverage * truth_if_fires / balance, 0.95)
    table = np.zeros((k, k + 1))
    table[:, 0], table[:, label + 1] = 1 - rates, rates
    return table


def _voter(
    rng: np.random.Generator, accuracy: float, coverage: float, balance: np.ndarray, uneven: float
) -> np.ndarray:
    """P(cell | class) of who votes for all classes, not equally well; `uneven` makes coverage differ by class."""
    k = len(balance)
    covered = np.clip(coverage * _spread(rng, k, uneven), 0.0005, 0.98)[:, None]
    right = np.clip(accuracy + rng.normal(0, 0.08, k), 0.05, 0.99)
    votes = rng.dirichlet(np.full(k, 2.0), k)
    np.fill_diagonal(votes, 0)
    votes *= ((1 - right) / votes.sum(axis=1))[:, None]
    np.fill_diagonal(votes, right)
    return np.concatenate([1 - covered, covered * votes], axis=1)


def _louder(tables: np.ndarray, factor: float) -> np.ndarray:
    """The same votes, more or less often: long texts set off more rules of any kind."""
    votes = tables[:, :, 1:] * factor
    votes *= np.minimum(1, 0.99 / np.maximum(votes.sum(axis=2, keepdims=True), 1e-12))
    return np.concatenate([1 - votes.sum(axis=2, keepdims=True), votes], axis=2)


def _copiers(rng: np.random.Generator, m: int) -> tuple[np.ndarray, np.ndarray]:
    """Some groups of two to six, the others independent; copied exactly in three groups of ten."""
    source, copy_rate = np.arange(m), np.zeros(m)
    free = list(rng.permutation(m))
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.integers(2, 7))
        if len(free) - size < 3:  # keep some who copy nobody
            break
        group, free = free[:size], free[size:]
        source[group[1:]] = group[0]
        copy_rate[group[1:]] = 1.0 if rng.random() < 0.3 else rng.uniform(0.3, 0.95)
    return source, copy_rate


def main() -> None:
    print("| twin | traits | n | m | k | covered | votes a row | LF accuracy | LF coverage | largest class |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 20):
        one = twin(number)
        truth, L = one.sample.world, one.L
        print(
            f"| {one.name} | {', '.join(one.traits)} | {len(L)} | {truth.n_lfs} | {truth.cardinality} "
            f"| {one.sample.covered.mean():.2f} | {(L >= 0).sum(axis=1).mean():.1f} "
            f"| {truth.accuracies.mean():.2f} | {truth.coverages.mean():.3f} | {truth.balance.max():.2f} |"
        )


if __name__ == "__main__":
    main()
