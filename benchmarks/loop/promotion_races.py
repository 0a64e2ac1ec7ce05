"""Races of two processes that promote at once, and how long a rollback takes.

Each race starts from one champion; both processes expect it. Exactly one must win, its model must be in charge whole,
and the log must have one line more. Rollbacks are timed as a call of the library, files re-hashed.

    python benchmarks/loop/promotion_races.py --races 200
"""

import argparse
import multiprocessing
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from labelmill import storage
from labelmill.errors import PromotionError
from labelmill.quality import champion
from labelmill.quality.decisions import decisions

FORK = multiprocessing.get_context("fork")


def write_models(name: str, *, megabytes: int = 0) -> dict[Path, str]:
    """A model of its own for each racer; return the hashes of its two folders."""
    made = {}
    for part in champion.PARTS:
        folder = Path(name) / part
        with storage.new_folder(folder) as new:
            storage.write_text(new / "weights.txt", name)
            storage.write_bytes(new / "weights.bin", np.random.default_rng(0).bytes(megabytes * 10**6))
        made[folder] = storage.folder_hash(folder)
    return made


def promote(name: str, expected: int, made: dict[Path, str]) -> None:
    """Put the model of one racer in charge."""
    (end_model, sha256), (featurizer, featurizer_sha256) = made.items()
    entry = {"sha256": sha256, "featurizer_sha256": featurizer_sha256, "by": name}
    champion.swap_champion(expected, entry, end_model=end_model, featurizer=featurizer)


def race(name: str, expected: int, made: dict[Path, str], barrier, results) -> None:
    """Take part in one race."""
    barrier.wait()
    try:
        promote(name, expected, made)
        results.put((name, True))
    except PromotionError:
        results.put((name, False))


def main() -> None:
    """Race, time and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        models = {name: write_models(name) for name in ("a", "b")}
        one_winner = whole = lines = 0
        for seq in range(arguments.races):
            barrier, results = FORK.Barrier(2), FORK.Queue()
            racers = [FORK.Process(target=race, args=(name, seq, models[name], barrier, results)) for name in models]
            for racer in racers:
                racer.start()
            won = dict(results.get(timeout=60) for _ in racers)
            for racer in racers:
                racer.join()
            found = champion.load_champion()
            one_winner += sum(won.values()) == 1
            whole += found.seq == seq + 1 and won[(found.folder / "end_model" / "weights.txt").read_text()]
            lines += len(decisions()) == seq + 1
        print(
            f"{arguments.races} races: one winner in {one_winner}, its model whole and in charge in {whole}, ", end=""
        )
        print(f"one line more in the log in {lines}")

        seq, taken = champion.current_seq(), []
        for name in ("c", "d"):
            promote(name, seq, write_models(name, megabytes=50))
            seq += 1
        first, second = seq - 1, seq
        for n in range(20):
            start = time.perf_counter()
            champion.roll_back(seq, to=second if n % 2 else first)
            taken.append(time.perf_counter() - start)
            seq += 1
        print(f"20 rollbacks to a model of 100 MB: median {statistics.median(taken):.2f} s, most {max(taken):.2f} s")
        os.chdir("/")


if __name__ == "__main__":
    main()
