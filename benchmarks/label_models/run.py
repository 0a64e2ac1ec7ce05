"""Label models beside each other on real votes: `python benchmarks/label_models/run.py`.

Each model is fitted on all rows of a set, without gold, and scored on the covered test rows. Prints
Markdown; `--only NAME ...` takes some sets, `--out FILE` writes the table to a file as well.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import scores
import sets

from labelmill import label_model

MODELS = tuple(label_model.KINDS)


def measure(votes: sets.VoteSet, kind: str) -> dict[str, float]:
    start = time.process_time()
    model = label_model.make(kind, cardinality=votes.cardinality).fit(votes.L)
    seconds = time.process_time() - start
    rows = votes.test & (votes.gold >= 0) & model.covered(votes.L)
    probs, gold = model.predict_proba(votes.L[rows]), votes.gold[rows]
    return {
        "macro_f1": 100 * scores.macro_f1(probs, gold),
        "ece": 100 * scores.calibration_error(probs, gold),
        "brier": scores.brier(probs, gold),
        "seconds": seconds,
        "uncovered": 100 * (1 - rows.sum() / (votes.test & (votes.gold >= 0)).sum()),
    }


def table(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """One line per set: macro-F1, its difference to majority vote, calibration error, Brier score, CPU seconds."""
    names = ["MV", *(kind for kind in MODELS[1:])]
    head = ["set", "uncovered %", *(f"F1 {n}" for n in names), *(f"Δ {n}" for n in names[1:])]
    head += [*(f"ECE {n}" for n in names), *(f"Brier {n}" for n in names), *(f"s {n}" for n in names[1:])]
    lines = [head, ["---"] * len(head)]
    for name, by_kind in results.items():
        of = [by_kind[kind] for kind in MODELS]
        cells = [name, f"{of[0]['uncovered']:.1f}", *(f"{r['macro_f1']:.1f}" for r in of)]
        cells += [f"{r['macro_f1'] - of[0]['macro_f1']:+.1f}" for r in of[1:]]
        cells += [f"{r['ece']:.1f}" for r in of] + [f"{r['brier']:.3f}" for r in of]
        lines.append([*cells, *(f"{r['seconds']:.2f}" for r in of[1:])])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def summary(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Mean, median and worst difference to majority vote, and the mean calibration error."""
    lines = [
        "| model | mean Δ | median Δ | worst Δ | not below on | mean ECE |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in MODELS:
        gain = np.array([r[kind]["macro_f1"] - r[MODELS[0]]["macro_f1"] for r in results.values()])
        ece = np.mean([r[kind]["ece"] for r in results.values()])
        lines.append(
            f"| {kind} | {gain.mean():+.2f} | {np.median(gain):+.2f} | {gain.min():+.2f} "
            f"| {(gain >= 0).sum()} of {len(gain)} | {ece:.1f} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=list(sets.NAMES), choices=sets.NAMES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    present = [name for name in options.only if (sets.folder() / name / "votes.npz").is_file()]
    if not present:
        print(f"skipped: no vote sets in {sets.folder()}; set LABELMILL_BENCH_DATA to the folder that has them.")
        return 0
    results = {}
    for name in present:
        votes = sets.read(sets.folder() / name)
        results[name] = {kind: measure(votes, kind) for kind in MODELS}
    text = f"{table(results)}\n\n{summary(results)}\n"
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
