"""How often windows without any drift alarm: real news texts with keyword rules, and simulated votes that are copied.

    python benchmarks/loop/false_alarms.py [--windows 2000] [--seed 0]

References of 20,000 rows and windows of 2,000 that have no row in common with them; a new reference after every
20 windows, since the error of one reference would be in all of its windows. Of the news there are 24,000 rows:
the windows of one reference are drawn from the 4,000 that are left; of simulated rows every window is new.
The upper bound is that of Clopper and Pearson, 95 %, one-sided, as if all windows were independent.
"""

import argparse
import time
from collections import Counter

import numpy as np
from scipy.stats import beta
from worlds import agnews, simulated

from labelmill.params import DriftParams
from labelmill.quality.drift import Reference, compare, diagnose

N_REFERENCE, WINDOW, PER_REFERENCE = 20_000, 2000, 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--windows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    began, total, params = time.process_time(), Counter(), DriftParams()
    worlds = {
        "news": lambda seed: news,
        "simulated, 2 classes": lambda seed: simulated(n=N_REFERENCE + WINDOW * PER_REFERENCE, seed=seed),
        "simulated, 3 classes": lambda seed: simulated(n=N_REFERENCE + WINDOW * PER_REFERENCE, classes=3, seed=seed),
    }
    shares = {"news": 0.5, "simulated, 2 classes": 0.25, "simulated, 3 classes": 0.25}
    news = agnews()
    print("| data | windows | alarms | input | votes | outputs | with a diagnosis |\n|---|---|---|---|---|---|---|")
    for name, make in worlds.items():
        seen = Counter()
        for number in range(round(options.windows * shares[name] / PER_REFERENCE)):
            seed = options.seed * 10_000 + number
            world, rng = make(seed), np.random.default_rng([seed, 3])
            rows = rng.permutation(len(world.truth))
            reference = Reference.of([world.take(rows[:N_REFERENCE])], world.schema, seed=seed)
            pool = rows[N_REFERENCE:]
            for turn in range(PER_REFERENCE):
                fresh = len(pool) >= WINDOW * PER_REFERENCE
                places = pool[turn * WINDOW : (turn + 1) * WINDOW] if fresh else rng.choice(pool, WINDOW, replace=False)
                window = world.take(places)
                findings = compare(reference, window, params)
                seen["windows"] += 1
                seen["alarms"] += findings.state == "drift"
                seen.update(layer.layer for layer in findings.layers.values() if layer.state == "drift")
                seen["diagnosed"] += bool(diagnose(reference, window, findings, params=params, history=[]))
        line = [seen[part] for part in ("windows", "alarms", "input", "votes", "outputs", "diagnosed")]
        print(f"| {name} | " + " | ".join(map(str, line)) + " |", flush=True)
        total.update(seen)
    n, alarms = total["windows"], total["alarms"]
    bound = beta.ppf(0.95, alarms + 1, n - alarms)
    print(f"\n{alarms} of {n} windows alarm: {alarms / n:.2%}, upper bound {bound:.2%}")
    print(f"{time.process_time() - began:.0f} s CPU")


if __name__ == "__main__":
    main()
