"""How often the rule of `labelmill promote` lets a challenger pass: an equal one, a worse one, and those between.

Real texts with gold (agnews and imdb of LABELMILL_BENCH_DATA). For each set a bank of end models is trained by
labelmill's own featurizer and trainer on labels of which some are wrong at random: models of one recipe, each on
rows of its own, and models that learn from more wrong labels. Gold that none was trained on tells how good each
truly is. Each seed then draws a champion, a challenger and gate rows, and asks the rule. A challenger counts as equal
where it is of the same recipe, its true balanced accuracy is within half a point and no class is truly worse by
more than `promote.slice_tolerance`; as equal on the whole where only the first two hold; as worse where it is truly
five points worse (between 4.5 and 6).

    python benchmarks/loop/promotion_rule.py --seeds 200

takes about four minutes on one core.

    python benchmarks/loop/promotion_rule.py --sequences 100

asks otherwise: of so many sequences of 60 retrains, all judged on the same 400 gate rows beside one champion, in how
many does a model that is five points worse (right on 85 % of rows against 90 %) get in? Once with attempts that share
the error, once as if each were the first; and how often an equal model passes after so many refusals. Rows are drawn,
nothing is trained; about two minutes.
"""

import argparse
import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from labelmill.end_model.features import Featurizer
from labelmill.end_model.train import fit
from labelmill.params import FeaturizeParams, PromoteParams, TrainParams
from labelmill.quality.comparison import Comparison, compare
from labelmill.quality.evidence import Evidence
from labelmill.quality.metrics import balanced_accuracy, judge

