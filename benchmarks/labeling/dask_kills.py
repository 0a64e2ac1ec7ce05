"""Label 200 shards on two Dask workers, kill one at a random moment, and compare with what one process leaves.

`python benchmarks/labeling/dask_kills.py [RUNS]` (20 if absent) prints one line a run, then how many were equal.
"""

import hashlib
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import pandas as pd
import psutil

from labelmill import storage
from labelmill.labeling.engines import label_shards
from labelmill.labeling.shards import ERRORS, Task

N_SHARDS = 200
SHARD_ROWS = 200
LFS = """
from labelmill import keyword_lf, labeling_function

cash = keyword_lf("cash", ["cash"], column="text", label=1)

@labeling_function
def long(mail):
    return 0 if sum(map(ord, mail.text)) % 7 > 3 else None

@labeling_function
def fails(mail):
    return 1 // (int(mail.id[1:]) % 500) and None
"""


def main(runs: int) -> None:
    dice = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shards = make_project()
        expected, _, _ = label(shards, engine="local", kill_after_s=None)
        equal = 0
        for run in range(runs):
            found, seconds, killed = label(shards, engine="dask", kill_after_s=dice.uniform(0.0, 2.0))
            equal += killed and found == expected
            print(f"run {run + 1}: {seconds:.1f} s, worker killed: {killed}, equal: {found == expected}", flush=True)
        print(f"{equal} of {runs} equal with a worker killed")


def make_project() -> list[storage.Shard]:
    Path("lfs").mkdir()
    Path("lfs/main.py").write_text(LFS)
    with storage.shard_writer(Path("clean")) as write:
        for number in range(N_SHARDS):
            ids = [f"m{number * SHARD_ROWS + i}" for i in range(SHARD_ROWS)]
            write(pd.DataFrame({"id": ids, "split": "train", "text": [f"cash {i}" * 20 for i in ids]}))
    storage.write_table(Path("gold.parquet"), pd.DataFrame({"id": ["m1"], "label": [0]}))
    return storage.list_shards(Path("clean").resolve())


def label(
    shards: list[storage.Shard], *, engine: str, kill_after_s: float | None
) -> tuple[dict[str, str], float, bool]:
    """Hashes of what is left, how long it took, and whether a worker was killed meanwhile."""
    for name in ("out", "cache"):
        shutil.rmtree(name, ignore_errors=True)
    (Path("out") / ERRORS).mkdir(parents=True)
    out, cache, gold = Path("out"), Path("cache"), Path("gold.parquet")
    task = Task.of(Path("lfs"), out=out, cache=cache, gold=gold, cardinality=2, workers=1)
    killed: list[int] = []
    start = time.perf_counter()
    records = label_shards(shards, task, task.open(), engine=engine, dask_workers=2)
    first = next(records)
    if kill_after_s is not None:
        threading.Timer(kill_after_s, lambda: killed.append(kill_a_worker())).start()
    done = {record.part for record in [first, *records]}
    assert len(done) == len(shards)
    files = sorted(file for file in out.rglob("part-*") if file.is_file())
    hashes = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    return hashes, time.perf_counter() - start, bool(killed)


def kill_a_worker() -> int:
    """Kill one of the processes that Dask's nannies started."""
    children = psutil.Process().children()
    workers = [child for child in children if any("spawn_main" in part for part in child.cmdline())]
    victim = random.choice(workers)
    os.kill(victim.pid, signal.SIGKILL)
    return victim.pid


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
