"""What the guard costs: the same Python labeling functions in this process and in worker processes.

CPU seconds are those of this process and of the workers that it started and waited for. Rounds alternate
between the two, so that what else the machine does falls on both; the median of the ratios counts.
"""

import argparse
import os
import re
import resource
import statistics
import time

import numpy as np
import pandas as pd

from labelmill import apply_lfs, labeling_function

WORDS = 4_000
PATTERNS = (
    r"\bfree (cash|money|offer)\b",
    r"https?://\S+",
    r"[A-Z]{5,}",
    r"\$\d+",
    r"(?i)unsubscribe|opt out|remove me",
    r"\d{3}-\d{4}",
    r"!{2,}",
)


def texts(rows: int, seed: int) -> pd.DataFrame:
    """Texts of 15 to 60 made-up words, frequent and rare ones as in a language."""
    rng = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    words = np.array(["".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(WORDS)])
    shares = 1 / np.arange(1, WORDS + 1)
    sizes = rng.integers(15, 61, rows)
    drawn = np.split(words[rng.choice(WORDS, sizes.sum(), p=shares / shares.sum())], np.cumsum(sizes)[:-1])
    return pd.DataFrame({"id": np.arange(rows), "text": [" ".join(some) for some in drawn]})


def functions():
    """Twelve: seven patterns, three lists of words, length and shouting."""
    made = []
    for k, pattern in enumerate(PATTERNS):
        search = re.compile(pattern).search
        made.append(labeling_function(name=f"pattern_{k}")(lambda x, search=search: 1 if search(x.text) else None))
    for k in range(3):
        words = [f"{a}{b}" for a in "abcd"[k:] for b in "xyzw"]
        made.append(
            labeling_function(name=f"words_{k}")(
                lambda x, words=words: 0 if any(word in x.text.lower() for word in words) else None
            )
        )
    made.append(labeling_function(name="short")(lambda x: 0 if len(x.text) < 120 else None))
    made.append(labeling_function(name="shouts")(lambda x: 1 if sum(c.isupper() for c in x.text[:20]) > 9 else None))
    return made


def cost(frame, lfs, workers):
    """CPU seconds, wall seconds and the votes."""
    began = time.perf_counter(), _cpu_s()
    applied = apply_lfs(frame, lfs, cardinality=2, workers=workers)
    return _cpu_s() - began[1], time.perf_counter() - began[0], applied.L


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    frame, lfs = texts(given.rows, given.seed), functions()
    cost(frame[:2000], lfs, 1)
    print(f"{given.rows:,} rows x {len(lfs)} labeling functions, load {os.getloadavg()[0]:.1f}")
    for workers in (1, 2):
        cpu, wall, seconds = [], [], []
        for _ in range(given.rounds):
            bare, guarded = cost(frame, lfs, 0), cost(frame, lfs, workers)
            assert np.array_equal(bare[2], guarded[2])
            cpu.append(guarded[0] / bare[0])
            wall.append(bare[1] / guarded[1])
            seconds.append(bare[0])
        print(
            f"{workers} workers: CPU x {statistics.median(cpu):.3f} ({min(cpu):.3f} to {max(cpu):.3f}) of "
            f"{statistics.median(seconds):.2f} s; wall {statistics.median(wall):.2f} times as fast "
            f"({min(wall):.2f} to {max(wall):.2f})"
        )


if __name__ == "__main__":
    main()
