"""The real sets: every system fitted on all rows without gold, scored on test rows."""

from pathlib import Path

import numpy as np
import scores
import sets
from systems import BASELINE, DEFAULT, ask
from tables import number, say, table

CROWD = "crowd_duck"
"""The set on which a confusion matrix decides nearly everything; means are given with and without it."""

MEASURES = {
    "ece": ("Expected calibration error, points, covered rows", ".1f"),
    "brier": ("Brier score, covered rows", ".3f"),
    "log_loss": ("Log loss, covered rows", ".3f"),
    "whole_f1": ("Macro-F1 on all test rows, all classes equally likely where nobody voted", ".1f"),
    "seconds": ("CPU seconds of the fit", ".2f"),
}

Results = dict[str, dict[str, dict[str, float]]]
"""Set, system, measure; a system that failed has `why_not` alone."""


def measure(votes: sets.VoteSet, system: str, **hyperparameters: float) -> dict[str, float]:
    """All scores of one system on one set."""
    answer = ask(system, votes.L, votes.cardinality, **hyperparameters)
    if answer.probs is None:
        return {"why_not": answer.why_not}
    rows = votes.test & (votes.gold >= 0)
    covered = (votes.L[rows] >= 0).any(axis=1)
    return {**scores.of_covered(answer.probs[rows], votes.gold[rows], covered), "seconds": answer.seconds}


def run(names: list[str], systems: list[str]) -> Results:
    """Measure all systems on all sets that are there."""
    results: Results = {}
    for votes in sets.present(names):
        name = votes.name
        say(f"set {name}: {votes.L.shape[0]:,} x {votes.L.shape[1]}, {votes.cardinality} classes")
        results[name] = {system: measure(votes, system) for system in systems}
    return results


def gains(results: Results, system: str, *, measure: str = "macro_f1") -> np.ndarray:
    """Difference to majority vote on each set, in points; not a number where the system failed."""
    return np.array([r[system].get(measure, np.nan) - r[BASELINE][measure] for r in results.values()])


def report(results: Results) -> str:
    """The section in Markdown."""
    if not results:
        return (
            "## Real sets\n\n"
            f"skipped: there are no vote sets in {_short(sets.folder())}; "
            "name the folder that has them in LABELMILL_BENCH_DATA.\n"
        )
    systems = list(next(iter(results.values())))
    parts = [
        "## Real sets\n",
        "Fitted without gold on all rows of a set (except those that its rules were mined from), scored on "
        "its test rows. Macro-F1 over the classes present in gold, in points, a tie counted in equal parts.\n",
        _gain_table(results, systems),
        "### Summary: difference to majority vote\n",
        _summary(results, systems),
    ]
    for key, (title, form) in MEASURES.items():
        rows = [[n, *(number(r[s].get(key), form) for s in systems)] for n, r in results.items()]
        mean = np.array([[r[s].get(key, np.nan) for s in systems] for r in results.values()]).mean(axis=0)
        parts += [f"### {title}\n", table(["set", *systems], [*rows, ["mean", *(number(v, form) for v in mean)]])]
    failed = {f"{s} on {n}: {r[s]['why_not']}" for n, r in results.items() for s in systems if "why_not" in r[s]}
    if failed:
        parts += ["### Did not run\n", "\n".join(f"- {line}" for line in sorted(failed)) + "\n"]
    return "\n".join(parts)


def _gain_table(results: Results, systems: list[str]) -> str:
    head = ["set", "uncovered %", "F1 majority", *(f"Δ {s}" for s in systems if s != BASELINE)]
    rows = []
    for name, r in results.items():
        base = r[BASELINE]
        gain = (number(r[s].get("macro_f1", np.nan) - base["macro_f1"], "+.1f") for s in systems if s != BASELINE)
        rows.append([name, number(base["uncovered"]), number(base["macro_f1"]), *gain])
    return table(head, rows)


def _summary(results: Results, systems: list[str]) -> str:
    """Mean, median, worst; who fails on a set has no mean over all of them."""
    some = np.array([name != CROWD for name in results])
    head = ["system", "mean", "median", "worst", "not below on", f"mean without {CROWD}", "mean, all rows", "mean ECE"]
    rows = []
    for system in systems:
        gain, whole = gains(results, system), gains(results, system, measure="whole_f1")
        ece = np.mean([r[system].get("ece", np.nan) for r in results.values()])
        name = f"**{system}**" if system == DEFAULT else system
        if not np.isfinite(gain).any():
            rows.append([name, *["–"] * 7])
            continue
        cells = [gain.mean(), np.median(gain), np.min(gain)]
        rows.append(
            [
                name,
                *(number(cell, "+.2f") for cell in cells),
                f"{(gain > -1e-6).sum()} of {np.isfinite(gain).sum()}",
                number(gain[some].mean() if some.any() else np.nan, "+.2f"),
                number(whole.mean(), "+.2f"),
                number(ece),
            ]
        )
    mine = [s for s in systems if np.isfinite(gains(results, s)).all()]
    best = np.max([gains(results, s) for s in mine], axis=0)
    rows.append(["best of these on each set", number(best.mean(), "+.2f"), number(np.median(best), "+.2f"), *["–"] * 5])
    return table(head, rows)


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
