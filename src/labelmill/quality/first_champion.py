"""Whether a model may become the first champion: it must beat the plain systems on gate gold."""

from typing import Any

import numpy as np
import pandas as pd

from labelmill import paths
from labelmill.arrays import Gold, Probs
from labelmill.params import Params, PromoteParams
from labelmill.quality import bootstrap, evidence, systems
from labelmill.quality.decisions import Decision
from labelmill.quality.metrics import Floats, balanced_accuracy, judge


def judge_first(
    gold: Gold,
    *,
    challenger: Probs,
    majority_vote: Probs,
    always: Probs,
    params: PromoteParams,
    seed: int,
    classes: tuple[str, ...],
) -> Decision:
    """Decide whether a model may become the first champion.

    It must have a higher balanced accuracy than majority vote and than the system that always says the first
    class, by more than `params.margin`. The paired bootstrap interval of each difference is told, not
    required: with nothing in charge yet, the better one is the better bet.

    Parameters
    ----------
    gold
        n known classes of the gate rows.
    challenger, majority_vote, always
        n x k probabilities on the same rows.
    params
        Section `promote` of `params.yaml`.
    seed
        Seed of the bootstrap.
    classes
        Names of the k classes.
    """
    per_class = np.bincount(gold, minlength=len(classes))
    rivals = {"majority_vote": majority_vote, f"always_{classes[0]}": always}
    judged = {name: judge(gold, p, positive=0) for name, p in {"challenger": challenger, **rivals}.items()}

    def measure(weights: Floats) -> dict[str, Floats]:
        return {name: balanced_accuracy(rows, weights) for name, rows in judged.items()}

    values = {name: float(value[0]) for name, value in measure(np.ones((1, len(gold)))).items()}
    nothing = np.empty(0)
    drawn = bootstrap.over_resamples(len(gold), params.bootstrap_samples, seed, measure, name="gate")
    numbers: dict[str, Any] = {
        "n": len(gold),
        "n_per_class": {name: int(count) for name, count in zip(classes, per_class, strict=True)},
        **{name: bootstrap.interval(values[name], drawn.get(name, nothing)) for name in judged},
        "differences": {},
    }
    if (per_class > 0).sum() < 2:
        counts = ", ".join(f"{count} {name}" for name, count in numbers["n_per_class"].items())
        return Decision(
            False, [f"gate gold has rows of fewer than two classes ({counts}): nothing can be told"], numbers
        )

    reasons, wins = [], []
    for rival in rivals:
        wins.append(values["challenger"] > values[rival] + params.margin)
        between = bootstrap.interval(values["challenger"] - values[rival], drawn["challenger"] - drawn[rival])
        numbers["differences"][f"challenger-{rival}"] = between
        reasons.append(
            f"balanced accuracy {values['challenger']:.3f} {'beats' if wins[-1] else 'does not beat'} "
            f"{values[rival]:.3f} of {rival}{f' by more than {params.margin:g}' if params.margin else ''} "
            f"on {len(gold)} gate rows{_in_words(between)}"
        )
    reasons += [
        f"no gate row is of class {name}: whether the model knows it was not judged"
        for name, count in numbers["n_per_class"].items()
        if not count
    ]
    return Decision(all(wins), reasons, numbers)


def judge_newest(params: Params) -> Decision:
    """Decide by the files of the project whether the newest end model may become the first champion.

    Where no gate row has gold it may not: that is a decision, as it is of a challenger, and no fault of the project.
    """
    from labelmill.end_model.matrix import featurizer_hash, read_features
    from labelmill.end_model.model import EndModel
    from labelmill.label_model import MajorityVote
    from labelmill.labeling.matrix import read_label_matrix

    gold = evidence.known_gate_gold()
    if gold.empty:
        label = "set ingest.splits.gate_rows, or label rows with purpose gate"
        none = {"n": 0, "n_per_class": dict.fromkeys(params.task.classes, 0)}
        return Decision(False, [f"no gate row has gold, so there is nothing to go by: {label}"], none)
    k = params.task.cardinality
    model = EndModel.load(paths.END_MODEL)
    model.check_featurizer(featurizer_hash(paths.FEATURES))
    model.check_classes(params.task.classes)
    X, feature_ids, _ = read_features(paths.FEATURES)
    matrix_ids, L, _ = read_label_matrix(paths.LABEL_MATRIX)
    # A gate row may have been quarantined since its gold was written.
    gold = gold[gold.index.isin(feature_ids) & gold.index.isin(matrix_ids)]
    votes = L[pd.Index(matrix_ids).get_indexer(gold.index)]
    rows = pd.Index(feature_ids).get_indexer(gold.index)
    return judge_first(
        gold.to_numpy(dtype=np.int64),
        challenger=model.predict_proba(X[rows]),
        majority_vote=MajorityVote(cardinality=k).fit(votes).predict_proba(votes),
        always=systems.always(len(gold), k),
        params=params.promote,
        seed=params.task.seed,
        classes=params.task.classes,
    )


def _in_words(between: dict[str, float | None]) -> str:
    if between["low"] is None or between["high"] is None:
        return ""
    return f" (difference {between['value']:+.3f}, 95 % between {between['low']:+.3f} and {between['high']:+.3f})"
