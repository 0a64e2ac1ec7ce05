"""Synthetic twins: how much is lost to who knows the true parameters."""

from collections.abc import Iterator

import numpy as np
import scores
from systems import BASELINE, DEFAULT, ask
from tables import number, say, table
from twins import STYLES, TRAITS, Twin, twin

BALANCE_UNKNOWN = "Bayes, uniform balance"
"""The true parameters of the labeling functions, but no idea how frequent the classes are."""
BALANCE_GIVEN = f"{DEFAULT}, balance given"

Results = list[tuple[Twin, dict[str, dict[str, float]]]]


def run(numbers: range, systems: list[str]) -> Results:
    """Measure all systems on the twins of these numbers."""
    results: Results = []
    for i in numbers:
        one = twin(i)
        if i % 20 == 0:
            say(f"twins {i} to {min(i + 19, numbers.stop - 1)}")
        results.append((one, dict(_measure(one, systems))))
    return results


def _measure(one: Twin, systems: list[str]) -> Iterator[tuple[str, dict[str, float]]]:
    k, balance = one.cardinality, one.sample.world.balance
    for system in systems:
        yield system, _score(one, ask(system, one.L, k).probs)
    yield BALANCE_GIVEN, _score(one, ask(DEFAULT, one.L, k, list(balance)).probs)
    yield BALANCE_UNKNOWN, _score(one, one.sample.world.posterior(one.L, np.full(k, 1 / k)))


def _score(one: Twin, probs: np.ndarray | None) -> dict[str, float]:
    rows = one.sample.covered
    if probs is None:
        return {}
    found = scores.of_covered(probs[rows], one.sample.truth[rows], rows[rows])
    bayes = one.posterior[rows]
    return {
        **found,
        "regret": 100 * scores.regret(probs[rows], bayes),
        "excess_loss": found["log_loss"] - scores.log_loss(bayes, one.sample.truth[rows]),
    }


def report(results: Results) -> str:
    """The section in Markdown."""
    systems = list(results[0][1])
    head = ["system", "mean regret", "median", "90 %", "worst", "Δ macro-F1", "worst Δ", "not below on", "ECE"]
    head.append("log loss above Bayes")
    rows = [_row(results, system) for system in systems]
    kinds = {
        **{style: [style == t.style for t, _ in results] for style in STYLES},
        **{trait: [trait in t.traits for t, _ in results] for trait in TRAITS},
        "two classes": [t.cardinality == 2 for t, _ in results],
        "more classes": [t.cardinality > 2 for t, _ in results],
    }
    by_kind = [
        [f"{kind} ({sum(chosen)})", *(number(_column(results, s, "regret")[chosen].mean()) for s in systems)]
        for kind, chosen in kinds.items()
        if sum(chosen)
    ]
    return "\n".join(
        [
            f"## {len(results)} synthetic twins\n",
            "Regret: points of accuracy on covered rows that are lost to the posterior with the true parameters, "
            f"copies and class balance included. `{BALANCE_UNKNOWN}` knows all but the class balance.\n",
            table(head, rows),
            "### Mean regret by kind of twin\n",
            table(["twins", *systems], by_kind),
        ]
    )


def _row(results: Results, system: str) -> list[str]:
    regret = _column(results, system, "regret")
    gain = _column(results, system, "macro_f1") - _column(results, BASELINE, "macro_f1")
    if np.isnan(regret).all():
        return [system, *["–"] * 9]
    failed = int(np.isnan(regret).sum())
    name = f"{system} ({failed} failed)" if failed else f"**{system}**" if system == DEFAULT else system
    regret, gain = regret[np.isfinite(regret)], gain[np.isfinite(gain)]
    cells = [regret.mean(), np.median(regret), np.quantile(regret, 0.9), regret.max()]
    return [
        name,
        *(number(cell, ".2f") for cell in cells),
        number(gain.mean(), "+.2f"),
        number(gain.min(), "+.1f"),
        f"{(gain > -1e-6).sum()} of {len(gain)}",
        number(np.nanmean(_column(results, system, "ece"))),
        number(np.nanmean(_column(results, system, "excess_loss")), ".3f"),
    ]


def _column(results: Results, system: str, measure: str) -> np.ndarray:
    return np.array([found[system].get(measure, np.nan) for _, found in results])