SETS = ("agnews", "imdb")
GATE_ROWS = (200, 400, 1000)
NOISE = (0.1, 0.1, 0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
"""Share of wrong labels of each model of a bank, again and again."""

RETRAINS = 60
"""Of a sequence: two a day for a month."""

EQUAL = (-0.005, 0.005)
WORSE = (-0.06, -0.045)
BETWEEN = ((-0.015, -0.005), (-0.025, -0.015), (-0.035, -0.025), (-0.045, -0.035))


@dataclass(frozen=True)
class Bank:
    """Models by what they say on rows that none was trained on; `recipe` is each one's share of wrong labels."""

    classes: tuple[str, ...]
    gold: np.ndarray
    probs: list[np.ndarray]
    recipe: list[float]

    def true_score(self, number: int) -> float:
        """Balanced accuracy on all rows."""
        judged = judge(self.gold, self.probs[number], positive=0)
        return float(balanced_accuracy(judged, np.ones((1, len(self.gold))))[0])

    def recalls(self, number: int) -> np.ndarray:
        """Share of the rows of each class that are right."""
        right = self.probs[number].argmax(axis=1) == self.gold
        return np.array([right[self.gold == label].mean() for label in range(len(self.classes))])


def train_bank(name: str, *, models: int, train_rows: int) -> Bank:
    """Train the models of one set."""
    folder = Path(os.environ["LABELMILL_BENCH_DATA"]) / name
    with gzip.open(folder / "items.jsonl.gz", "rt", encoding="utf-8") as file:
        items = [json.loads(line) for line in file]
    classes = tuple(json.loads((folder / "meta.json").read_text(encoding="utf-8"))["classes"])
    frame, gold = pd.DataFrame({"text": [item["text"] for item in items]}), np.array([item["label"] for item in items])
    order = np.random.default_rng(0).permutation(len(frame))
    pool, held_out = np.split(order, [len(order) // 2])
    X = Featurizer(FeaturizeParams(text_shape=False)).fit(frame.iloc[pool]).transform(frame)
    probs, recipe = [], []
    for number in range(models):
        rng = np.random.default_rng([number, 1])
        rows, noise = rng.choice(pool, train_rows, replace=False), NOISE[number % len(NOISE)]
        labels = gold[rows].copy()
        wrong = rng.random(train_rows) < noise
        labels[wrong] = rng.integers(0, len(classes), wrong.sum())
        params = TrainParams(optimizer="adam", epochs=15)
        model = fit(X[rows], np.eye(len(classes))[labels], np.ones(train_rows), params, seed=number)
        probs.append(model.predict_proba(X[held_out]))
        recipe.append(noise)
    return Bank(classes, gold[held_out], probs, recipe)


def asked(bank: Bank, pairs: list[tuple[int, int]], *, gate: int, seeds: int, params: PromoteParams) -> dict[str, int]:
    """How many of `seeds` draws end with which verdict."""
    verdicts: dict[str, int] = {}
    for seed in range(seeds):
        rng = np.random.default_rng([seed, gate])
        champion, challenger = pairs[rng.integers(len(pairs))]
        rows = rng.choice(len(bank.gold), gate, replace=False)
        slices = {f"class {name}": bank.gold[rows] == i for i, name in enumerate(bank.classes)}
        evidence = Evidence(bank.gold[rows], bank.probs[champion][rows], bank.probs[challenger][rows], slices)
        found = compare(evidence, params=params, seed=seed, classes=bank.classes)
        said = "promoted" if found.passed else _fault(found) if found.verdict == "as good" else found.verdict
        verdicts[said] = verdicts.get(said, 0) + 1
    return verdicts


def _fault(found: Comparison) -> str:
    return "slice" if any("slice" in fault for fault in found.faults) else "calibration"


def pairs_of(
    bank: Bank, between: tuple[float, float], *, same_recipe: bool = False, loss_of_class: float = 1.0
) -> list[tuple[int, int]]:
    """Champion of the first recipe and challenger whose true difference lies between two numbers."""
    scores = [bank.true_score(number) for number in range(len(bank.probs))]
    everyone = range(len(scores))
    good = [number for number in everyone if bank.recipe[number] == NOISE[0]]
    return [
        (a, b)
        for a in good
        for b in everyone
        if a != b and between[0] <= scores[b] - scores[a] <= between[1]
        if not same_recipe or bank.recipe[b] == NOISE[0]
        if (bank.recalls(a) - bank.recalls(b)).max() <= loss_of_class
    ]


@dataclass(frozen=True)
class Drawn:
    """Gate rows that a champion is right on in 90 % of cases; what challengers say is drawn from that."""

    gold: np.ndarray
    right: np.ndarray
    rng: np.random.Generator

    @classmethod
    def of(cls, seed: int) -> "Drawn":
        """Those of one sequence."""
        rng = np.random.default_rng(seed)
        return cls(np.arange(400) % 2, rng.random(400) < 0.9, rng)

    def passes(self, *, lost: float, won: float, refusals: int) -> bool:
        """Whether a challenger passes that is wrong on a share of those rows, and right on a share of the others."""
        right = np.where(self.right, self.rng.random(400) >= lost, self.rng.random(400) < won)
        said = [np.eye(2)[np.where(of, self.gold, 1 - self.gold)] * 0.8 + 0.1 for of in (self.right, right)]
        params = PromoteParams(bootstrap_samples=200)
        evidence = Evidence(self.gold, *said, slices={})
        return compare(evidence, params=params, seed=1, classes=("a", "b"), refusals=refusals).passed


def print_sequences(count: int) -> None:
    """How many sequences let a worse model in, and what the bound costs an equal one."""
    worse, equal = {"lost": 0.09, "won": 0.31}, {"lost": 0.03, "won": 0.27}
    for told, step in (("attempts share the error", 1), ("each attempt alone", 0)):
        drawn = [Drawn.of(seed) for seed in range(count)]
        passed = sum(any(rows.passes(**worse, refusals=step * r) for r in range(RETRAINS)) for rows in drawn)
        print(f"{told}: five points worse gets in within {RETRAINS} retrains in {passed} of {count} sequences")
    for refusals in (0, 1, 5, 20, 60):
        passed = sum(Drawn.of(seed).passes(**equal, refusals=refusals) for seed in range(count))
        print(f"an equal model after {refusals} refusals passes in {passed / count:.0%} of cases")


def main() -> None:
    """Train, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--models", type=int, default=36)
    parser.add_argument("--sequences", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.sequences:
        print_sequences(arguments.sequences)
        return
    params = PromoteParams()
    print(f"{arguments.seeds} seeds a line; {params}\n")
    print("| set | gate rows | true difference | pairs | promoted | verdicts |\n|---|---|---|---|---|---|")
    for name in SETS:
        bank = train_bank(name, models=arguments.models, train_rows=4000 if name == "agnews" else 2000)
        cases = {
            "equal": pairs_of(bank, EQUAL, same_recipe=True, loss_of_class=params.slice_tolerance),
            "equal on the whole": pairs_of(bank, EQUAL, same_recipe=True),
            **{f"{low:+.3f} to {high:+.3f}": pairs_of(bank, (low, high)) for low, high in (*BETWEEN, WORSE)},
        }
        for gate in GATE_ROWS:
            for case, pairs in cases.items():
                verdicts = asked(bank, pairs, gate=gate, seeds=arguments.seeds, params=params) if pairs else {}
                share = verdicts.get("promoted", 0) / arguments.seeds
                told = ", ".join(f"{said} {count}" for said, count in sorted(verdicts.items()))
                print(f"| {name} | {gate} | {case} | {len(pairs)} | {share:.1%} | {told} |", flush=True)


if __name__ == "__main__":
    main()
