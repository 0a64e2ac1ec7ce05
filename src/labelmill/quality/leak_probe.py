"""How much the features give away of where a row was collected, which no honest feature should know.

A collection that was put together from several places can be told apart by place for reasons that
have nothing to do with the task (other hosts, other years, other mailing lists). The probe trains a
linear classifier of the *group* (for the shipped mails, the folder) on the features that the end
model sees, and of the month. Where two groups hold the same class, telling them apart is leakage alone.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Names = NDArray[np.object_]

NOTE = (
    "The folders can be told apart, and they differ by month: part of the drift over time is a collection "
    "artefact, not a change of what is sent."
)
NO_LEAK_NOTE = "The folders can hardly be told apart on these features: they give little away of the collection."

CLEARLY = 0.1
"""A probe that beats chance by more than this has found something."""

FOLDS = 3
LEAST_ROWS = 20
"""Groups and months with fewer rows are left out: a fold would hold a handful."""

TOP_FEATURES = 20
_MAX_FEATURES = 5_000
_MAX_ROWS = 6_000
_DIGITS = 4


def probe(
    X: sp.csr_matrix,
    groups: Names,
    *,
    feature_names: Sequence[str],
    labels: Names | None = None,
    months: Names | None = None,
    seed: int,
) -> dict[str, Any]:
    """Try to tell groups and months apart.

    Parameters
    ----------
    X
        n rows of features.
    groups
        n: group of each row, None where it has none.
    feature_names
        One name per column of `X`.
    labels
        n: class name where gold is at hand, else None. Tells which groups hold the same class.
    months
        n: month of each row, None where it has none.
    seed
        Seed of folds and learner.

    Returns
    -------
    Folders, n, balanced accuracy (3-fold cross-validated, on rows that were not learned from) and what
    chance gives; the same within each class (`within_<class>`) and for months; the top features with
    the folder that they point to. `{"skipped": reason}` where there are fewer than two groups.
    """
    rows = _at_most(np.flatnonzero(_large_enough(groups)), _MAX_ROWS, seed)
    folders = sorted(set(groups[rows]))
    if len(folders) < 2:
        return {"skipped": f"the rows come from {len(folders)} group(s) of at least {LEAST_ROWS} rows"}
    result = {"folders": folders, **_tell_apart(X[rows], groups[rows], seed)}
    holds = _class_of_groups(groups, labels) if labels is not None else {}
    for label in sorted(set(holds.values())):
        of_class = rows[np.isin(groups[rows], [folder for folder in folders if holds.get(folder) == label])]
        result[f"within_{label}"] = _probe_or_none(X[of_class], groups[of_class], seed)
    result["months"] = None if months is None else _probe_months(X, months, seed)
    result["top_features"] = _top_features(X[rows], groups[rows], feature_names)
    # Folders of different classes differ for good reasons; those of one class should not.
    alike = [found for key, found in result.items() if key.startswith("within_") and found] or [result]
    leaks = any(found["accuracy"] > found["chance"] + CLEARLY for found in alike)
    return {**result, "note": NOTE if leaks else NO_LEAK_NOTE}


def _tell_apart(X: sp.csr_matrix, names: Names, seed: int) -> dict[str, Any]:
    """Balanced accuracy of a linear classifier of `names`, on rows held out."""
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold

    guessed = np.empty(len(names), dtype=object)
    for learn, held_out in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, names):
        guessed[held_out] = _fit(X[learn], names[learn]).predict(X[held_out])
    n_names = len(set(names))
    value = balanced_accuracy_score(names.astype(str), guessed.astype(str))
    return {"n": len(names), "accuracy": round(float(value), _DIGITS), "chance": round(1 / n_names, _DIGITS)}


def _fit(X: sp.csr_matrix, names: Names) -> Any:
    """A regularised linear classifier of the features that differ most between the names."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_selection import SelectKBest, f_classif
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    learner = LogisticRegression(class_weight="balanced", max_iter=50, C=10.0)
    select = SelectKBest(f_classif, k=min(_MAX_FEATURES, X.shape[1]))
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe, no model: 50 rounds are enough
        warnings.simplefilter("ignore", UserWarning)  # features that never vary among these rows
        warnings.simplefilter("ignore", RuntimeWarning)
        return make_pipeline(MaxAbsScaler(), select, learner).fit(X, names.astype(str))


def _probe_or_none(X: sp.csr_matrix, names: Names, seed: int) -> dict[str, Any] | None:
    folders = sorted(set(names))
    return {"folders": folders, **_tell_apart(X, names, seed)} if len(folders) > 1 else None


def _probe_months(X: sp.csr_matrix, months: Names, seed: int) -> dict[str, Any] | None:
    rows = _at_most(np.flatnonzero(_large_enough(months)), _MAX_ROWS, seed)
    names = sorted(set(months[rows]))
    return {"months": names, **_tell_apart(X[rows], months[rows], seed)} if len(names) > 1 else None


def _top_features(X: sp.csr_matrix, groups: Names, feature_names: Sequence[str]) -> list[dict[str, Any]]:
    """The features with the largest weight, times how much they vary, and the folder that each points to."""
    pipeline = _fit(X, groups)
    scaler, select, learner = (step for _, step in pipeline.steps)
    kept = select.get_support(indices=True)
    weights = learner.coef_ if len(learner.classes_) > 2 else np.vstack([-learner.coef_, learner.coef_])
    scaled = scaler.transform(X)[:, kept]
    mean = np.asarray(scaled.mean(axis=0)).ravel()
    spread = np.sqrt(np.maximum(np.asarray(scaled.multiply(scaled).mean(axis=0)).ravel() - mean**2, 0))
    strength = weights * spread
    best = np.argsort(-strength.max(axis=0), kind="stable")[:TOP_FEATURES]
    return [
        {
            "feature": feature_names[kept[column]],
            "folder": str(learner.classes_[strength[:, column].argmax()]),
            "weight": round(float(strength[:, column].max()), _DIGITS),
        }
        for column in best
    ]


def _class_of_groups(groups: Names, labels: Names) -> dict[str, str]:
    """The class that most rows of a group have, by the rows whose class is known."""
    counts: dict[str, dict[str, int]] = {}
    for group, label in zip(groups, labels, strict=True):
        if group is not None and label is not None:
            of_group = counts.setdefault(group, {})
            of_group[label] = of_group.get(label, 0) + 1
    return {group: max(sorted(found), key=found.__getitem__) for group, found in counts.items()}


def _large_enough(names: Names) -> NDArray[np.bool_]:
    present, counts = np.unique(np.array([n for n in names if n is not None], dtype=str), return_counts=True)
    return np.isin(names, [str(n) for n, c in zip(present, counts, strict=True) if c >= LEAST_ROWS])


def _at_most(rows: NDArray[np.intp], limit: int, seed: int) -> NDArray[np.intp]:
    if len(rows) <= limit:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))
