"""How often drift is seen and named within two windows of 2,000 rows, beside a reference of about 20,000.

    python benchmarks/loop/detection.py [--trials 40] [--seed 0]

Planted, on simulated votes that depend on each other and on real news texts with keyword rules: the share of a class
10 points higher or lower; a labeling function of at least 5 % coverage dead; one of at least 20 % coverage 20 points
less accurate; 20 % of the rows of a topic that the reference does not have (the fourth class of the news).
"seen" is the right diagnosis in one of two windows, "named" that no other labeling function is called stale,
"others" the share of trials with diagnoses of another kind, "confirmed" that the second window confirms it.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from worlds import World, agnews, dead, simulated, with_prior, worse

from labelmill.params import DriftParams
from labelmill.quality.drift import Reference, Rows, Told, compare, diagnose

WINDOW = 2000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| data | planted | seen | right name, and only it | confirmed | other diagnoses |")
    print("|---|---|---|---|---|---|")
    began = time.process_time()
    for name, make in WORLDS.items():
        for planted in PLANTED[name]:
            seeds = range(options.seed * 1000, options.seed * 1000 + options.trials)
            report(name, planted, [trial(make, planted, seed) for seed in seeds])
    print(f"\n{time.process_time() - began:.0f} s CPU")


WORLDS = {
    "simulated, 2 classes": lambda seed: simulated(seed=seed),
    "simulated, 3 classes": lambda seed: simulated(classes=3, seed=seed),
    "news, 4 classes": lambda seed: _news(4),
    "news, 3 classes": lambda seed: _news(3),
}
PLANTED = {
    "simulated, 2 classes": ["prior +.1", "prior -.1", "dead", "worse"],
    "simulated, 3 classes": ["prior +.1", "prior -.1", "dead", "worse"],
    "news, 4 classes": ["prior +.1", "prior -.1", "dead", "worse"],
    "news, 3 classes": ["new topic"],
}
_KEPT: dict[int, World] = {}


def _news(classes: int) -> World:
    if classes not in _KEPT:
        _KEPT[classes] = agnews(classes=classes)
    return _KEPT[classes]


def trial(make: Callable[[int], World], planted: str, seed: int) -> tuple[bool, bool, bool, Counter]:
    """Whether it was seen, rightly named and confirmed, and what else was said."""
    world, rng, params = make(seed), np.random.default_rng([seed, 5]), DriftParams()
    k = len(world.schema.classes)
    known = rng.permutation(np.flatnonzero(world.truth < k))
    n_reference = min(20_000, len(known) - 5000)
    reference = Reference.of([world.take(known[:n_reference])], world.schema, seed=seed)
    pool, strangers = known[n_reference:], np.flatnonzero(world.truth >= k)
    kind, lf = "prior_shift", None
    if planted in ("dead", "worse"):
        kind, least = "stale_lf", 0.05 if planted == "dead" else 0.2
        lf = rng.choice(np.flatnonzero((world.rows.L[known] >= 0).mean(axis=0) >= least))
    if planted == "new topic":
        kind = "new_content"
    base = np.bincount(world.truth[known]) / len(known)
    shifted = rng.choice(np.flatnonzero((base > 0.15) & (base < 0.85)))  # so that 10 points less are left of it
    history, seen, named, confirmed, others = [], False, True, False, Counter()
    for _ in range(2):
        window = draw(world, planted, pool, strangers, shifted, lf, rng)
        findings = compare(reference, window, params)
        found = diagnose(reference, window, findings, params=params, history=history)
        history.append(Told(findings, tuple(found)))
        of_kind = [one for one in found if one.kind == kind]
        right = [one for one in of_kind if lf is None or one.subject == world.schema.lf_names[lf]]
        seen |= bool(right)
        named &= len(of_kind) == len(right)
        confirmed |= any(one.confirmed for one in right)
        others.update({one.kind for one in found if one.kind != kind})
    return seen, seen and named, confirmed, others


def draw(world: World, planted: str, pool, strangers, shifted: int, lf: int | None, rng) -> Rows:
    """A window with what is planted."""
    if planted.startswith("prior"):
        change = float(planted.split()[1])
        base = np.bincount(world.truth[pool]) / len(pool)
        shares = base * (1 - change / (1 - base[shifted]))
        shares[shifted] = base[shifted] + change
        return world.take(with_prior(world, pool, shares / shares.sum(), WINDOW, rng))
    places = rng.choice(pool, WINDOW, replace=False)
    if planted == "new topic":
        new = rng.choice(strangers, WINDOW // 5, replace=False)
        return world.take(np.concatenate([places[: WINDOW - len(new)], new]))
    rows = world.take(places)
    if planted == "dead":
        return dead(world, rows, lf)
    return worse(world, rows, world.truth[places], lf, 0.2, rng)


def report(name: str, planted: str, trials: list) -> None:
    """One line of the table."""
    n = len(trials)
    shares = [sum(trial[place] for trial in trials) / n for place in range(3)]
    others = sum((trial[3] for trial in trials), Counter())
    said = ", ".join(f"{kind} {count / 2 / n:.0%}" for kind, count in others.items()) or "none"
    print(f"| {name} | {planted} | " + " | ".join(f"{share:.0%}" for share in shares) + f" | {said} |", flush=True)


if __name__ == "__main__":
    main()
