"""What drift costs: 50 columns of votes over two times a million rows, and a window of 2,000 texts.

    python benchmarks/loop/speed.py

CPU seconds of one thread, the best of five. Votes: from raw int8 votes of both sides to all signals of the layer with
their statistics; what chance does to a window is drawn once per reference and shown by itself.
"""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from worlds import agnews

from labelmill.params import DriftParams
from labelmill.quality.drift import Reference, Rows, Schema, compare
from labelmill.quality.drift.compare import signals_of_votes
from labelmill.quality.drift.null import null_of
from labelmill.quality.drift.votes import VoteCounts

M, N = 50, 1_000_000


def main() -> None:
    print("| what | CPU s |\n|---|---|")
    for coverage in (0.1, 0.5):
        of_votes(coverage)
    of_texts()


def of_votes(coverage: float) -> None:
    rng = np.random.default_rng(0)
    sides = [votes(rng, N, coverage) for _ in range(2)]
    schema = Schema((), ("no", "yes"), tuple(f"lf_{j}" for j in range(M)))
    small = Rows(pd.DataFrame({"id": np.arange(20_000)}), sides[0][:20_000], *[np.full((20_000, 2), 0.5)] * 2)
    reference = Reference.of([small], schema, seed=1)
    drawn, null = timed(lambda: null_of(reference, N, draws=2000, cache=None), times=1)
    print(f"| the null, 2,000 draws, coverage {coverage:.0%} | {drawn:.2f} |")

    def whole() -> object:
        ours, theirs = (VoteCounts.of(L, None, cardinality=2) for L in sides)
        return signals_of_votes(reference.vote_form, theirs, ours, null)

    print(f"| votes of {M} columns, {N:,} + {N:,} rows, coverage {coverage:.0%} | {timed(whole)[0]:.3f} |")


def of_texts() -> None:
    world, params = agnews(), DriftParams()
    rows = np.random.default_rng(0).permutation(len(world.truth))
    spent, reference = timed(lambda: Reference.of([world.take(rows[:20_000])], world.schema, seed=1), times=1)
    print(f"| reference of 20,000 news texts, {len(world.schema.lf_names)} columns of votes | {spent:.2f} |")
    spent, _ = timed(lambda: null_of(reference, 2000, draws=2000, cache=None), times=1)
    print(f"| its null, 2,000 draws | {spent:.2f} |")
    window = world.take(rows[20_000:22_000])
    spent, _ = timed(lambda: compare(reference, window, params))
    print(f"| compare with a window of 2,000, all layers | {spent:.3f} |")


def votes(rng: np.random.Generator, n: int, coverage: float) -> np.ndarray:
    L = rng.integers(0, 2, (n, M), dtype=np.int8)
    L[rng.random((n, M), dtype=np.float32) > coverage] = -1
    return L


def timed(run: Callable[[], object], *, times: int = 5) -> tuple[float, object]:
    """The best CPU time, and the result; the first of several runs compiles."""
    spent = []
    for _ in range(times):
        began = time.process_time()
        result = run()
        spent.append(time.process_time() - began)
    return min(spent), result


if __name__ == "__main__":
    main()
