"""How many hand labels the end model saves: `python path/to/benchmarks/hand_labels.py` in a finished project folder.

Trains the same learner (section `train` of params.yaml) on random train rows with gold, more and more of them, and
prints the least number whose median balanced accuracy on test reaches that of the end model, which saw no gold.
It reads train and test gold: a measurement for people, which no stage runs and nothing is chosen by.
"""

import argparse
import logging
import statistics
from collections.abc import Sequence

import numpy as np

from labelmill import paths, storage
from labelmill.end_model.matrix import read_features
from labelmill.end_model.train import fit
from labelmill.errors import TrainingError
from labelmill.params import load_params
from labelmill.quality.metrics import judge, score

SIZES = (50, 100, 200, 350, 500, 700, 1000, 1500, 2000)


def curve(sizes: Sequence[int], seeds: int) -> dict[int, list[float]]:
    """Balanced accuracy on test of the learner trained on n hand labels, for each n and seed."""
    params = load_params()
    X, ids, split = read_features(paths.FEATURES)
    tables = [storage.read_table(path) for path in (paths.GOLD_TRAIN, paths.GOLD_DEV, paths.GOLD_TEST)]
    known = {id_: label for table in tables for id_, label in zip(table["id"], table["label"], strict=True)}
    gold = np.array([known.get(id_, -1) for id_ in ids])
    pool = np.flatnonzero(split.isin(["train", "dev"]).to_numpy() & (gold >= 0))
    test = np.flatnonzero((split == "test").to_numpy() & (gold >= 0))
    one_hot = np.eye(params.task.cardinality)
    scores: dict[int, list[float]] = {}
    for n in (n for n in sizes if n <= len(pool)):
        scores[n] = []
        for seed in range(seeds):
            rows = np.random.default_rng([seed, n]).choice(pool, n, replace=False)
            try:
                model = fit(X[rows], one_hot[gold[rows]], np.ones(n), params.train, seed=seed)
            except TrainingError:  # few rows may be of one class: no better than a guess
                scores[n].append(1 / params.task.cardinality)
                continue
            judged = judge(gold[test], model.predict_proba(X[test]), positive=params.task.positive_index)
            scores[n].append(score(judged)["balanced_accuracy"])
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="draws of hand labels for each number")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of hand labels")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    evaluated = storage.read_json(paths.metrics("evaluate"))
    target = evaluated["test"]["end_model"]["all"]["balanced_accuracy"]["value"]
    scores = curve(sorted(options.sizes), options.seeds)
    print("| hand labels | median balanced accuracy | lowest | highest | reaches the end model |")
    print("|---|---|---|---|---|")
    for n, values in scores.items():
        median = statistics.median(values)
        reached = "yes" if median >= target else "no"
        print(f"| {n:,} | {median:.3f} | {min(values):.3f} | {max(values):.3f} | {reached} |")
    enough = next((n for n, values in scores.items() if statistics.median(values) >= target), None)
    answer = f"{enough:,} hand labels" if enough else f"more than {max(scores, default=0):,} hand labels"
    print(f"\nThe end model, without any gold, has {target:.3f}. The same learner needs {answer} for that.")


if __name__ == "__main__":
    main()
