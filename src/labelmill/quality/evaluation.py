"""How good each system is on test rows, with intervals, on all rows and on parts of them."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from labelmill.arrays import UNKNOWN, Gold, Probs
from labelmill.params import EvaluateParams
from labelmill.quality import bootstrap
from labelmill.quality.metrics import METRICS, Bools, Floats, Judged, judge, score

VOTE_SYSTEMS = ("best_lf", "majority_vote", "label_model")
"""Systems that know nothing but votes: a row without votes is undecided for them, whatever its probabilities are."""

DIFFERENCES = (
    ("label_model", "majority_vote"),
    ("end_model", "label_model"),
    ("end_model", "majority_vote"),
    ("end_model", "gold_dev"),
    ("end_model", "gold_train"),
)
"""Pairs that are compared on the same rows: the first minus the second."""


Pairs: TypeAlias = Sequence[tuple[str, str]]


def evaluate(
    predictions: pd.DataFrame,
    *,
    classes: tuple[str, ...],
    positive: int,
    params: EvaluateParams,
    seed: int,
    pairs: Pairs = DIFFERENCES,
) -> dict[str, Any]:
    """Score every system of a table of predictions.

    Parameters
    ----------
    predictions
        Columns month, covered, gold (-1 unknown: left out) and `<system>:<class>` for each system and class.
    classes
        Names of the k classes.
    positive
        The class that F1, ROC-AUC and PR-AUC are about.
    params
        Section `evaluate` of `params.yaml`.
    seed
        Seed of the bootstrap.
    pairs
        Systems to compare on the same rows, the first minus the second; those that are not there are left out.

    Returns
    -------
    `{"test": {system: {"all": scores, "covered": scores, "uncovered": scores, "months": {month: scores}},
    "differences": {"a-b": {"all": …, "covered": …, "uncovered": …, "months": {month: …}}}}}`, where `scores` is `n`,
    `n_per_class` and, for each metric, its value with the low and high end of its 95 % interval;
    None where the metric is not defined on these rows.
    """
    known = predictions[predictions["gold"] != UNKNOWN].reset_index(drop=True)
    names = systems(known.columns, classes)
    result: dict[str, Any] = {name: {} for name in names}
    differences: dict[str, Any] = {f"{a}-{b}": {} for a, b in pairs if a in names and b in names}

    covered = known["covered"].to_numpy(dtype=bool)
    parts = {"all": np.ones(len(known), dtype=bool), "covered": covered, "uncovered": ~covered}
    for part, rows in parts.items():
        scores, compared = _score_part(known[rows], classes, positive, params, seed, part, pairs)
        for name in names:
            result[name][part] = scores[name]
        for pair in differences:
            differences[pair][part] = compared[pair]
    for parts_of in (*result.values(), *differences.values()):
        parts_of["months"] = {}
    for month in sorted(known["month"].dropna().unique()):
        rows = (known["month"] == month).to_numpy()
        scores, compared = _score_part(known[rows], classes, positive, params, seed, str(month), pairs)
        for name, parts_of in (*result.items(), *differences.items()):
            parts_of["months"][str(month)] = (scores | compared)[name]
    return {"test": {**result, "differences": differences}}


def systems(columns: Iterable[str], classes: tuple[str, ...]) -> list[str]:
    """Names of the systems of a table of predictions, in the order of its columns."""
    columns = list(columns)
    # By the end, since the name of a class may hold a colon.
    names = [column.removesuffix(f":{classes[0]}") for column in columns if column.endswith(f":{classes[0]}")]
    return [name for name in names if {f"{name}:{label}" for label in classes} <= {*columns}]


def probs_of(predictions: pd.DataFrame, system: str, classes: tuple[str, ...]) -> Probs:
    """The probabilities of one system, n x k."""
    return predictions[[f"{system}:{name}" for name in classes]].to_numpy(dtype=np.float64)


def undecided(predictions: pd.DataFrame, system: str) -> Bools | None:
    """Rows for which a system has no decision whatever its probabilities are."""
    return ~predictions["covered"].to_numpy(dtype=bool) if system in VOTE_SYSTEMS else None


def judged(predictions: pd.DataFrame, system: str, classes: tuple[str, ...], *, positive: int, n_bins: int) -> Judged:
    """One system's probabilities compared with the gold of the same table."""
    gold: Gold = predictions["gold"].to_numpy(dtype=np.int64)
    probs = probs_of(predictions, system, classes)
    return judge(gold, probs, positive=positive, undecided=undecided(predictions, system), n_bins=n_bins)


def _score_part(
    rows: pd.DataFrame,
    classes: tuple[str, ...],
    positive: int,
    params: EvaluateParams,
    seed: int,
    part: str,
    pairs: Pairs,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of every system on some rows, and the differences of pairs."""
    by_system = {
        name: judged(rows, name, classes, positive=positive, n_bins=params.calibration_bins)
        for name in systems(rows.columns, classes)
    }

    def measure(weights: Floats) -> dict[str, Floats]:
        return {f"{n}:{m}": metric(of, weights) for n, of in by_system.items() for m, metric in METRICS.items()}

    drawn = bootstrap.over_resamples(len(rows), params.bootstrap_samples, seed, measure, name=part)
    values = {f"{n}:{m}": value for n, of in by_system.items() for m, value in score(of).items()}
    none = np.empty(0)
    per_class = np.bincount(rows["gold"].to_numpy(dtype=np.int64), minlength=len(classes))
    counts = {"n": len(rows), "n_per_class": {name: int(n) for name, n in zip(classes, per_class, strict=True)}}
    scores = {
        name: counts | {m: bootstrap.interval(values[f"{name}:{m}"], drawn.get(f"{name}:{m}", none)) for m in METRICS}
        for name in by_system
    }
    compared = {
        f"{a}-{b}": {
            m: bootstrap.interval(
                values[f"{a}:{m}"] - values[f"{b}:{m}"], drawn.get(f"{a}:{m}", none) - drawn.get(f"{b}:{m}", none)
            )
            for m in METRICS
        }
        for a, b in pairs
        if a in by_system and b in by_system
    }
    return scores, compared
