"""A little gold: what `fit(L, gold=...)` gains by 10, 50 and 200 rows, in decisions and in probabilities.

The rows are drawn, with fixed seeds, from those that are not scored, where some of these have gold; else from
the test rows, which are then left out of the scoring, of the fit without gold as well.
"""

from collections.abc import Iterator

import numpy as np
import scores
import sets
from systems import DEFAULT, make
from tables import number, say, table

SIZES = (10, 50, 200)
"""Gold rows."""
KEYS = ("macro_f1", "ece")

Results = dict[str, dict[int, dict[str, np.ndarray]]]
"""Set, number of gold rows, measure: one value per seed, and with `_without` beside it that of the fit without gold."""


def run(names: list[str], *, seeds: int, system: str = DEFAULT, sizes: tuple[int, ...] = SIZES) -> Results:
    """Measure on all sets that are there."""
    results: Results = {}
    for votes in sets.present(names):
        name = votes.name
        say(f"gold on {name}")
        without = make(system, votes.cardinality).fit(votes.L).predict_proba(votes.L)
        results[name] = {size: _measure(votes, system, without, size, seeds) for size in sizes}
    return results


def _measure(votes: sets.VoteSet, system: str, without: np.ndarray, size: int, seeds: int) -> dict[str, np.ndarray]:
    rows = []
    for gold, scored in draws(votes, size, seeds):
        probs = make(system, votes.cardinality).fit(votes.L, gold=gold).predict_proba(votes.L)
        with_gold, base = (_score(votes, p, scored) for p in (probs, without))
        rows.append([*with_gold, *base])
    columns = [*KEYS, *(f"{key}_without" for key in KEYS)]
    return dict(zip(columns, np.array(rows).T, strict=True))


def draws(votes: sets.VoteSet, size: int, seeds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gold of all rows, -1 where it is not told, and which rows are scored."""
    known = votes.gold >= 0
    spare = np.flatnonzero(known & ~votes.test)
    pool = spare if len(spare) >= size else np.flatnonzero(known & votes.test)
    for seed in range(seeds):
        drawn = np.random.default_rng([size, seed]).choice(pool, min(size, len(pool) // 2), replace=False)
        gold = np.full(len(votes.gold), -1)
        gold[drawn] = votes.gold[drawn]
        yield gold, known & votes.test & (gold < 0)


def _score(votes: sets.VoteSet, probs: np.ndarray, scored: np.ndarray) -> list[float]:
    covered = (votes.L[scored] >= 0).any(axis=1)
    of = scores.of_covered(probs[scored], votes.gold[scored], covered)
    return [of[key] for key in KEYS]


def report(results: Results) -> str:
    """The section in Markdown."""
    if not results:
        return "## A little gold\n\nskipped: the vote sets are not there.\n"
    sizes = list(next(iter(results.values())))
    parts = [
        "## A little gold\n",
        f"`{DEFAULT}` with the true classes of some rows, mean over the draws, covered rows that are not among them, "
        "in points. In brackets the difference to the fit without gold.\n",
    ]
    for key, title in (("ece", "Expected calibration error"), ("macro_f1", "Macro-F1")):
        lines = [[name, *_cells([of], sizes, key)] for name, of in results.items()]
        mean = ["mean", *_cells(list(results.values()), sizes, key)]
        worst = ["worst difference", "", *(number(_worst(results, size, key), "+.2f") for size in sizes)]
        head = ["set", "no gold", *(f"{size} rows" for size in sizes)]
        parts += [f"### {title}\n", table(head, [*lines, mean, worst])]
    return "\n".join(parts)


def _cells(of_sets: list[dict[int, dict[str, np.ndarray]]], sizes: list[int], key: str) -> list[str]:
    means = [[np.mean([of[size][k].mean() for of in of_sets]) for k in (key, f"{key}_without")] for size in sizes]
    gained = [f"{number(value)} ({number(value - base, '+.1f')})" for value, base in means]
    return [number(means[0][1]), *gained]


def _worst(results: Results, size: int, key: str) -> float:
    change = [of[size][key].mean() - of[size][f"{key}_without"].mean() for of in results.values()]
    return float(max(change) if key == "ece" else min(change))
