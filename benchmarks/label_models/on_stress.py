"""The stress votes, and whether the goals of the label models are met on them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import scores
import stress
from simulation import Sample
from systems import DEFAULT, ask, make, ours
from tables import number, say, table

from labelmill.errors import LabelModelError

RECOVERING = ("generative", "matrix_completion", "triplets", "dawid_skene")
"""The kinds that owe the accuracies of independent labeling functions."""


@dataclass(frozen=True)
class Check:
    """One row of the table: what is measured, in which form, and when it is good enough."""

    name: str
    value: Callable[[str, int], float]
    """Of a system; the second argument is how many seeds, where seeds matter."""
    goal: str
    met: Callable[[float], bool]
    form: str = ".3f"
    bayes: Callable[[], float] | None = None
    about: tuple[str, ...] = (DEFAULT,)
    """Whom the goal is for."""


def _accuracy(sample: Sample, probs: np.ndarray) -> float:
    return scores.accuracy(probs[sample.covered], sample.truth[sample.covered])


def _accuracy_on(draw: Callable[[], Sample]) -> dict[str, Any]:
    def value(system: str, seeds: int) -> float:
        sample = draw()
        return _accuracy(sample, _probs(system, sample.L))

    return {"value": value, "bayes": lambda: _accuracy(draw(), draw().posterior)}


def _probs(system: str, L: np.ndarray, cardinality: int = 2) -> np.ndarray:
    answer = ask(system, L, cardinality)
    if answer.probs is None:
        raise RuntimeError(answer.why_not)
    return answer.probs


def lost_to_bad_copies(system: str, seeds: int) -> float:
    """Points of accuracy that eight copies of a bad labeling function cost."""
    sample = stress.bad_copies()
    before, after = (_probs(system, L) for L in (sample.L[:, :10], sample.L))
    return 100 * (_accuracy(sample, before) - _accuracy(sample, after))


def rare_f1(system: str, seed: int) -> float:
    """F1 of a rare positive class on covered rows."""
    sample = stress.rare_positives(seed=seed)
    rows = sample.covered
    return scores.f1(_probs(system, sample.L)[rows], sample.truth[rows], 1)


def rare_wins(system: str, seeds: int) -> float:
    """Share of seeds on which F1 is not below that of majority vote."""
    return float(np.mean([rare_f1(system, s) >= rare_f1("majority_vote", s) - 1e-9 for s in range(seeds)]))


def found_pairs(model: Any) -> set[tuple[int, int]] | None:
    """The pairs of positions that a fitted model reports as copies or edges; None if it reports nothing of the kind.

    Edges are `edges_` or `diagnostics_["edges"]`, a frame or records whose first two fields name the ends;
    `diagnostics_["copies"]` are groups of names.
    """
    told = getattr(model, "diagnostics_", {})
    edges = getattr(model, "edges_", told.get("edges"))
    if edges is None and "copies" not in told:
        return None
    place = {name: j for j, name in enumerate(model.lf_names_)}
    rows = edges.to_dict("records") if hasattr(edges, "to_dict") else list(edges if edges is not None else [])
    ends = [_ends(row) for row in rows]
    ends += [pair for group in told.get("copies", []) for pair in combinations(group, 2)]
    return {tuple(sorted(place.get(end, end) for end in pair)) for pair in ends}


def _ends(row: Any) -> tuple[Any, Any]:
    """The two labeling functions of an edge: the first two fields, or the pair itself if that is the first."""
    values = list(row.values()) if isinstance(row, dict) else list(row)
    return tuple(values[0]) if isinstance(values[0], tuple | list) else (values[0], values[1])


def edge_score(part: str, copy_rate: float, *, unipolar: bool) -> Callable[[str, int], float]:
    """Precision or recall of the edges found, over all seeds together."""

    def value(system: str, seeds: int) -> float:
        right, found, planted = _edges(system, copy_rate, unipolar, max(seeds // 4, 1))
        of = planted if part == "recall" else found
        return right / of if of else np.nan

    return value


@cache
def _edges(system: str, copy_rate: float, unipolar: bool, seeds: int) -> tuple[float, int, int]:
    """How many edges are right, found, planted; not a number where a system reports none by its nature."""
    right, found, planted = 0.0, 0, 0
    for seed in range(seeds):
        sample = stress.planted_pairs(copy_rate, unipolar=unipolar, seed=seed)
        pairs = found_pairs(ask(system, sample.L, 2).model)
        right += np.nan if pairs is None else len(pairs & sample.world.pairs)
        found, planted = found + len(pairs or ()), planted + len(sample.world.pairs)
    return right, found, planted


def recovery(*, unipolar: bool) -> Callable[[str, int], float]:
    """Mean absolute error of the estimated accuracies of independent labeling functions."""

    def value(system: str, seeds: int) -> float:
        errors = []
        for seed in range(max(seeds // 7, 1)):
            sample = stress.independent(unipolar=unipolar, seed=seed)
            model = ask(system, sample.L, 2).model
            if hasattr(model, "lf_summary_"):
                found = model.lf_summary_["Est. Acc."].to_numpy()
            else:
                found = getattr(model, "accuracies", np.nan)
            errors.append(np.abs(found - sample.world.accuracies).mean())
        return float(np.mean(errors))

    return value


def one_class_loss(system: str, seeds: int) -> float:
    """Log loss where abstaining tells something."""
    sample = stress.one_class_rules()
    rows = sample.covered
    return scores.log_loss(_probs(system, sample.L)[rows], sample.truth[rows])


def corners_kept(system: str, seeds: int) -> float:
    """Share of corner cases with a result whose rows sum to 1 where one is owed, and an error where one is."""
    return float(np.mean([_kept(system, corner) for corner in stress.corners()]))


def _kept(system: str, corner: stress.Corner) -> bool:
    try:
        probs = make(system, corner.cardinality).fit(corner.L).predict_proba(corner.L)
    except Exception as error:  # any error will do from peers; ours must name what is wrong
        return not corner.fits and (system not in ours() or isinstance(error, LabelModelError))
    return corner.fits and bool(np.allclose(np.asarray(probs).sum(axis=1), 1))


def _one_class_bayes() -> float:
    sample = stress.one_class_rules()
    return scores.log_loss(sample.posterior[sample.covered], sample.truth[sample.covered])


def checks() -> list[Check]:
    """All rows of the table."""
    at_least, at_most = (lambda goal: lambda v: v >= goal), (lambda goal: lambda v: v <= goal)
    edges = [
        Check(
            f"pairs planted at {rate}, {kind}: {part} of edges",
            edge_score(part, rate, unipolar=kind == "rules"),
            "≥ .9",
            at_least(0.9),
            ".2f",
        )
        for rate in (0.15, 0.4, 1.0)
        for kind in ("voters", "rules")
        for part in ("precision", "recall")
    ]
    return [
        Check("3 good + 6 copies of .60: accuracy", goal="≥ .92", met=at_least(0.92), **_accuracy_on(stress.copies)),
        Check(
            "the same, 5 % noise in the copies: accuracy",
            goal="≥ .92",
            met=at_least(0.92),
            **_accuracy_on(lambda: stress.copies(noise=0.05)),
        ),
        Check("10 good + 8 copies of .30: points lost to the copies", lost_to_bad_copies, "≤ 2", at_most(2), ".1f"),
        Check("5 % positives: share of seeds with F1 ≥ majority vote", rare_wins, "1", at_least(1), ".2f"),
        Check("5 % positives: F1, seed 0", rare_f1_of_first, "–", lambda v: True, ".3f", _rare_bayes),
        *edges,
        Check(
            "accuracies recovered, voters: error", recovery(unipolar=False), "≤ .02", at_most(0.02), about=RECOVERING
        ),
        Check("accuracies recovered, rules: error", recovery(unipolar=True), "≤ .02", at_most(0.02), about=RECOVERING),
        Check("100k x 25 rules: log loss", one_class_loss, "≤ .036", at_most(0.036), ".4f", _one_class_bayes),
        Check(
            "120 LFs, 20 copies of each of 6: accuracy",
            goal="a number",
            met=np.isfinite,
            **_accuracy_on(stress.repeated),
        ),
        Check(f"{len(stress.corners())} corner cases: share kept", corners_kept, "1", at_least(1), ".2f"),
    ]


def rare_f1_of_first(system: str, seeds: int) -> float:
    return rare_f1(system, 0)


def _rare_bayes() -> float:
    sample = stress.rare_positives()
    return scores.f1(sample.posterior[sample.covered], sample.truth[sample.covered], 1)


def report(systems: list[str], *, seeds: int) -> str:
    """Run all checks; the section in Markdown."""
    rows, failures = [], {}
    for check in checks():
        say(f"stress: {check.name}")
        values = {}
        for system in systems:
            try:
                values[system] = check.value(system, seeds)
            except Exception as error:  # peers fail in many ways
                values[system] = np.nan
                failures.setdefault(f"{system}: {error}", []).append(check.name)
        bayes = number(check.bayes(), check.form) if check.bayes else "–"
        rows.append([check.name, check.goal, _verdict(check, values), bayes])
        rows[-1] += [number(value, check.form) for value in values.values()]
    head = ["what", "goal", "met", "Bayes", *systems]
    text = f"## Stress votes\n\n{seeds} seeds where data vary. Goals are for {DEFAULT}, those of recovery for "
    text += f"{', '.join(RECOVERING)}. Bayes knows the true parameters and the copies.\n\n{table(head, rows)}"
    if failures:
        lines = (f"- {failure} ({'; '.join(names)})" for failure, names in failures.items())
        text += "\n### Did not run\n\n" + "\n".join(lines) + "\n"
    return text


def _verdict(check: Check, values: dict[str, float]) -> str:
    asked = [name for name in check.about if name in values]
    if check.goal == "–" or not asked:
        return "–"
    failing = [name for name in asked if not (np.isfinite(values[name]) and check.met(values[name]))]
    if not failing:
        return "yes"
    return "**no**" if failing == [DEFAULT] else f"**no**: {', '.join(failing)}"
