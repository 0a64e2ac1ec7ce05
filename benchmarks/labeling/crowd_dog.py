"""The workers of crowd_dog through `crowd_lfs`: `python benchmarks/labeling/crowd_dog.py`; needs LABELMILL_BENCH_DATA.

The votes of the set are written out as a long table in random order, made labeling functions, applied, and compared.
"""

import gzip
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill import apply_lfs, crowd_lfs
from labelmill.label_model import DawidSkene, MajorityVote

LARGE = {"rows": 100_000, "workers": 5_000, "answers": 1_000_000}


def exact(folder: Path) -> None:
    """Compare the votes, and score two models on them."""
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = pd.DataFrame([json.loads(line) for line in file])
    with np.load(folder / "votes.npz", allow_pickle=False) as votes:
        L = votes["L"]
    names = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["lf_names"]
    rows, workers = np.nonzero(L != -1)
    long = pd.DataFrame(
        {
            "task": items["id"].to_numpy()[rows],
            "worker": [names[j].removeprefix("worker_") for j in workers],
            "label": L[rows, workers],
        }
    ).sample(frac=1, random_state=0)
    applied = apply_lfs(items[["id"]], crowd_lfs(long), cardinality=4)
    order = [applied.lf_names.index(name) for name in names]
    same = np.array_equal(applied.L[:, order], L)
    print(f"{len(long):,} answers of {len(names)} workers on {len(items)} rows: {'' if same else 'NOT '}the same votes")
    for model in (MajorityVote(cardinality=4), DawidSkene(cardinality=4)):
        right = model.fit(applied.L).predict(applied.L) == items["label"].to_numpy()
        print(f"  {type(model).__name__}: accuracy {right.mean():.3f}")


def large() -> None:
    """Time a table of thousands of workers."""
    rng = np.random.default_rng(0)
    n, m, count = LARGE.values()
    long = pd.DataFrame({"task": rng.integers(0, n, count), "worker": rng.integers(0, m, count), "label": 0})
    began = time.process_time()
    lfs = crowd_lfs(long)
    made = time.process_time()
    votes = 0
    for start in range(0, n, 20_000):
        frame = pd.DataFrame({"id": [str(i) for i in range(start, start + 20_000)]})
        votes += int((apply_lfs(frame, lfs, cardinality=2).L != -1).sum())
    done = time.process_time()
    print(f"{count:,} answers of {len(lfs):,} workers on {n:,} rows: {votes:,} votes")
    print(f"  made in {made - began:.2f} CPU s, applied in {done - made:.2f} CPU s")


if __name__ == "__main__":
    bench = Path(os.environ.get("LABELMILL_BENCH_DATA", "")) / "crowd_dog"
    if (bench / "votes.npz").is_file():
        exact(bench)
    else:
        print(f"skipped: there is no set in {bench.resolve()}; LABELMILL_BENCH_DATA names the folder of sets.")
    sys.stdout.flush()
    large()
