"""What constants are worth that were not chosen on the set at hand: `python benchmarks/label_models/leave_one_out.py`.

For each held-out set, every constant of the grid takes the values that are best, by mean difference to
majority vote, on all other sets; the held-out set is scored with those. If that mean is far below the one
of the constants in force, they were fitted to the sets.

    python benchmarks/label_models/leave_one_out.py --kind auto
    python benchmarks/label_models/leave_one_out.py --kind dawid_skene --constants anchor_votes=30,100,300 anchor=.7,.8

A constant is a hyperparameter of the model, or `module:NAME` of `labelmill.label_model`, as in
`auto:_TIED=0.3,0.6,1.0`.
"""

import argparse
import ast
import contextlib
import importlib
import sys
from collections.abc import Iterator
from itertools import product
from typing import Any
from unittest import mock

import numpy as np
import on_sets
import sets
from systems import BASELINE, DEFAULT
from tables import number, say, table

GRIDS: dict[str, dict[str, list[Any]]] = {
    "anchored_precision": {
        "anchor": [0.7, 0.8, 0.9],
        "anchor_votes": [30, 100, 300],
        "majority_share": [0.25, 0.5, 0.75],
    },
    "dawid_skene": {
        "anchor_votes": [30, 100, 300],
        "majority_share": [0.25, 0.5, 0.75],
        "confusion_votes": [25, 50, 100],
    },
    "auto": {
        "majority_weight": [0.2, 0.3, 0.4],
        "auto:_RARITY": [0.0, 0.35, 0.7],
        "auto:_COVARIANCES": [0.3, 0.5, 0.7],
        "auto:_TIED": [0.3, 0.6, 1.0],
    },
}
"""Values of each constant by kind of model; all their combinations are tried."""

Point = dict[str, Any]


def points(grid: dict[str, list[Any]]) -> list[Point]:
    """All combinations.

    >>> points({"a": [1, 2], "b": [3]})
    [{'a': 1, 'b': 3}, {'a': 2, 'b': 3}]
    """
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def gain(votes: sets.VoteSet, kind: str, point: Point, base: float) -> float:
    """Macro-F1 minus that of majority vote, in points."""
    given = {name: value for name, value in point.items() if ":" not in name}
    with _patched({name: value for name, value in point.items() if ":" in name}):
        found = on_sets.measure(votes, kind, **given)
    if "why_not" in found:
        raise RuntimeError(f"{kind} with {point} on {votes.name}: {found['why_not']}")
    return found["macro_f1"] - base


@contextlib.contextmanager
def _patched(constants: Point) -> Iterator[None]:
    """Put other values in place of constants of modules."""
    with contextlib.ExitStack() as stack:
        for place, value in constants.items():
            module, name = place.split(":")
            target = importlib.import_module(f"labelmill.label_model.{module}")
            stack.enter_context(mock.patch.object(target, name, value))
        yield


def report(kind: str, grid: dict[str, list[Any]], names: list[str]) -> str:
    """Try all points on all sets; what is chosen without each set, and what it gets there."""
    tried = points(grid)
    gains, in_force = np.empty((len(tried), len(names))), np.empty(len(names))
    for i, name in enumerate(names):
        say(f"{name}: {len(tried)} points")
        votes = sets.read(sets.folder() / name)
        base = on_sets.measure(votes, BASELINE)["macro_f1"]
        in_force[i] = gain(votes, kind, {}, base)
        gains[:, i] = [gain(votes, kind, point, base) for point in tried]
    others = (gains.sum(axis=1, keepdims=True) - gains) / (len(names) - 1)
    chosen = others.argmax(axis=0)
    held_out = gains[chosen, np.arange(len(names))]
    best = int(gains.mean(axis=1).argmax())
    head = ["held-out set", "Δ held out", "Δ in force", *grid]
    rows = [
        [name, number(held_out[i], "+.2f"), number(in_force[i], "+.2f"), *(f"{v}" for v in tried[chosen[i]].values())]
        for i, name in enumerate(names)
    ]
    summary = [
        [title, *(number(f(values), "+.2f") for f in (np.mean, np.median, np.min)), f"{(values > -1e-6).sum()}"]
        for title, values in (
            ("chosen without the set", held_out),
            ("in force", in_force),
            ("best point on all sets: optimistic", gains[best]),
        )
    ]
    spread = gains.mean(axis=1)
    return "\n".join(
        [
            f"## Constants of `{kind}` chosen without the set they are scored on\n",
            f"{len(tried)} points; their means over all sets lie from {spread.min():+.2f} to {spread.max():+.2f}, "
            f"best: {', '.join(f'{k}={v}' for k, v in tried[best].items())}.\n",
            table(["constants", "mean Δ", "median", "worst", f"not below, of {len(names)}"], summary),
            table(head, rows),
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default=DEFAULT, help=f"label model; default {DEFAULT}")
    parser.add_argument("--constants", nargs="+", metavar="NAME=VALUE,VALUE", help="instead of those of GRIDS")
    parser.add_argument("--only", nargs="+", metavar="SET", default=list(sets.NAMES), choices=sets.NAMES)
    options = parser.parse_args()
    if options.constants:
        named = (one.split("=", 1) for one in options.constants)
        grid = {name: list(ast.literal_eval(f"[{values}]")) for name, values in named}
    elif options.kind in GRIDS:
        grid = GRIDS[options.kind]
    else:
        parser.error(f"GRIDS has nothing for {options.kind}: give --constants")
    present = [name for name in options.only if (sets.folder() / name / "votes.npz").is_file()]
    if len(present) < 2:
        print("skipped: fewer than two vote sets; name the folder that has them in LABELMILL_BENCH_DATA.")
        return 0
    print(report(options.kind, grid, present))
    return 0


if __name__ == "__main__":
    sys.exit(main())
