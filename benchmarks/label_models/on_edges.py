"""Finders of dependent labeling functions beside each other, on votes whose dependent pairs are known.

python benchmarks/label_models/on_edges.py          # 20 seeds where data vary
"""

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import stress
from simulation import Sample, voter_tables, world
from tables import number, say, table

from labelmill.label_model import Moments, find_edges
from labelmill.label_model.robust_pca import robust_pca_edges

Finder = Callable[..., pd.DataFrame]

FINDERS: dict[str, Finder] = {"residuals": find_edges, "robust PCA": robust_pca_edges}
"""`residuals` is what the models use."""


def several_classes(cardinality: int, copy_rate: float, seed: int) -> Sample:
    """20 voters for more than two classes, the last four of which copy others."""
    rng = np.random.default_rng([21, cardinality, seed])
    source = np.arange(20)
    source[16:] = rng.choice(16, 4, replace=False)
    tables = voter_tables(rng.uniform(0.5, 0.9, 20), rng.uniform(0.1, 0.4, 20), cardinality)
    return world(tables, source=source, copy_rate=copy_rate).draw(10_000, seed)


def crowd(seed: int) -> Sample:
    """100 workers who get their tasks in batches of 20, five workers a task: nobody depends on anybody but there."""
    rng = np.random.default_rng([22, seed])
    drawn = world(voter_tables(rng.uniform(0.4, 0.95, 100), np.ones(100), 4)).draw(2000, seed)
    busy = rng.exponential(size=100)
    for start in range(0, 2000, 20):
        idle = np.ones(100, dtype=bool)
        idle[rng.choice(100, 5, replace=False, p=busy / busy.sum())] = False
        drawn.L[start : start + 20, idle] = -1
    return drawn


CASES: dict[str, tuple[Callable[[int], Sample], bool]] = {
    **{
        f"pairs planted at {rate}, {kind}": (
            lambda seed, rate=rate, kind=kind: stress.planted_pairs(rate, unipolar=kind == "rules", seed=seed),
            True,
        )
        for rate in (0.15, 0.4, 1.0)
        for kind in ("voters", "rules")
    },
    **{f"pairs planted at .4, {k} classes": (lambda seed, k=k: several_classes(k, 0.4, seed), True) for k in (3, 5)},
    "independent voters": (lambda seed: stress.independent(unipolar=False, seed=seed), True),
    "independent rules": (lambda seed: stress.independent(unipolar=True, seed=seed), True),
    "independent crowd of 100, tasks in batches": (crowd, False),
    "3 good, 6 near-copies of .60": (lambda seed: stress.copies(noise=0.05, seed=seed), True),
    "10 good, 8 copies of .30": (lambda seed: stress.bad_copies(seed=seed), True),
    "120 LFs, 20 copies of 6": (lambda seed: stress.repeated(seed=seed), False),
}
"""How each is drawn, and whether with many seeds."""


def score(finder: Finder, draw: Callable[[int], Sample], seeds: int) -> tuple[float, float, float, float]:
    """Precision and recall over all seeds together, false edges and seconds a set."""
    right = found = planted = 0
    seconds = 0.0
    for seed in range(seeds):
        sample = draw(seed)
        moments = Moments.of(sample.L, sample.world.cardinality)
        start = time.process_time()
        edges = finder(*moments.meetings, cardinality=moments.cardinality)
        seconds += time.process_time() - start
        place = {name: j for j, name in enumerate(moments.lf_names)}
        pairs = {(place[a], place[b]) for a, b in zip(edges["lf_a"], edges["lf_b"], strict=True)}
        right += len(pairs & sample.world.pairs)
        found, planted = found + len(pairs), planted + len(sample.world.pairs)
    nan = float("nan")
    return (
        right / found if found else nan,
        right / planted if planted else nan,
        (found - right) / seeds,
        seconds / seeds,
    )


def report(*, seeds: int) -> str:
    """The section in Markdown."""
    rows = []
    for name, (draw, many) in CASES.items():
        say(f"edges: {name}")
        cells = []
        for finder in FINDERS.values():
            precision, recall, false, seconds = score(finder, draw, seeds if many else 1)
            cells += [number(precision, ".2f"), number(recall, ".2f"), number(false, ".1f"), number(seconds, ".2f")]
        rows.append([name, *cells])
    head = ["votes", *(f"{what}, {name}" for name in FINDERS for what in ("precision", "recall", "false", "seconds"))]
    return (
        f"## Edges\n\n{seeds} seeds. Precision and recall over all of them; false edges and seconds a set.\n\n"
        + table(head, rows)
    )


if __name__ == "__main__":
    print(report(seeds=int(sys.argv[1]) if len(sys.argv) > 1 else 20))
