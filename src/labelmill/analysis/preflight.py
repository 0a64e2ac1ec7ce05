"""Whether rules are worth writing here, or hand labels cheaper: all that can be known of it beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelmill import paths
from labelmill.analysis.available import Available, find_rows, twice_labeled
from labelmill.analysis.error_buckets import end_model_preds
from labelmill.analysis.estimates import Estimate, balanced_accuracy
from labelmill.analysis.evidence import Evidence, joined_texts, read_evidence
from labelmill.analysis.hand_labels import Curve, learning_curve
from labelmill.analysis.keyword_outlook import Outlook, keyword_outlook
from labelmill.analysis.verdict import Cost, Rules, Verdict, conclude
from labelmill.arrays import ABSTAIN, UNKNOWN
from labelmill.errors import LabelmillError
from labelmill.labeling.summary import wilson
from labelmill.params import Params


@dataclass(frozen=True)
class Preflight:
    """All that was found, and what follows from it.

    Attributes
    ----------
    available
        Rows and gold.
    annotators
        Agreement of people who labeled the same row; None where nobody did.
    curve
        What hand labels would give; None where gold is too little.
    outlook
        What keyword rules would do; None where gold is too little.
    rules
        What the present labeling functions do; None before stage `label` was run.
    cost
        The assumption about work.
    verdict, headline, reasons
        What to do, in a word, in a sentence, and why.
    notes
        What could not be looked at.
    """

    available: Available
    annotators: Estimate | None
    curve: Curve | None
    outlook: Outlook | None
    rules: Rules | None
    cost: Cost
    verdict: Verdict
    headline: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def look_ahead(params: Params, cost: Cost) -> Preflight:
    """Look at what there is of a project and say whether rules are worth it.

    Works before anything was run, without labeling functions, and without gold: what is not there is left out.

    Raises
    ------
    DataError
        The source cannot be read.
    """
    available = find_rows(params)
    notes: list[str] = []
    curve = _curve(available, params, notes)
    outlook = keyword_outlook(
        joined_texts(available.unlabeled, params.task.text_columns),
        joined_texts(available.labeled, params.task.text_columns),
        available.gold,
        cardinality=params.task.cardinality,
        seed=params.task.seed,
    )
    rules = _rules(params, notes)
    twice, agreed = twice_labeled(params)
    verdict, headline, reasons = conclude(
        rows=available.splits.get("train", 0),
        gold=len(available.gold),
        cardinality=params.task.cardinality,
        curve=curve,
        outlook=outlook,
        rules=rules,
        cost=cost,
    )
    return Preflight(
        available=available,
        annotators=_share(agreed, twice),
        curve=curve,
        outlook=outlook,
        rules=rules,
        cost=cost,
        verdict=verdict,
        headline=headline,
        reasons=tuple(reasons),
        notes=tuple(notes),
    )


def _curve(available: Available, params: Params, notes: list[str]) -> Curve | None:
    """The learning curve on the features of the end model, so far as the rows have their columns."""
    from labelmill.end_model.features import Featurizer

    if not len(available.gold):
        return None
    columns = set(available.unlabeled.columns) - set(params.task.hidden_columns)
    wanted = params.featurize
    present = {
        name: tuple(column for column in getattr(wanted, name) if column in columns)
        for name in ("numeric_columns", "categorical_columns")
    }
    try:
        featurizer = Featurizer(
            wanted.model_copy(update=present),
            text_columns=params.task.text_columns,
            hidden_columns=params.task.hidden_columns,
        )
        X = featurizer.fit(available.unlabeled).transform(available.labeled)
    except LabelmillError as error:
        notes.append(f"no learning curve: {error}")
        return None
    return learning_curve(X, available.gold, seed=params.task.seed)


def _rules(params: Params, notes: list[str]) -> Rules | None:
    """What the votes on disk tell."""
    if not paths.LABEL_MATRIX.exists():
        return None
    try:
        evidence = read_evidence(params)
        return _of_votes(evidence, params)
    except LabelmillError as error:
        notes.append(f"the votes on disk were left out: {error}")
        return None


def _of_votes(evidence: Evidence, params: Params) -> Rules:
    L, gold, covered = evidence.L, evidence.gold, evidence.covered
    several = (L != ABSTAIN).sum(axis=1) > 1
    highest, lowest = L.max(axis=1, initial=ABSTAIN), np.where(L == ABSTAIN, 127, L).min(axis=1, initial=127)
    alike = several & (highest == lowest)
    coverage = _share(int(covered.sum()), len(L))
    known, seed = gold != UNKNOWN, params.task.seed
    label_model, end_model = None, None
    if evidence.opinion is not None and (rows := known & covered).any():
        label_model = balanced_accuracy(
            (evidence.opinion.preds[rows] == gold[rows]).astype(float), gold[rows], seed=seed
        )
    preds = end_model_preds(evidence, params.task.classes)
    if preds is not None and known.any():
        end_model = balanced_accuracy((preds[known] == gold[known]).astype(float), gold[known], seed=seed)
    return Rules(
        lfs=L.shape[1],
        coverage=coverage or Estimate(0.0, 0.0, 1.0),
        agreement=_share(int(alike.sum()), int(several.sum())),
        label_model=label_model,
        end_model=end_model,
    )


def _share(part: int, whole: int) -> Estimate | None:
    if not whole:
        return None
    low, high = wilson(np.array([part]), np.array([whole]))
    return Estimate(part / whole, float(low[0]), float(high[0]))


def targets(curve: Curve, sizes: Sequence[int] = (100, 200, 500, 1000, 2000, 5000)) -> list[tuple[int, Estimate]]:
    """What more hand labels than there is gold would give, no further than the curve can be carried on."""
    from labelmill.analysis.hand_labels import FURTHEST

    return [(size, curve.at(size)) for size in sizes if max(curve.sizes) < size <= FURTHEST * curve.rows]
