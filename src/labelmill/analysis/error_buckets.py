"""Where label model and end model are right and wrong on rows with dev gold, and who misled the label model."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from labelmill import paths
from labelmill.analysis.evidence import Evidence
from labelmill.arrays import ABSTAIN, UNKNOWN, Preds
from labelmill.errors import DataError

Outcome = Literal["right", "wrong", "silent", "unknown"]
"""silent: the label model has no vote, or a tie; unknown: there is no end model of this project's present state."""

OUTCOMES: tuple[Outcome, ...] = ("right", "wrong", "silent", "unknown")


@dataclass(frozen=True)
class Judgement:
    """One row with dev gold.

    Attributes
    ----------
    position
        Of the row.
    gold, label_model, end_model
        Classes, -1 where there is no decision.
    outcomes
        Of label model and end model.
    misled_by
        The labeling function that spoke loudest for the label model's wrong class; None where it is not wrong.
    log_odds
        How much that vote added for the wrong class against the right one.
    """

    position: int
    gold: int
    label_model: int
    end_model: int
    outcomes: tuple[Outcome, Outcome]
    misled_by: str | None
    log_odds: float | None


def judge(evidence: Evidence, end_model: Preds | None) -> list[Judgement]:
    """Every row with dev gold, judged.

    Parameters
    ----------
    evidence
        With an opinion of the label model.
    end_model
        n: what the end model says; None where there is none.

    Raises
    ------
    DataError
        There is no label model of these votes, or no row has dev gold.
    """
    if evidence.opinion is None:
        raise DataError(
            f"{paths.LABEL_MODEL}: there is no label model of these votes. "
            "Fit it with `labelmill run --from label --to fit_label_model`."
        )
    rows = np.flatnonzero(evidence.gold != UNKNOWN)
    if not len(rows):
        raise DataError(
            "no row has dev gold, so nothing is known to be an error. Label some rows by hand "
            f"({paths.ANNOTATIONS} or ingest.label_column); 50 are a start."
        )
    preds = np.where(evidence.covered[rows], evidence.opinion.preds[rows], UNKNOWN)
    said = np.full(len(rows), UNKNOWN) if end_model is None else end_model[rows]
    contributions = evidence.opinion.model.explain(evidence.L[rows])
    found = []
    for i, row in enumerate(rows.tolist()):
        gold, pred, end = int(evidence.gold[row]), int(preds[i]), int(said[i])
        misled, log_odds = None, None
        if pred not in (UNKNOWN, gold):
            against = contributions[i, :, pred] - contributions[i, :, gold]
            against[evidence.L[row] == ABSTAIN] = -np.inf
            misled, log_odds = evidence.lf_names[int(against.argmax())], float(against.max())
        label_model: Outcome = "silent" if pred == UNKNOWN else "right" if pred == gold else "wrong"
        end_outcome: Outcome = "unknown" if end_model is None else "right" if end == gold else "wrong"
        found.append(Judgement(row, gold, pred, end, (label_model, end_outcome), misled, log_odds))
    return found


def count_buckets(judgements: list[Judgement]) -> dict[tuple[Outcome, Outcome], int]:
    """How many rows each pair of outcomes has, those without any left out."""
    counts = Counter(judgement.outcomes for judgement in judgements)
    return {(a, b): counts[a, b] for a in OUTCOMES for b in OUTCOMES if counts[a, b]}


def by_misleader(judgements: list[Judgement]) -> dict[str, list[Judgement]]:
    """The rows that each labeling function misled the label model on, those of most rows first, loudest votes first."""
    found: dict[str, list[Judgement]] = {}
    for judgement in sorted(judgements, key=lambda judgement: -(judgement.log_odds or 0.0)):
        if judgement.misled_by is not None:
            found.setdefault(judgement.misled_by, []).append(judgement)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def end_model_preds(evidence: Evidence, classes: tuple[str, ...]) -> Preds | None:
    """What the end model says of every row; None where it is not trained, or not on the features of these rows."""
    from labelmill.end_model.matrix import featurizer_hash, read_features
    from labelmill.end_model.model import EndModel

    if not (paths.END_MODEL.exists() and paths.FEATURES.exists()):
        return None
    model = EndModel.load(paths.END_MODEL)
    X, ids, _ = read_features(paths.FEATURES)
    fits = model.featurizer == featurizer_hash(paths.FEATURES) and model.classes == classes
    if not fits or not np.array_equal(ids, evidence.ids):
        return None
    # Only what dev gold is compared with: predictions of every row take long.
    rows = np.flatnonzero(evidence.gold != UNKNOWN)
    preds = np.full(len(evidence.ids), UNKNOWN, dtype=np.int64)
    preds[rows] = model.predict_proba(X[rows]).argmax(axis=1)
    return preds
