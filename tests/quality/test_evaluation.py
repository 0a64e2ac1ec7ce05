import json
import time

import numpy as np
import pandas as pd
import pytest

from labelmill.params import EvaluateParams
from labelmill.quality import curves, evaluation, systems
from labelmill.quality.metrics import METRICS

CLASSES = ("ham", "spam")


def predictions(n=400, seed=0, *, names=("label_model", "majority_vote", "end_model")):
    """Test rows, a tenth of them uncovered, and systems that get better in the order of their names."""
    rng = np.random.default_rng(seed)
    gold = (rng.random(n) < 0.3).astype(np.int64)
    covered = rng.random(n) < 0.9
    months = np.where(rng.random(n) < 0.5, "2002-09", "2002-10").astype(object)
    months[:3] = None
    frame = pd.DataFrame({"id": [f"r{i}" for i in range(n)], "month": months, "covered": covered, "gold": gold})
    for skill, name in enumerate(names, start=1):
        score = 1 / (1 + np.exp(-(skill * (gold - 0.5) + rng.normal(size=n))))
        if name in evaluation.VOTE_SYSTEMS:
            score[~covered] = 0.2  # a class balance, not a decision
        frame["ham"], frame["spam"] = 1 - score, score
        frame = frame.rename(columns={label: f"{name}:{label}" for label in CLASSES})
    return frame


def evaluated(frame, *, samples=100, seed=7, classes=CLASSES):
    params = EvaluateParams(bootstrap_samples=samples)
    return evaluation.evaluate(frame, classes=classes, positive=1, params=params, seed=seed)["test"]


def leaves(content):
    return [leaf for part in content.values() for leaf in leaves(part)] if isinstance(content, dict) else [content]


def test_the_form_is_that_of_the_metrics_file():
    frame = predictions()
    found = evaluated(frame)
    assert list(found) == ["label_model", "majority_vote", "end_model", "differences"]
    assert list(found["end_model"]) == ["all", "covered", "uncovered", "months"]
    assert list(found["end_model"]["months"]) == ["2002-09", "2002-10"]
    every = found["end_model"]["all"]
    assert list(every) == ["n", "n_per_class", *METRICS]
    assert every["n_per_class"] == {"ham": int((frame["gold"] == 0).sum()), "spam": int((frame["gold"] == 1).sum())}
    assert all(every[name]["low"] <= every[name]["value"] <= every[name]["high"] for name in METRICS if name != "ece")
    parts = found["label_model"]
    assert parts["covered"]["n"] + parts["uncovered"]["n"] == parts["all"]["n"] == len(frame)


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_intervals():
    frame = predictions()
    assert json.dumps(evaluated(frame)) == json.dumps(evaluated(frame))
    one, other = (evaluated(frame, seed=seed)["end_model"]["all"]["f1"] for seed in (1, 2))
    assert one["value"] == other["value"]
    assert one["low"] != other["low"]


def test_a_vote_system_decides_nothing_on_uncovered_rows():
    found = evaluated(predictions())
    assert found["label_model"]["uncovered"]["accuracy"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert found["label_model"]["uncovered"]["balanced_accuracy"]["value"] == 0.5
    assert found["label_model"]["uncovered"]["f1"]["value"] == 0
    assert found["end_model"]["uncovered"]["accuracy"]["value"] > 0.6


def test_differences_are_paired():
    frame = predictions()
    for label in CLASSES:
        frame[f"gold_dev:{label}"] = frame[f"end_model:{label}"]
    found = evaluated(frame)["differences"]
    assert list(found) == [
        "label_model-majority_vote",
        "end_model-label_model",
        "end_model-majority_vote",
        "end_model-gold_dev",
    ]
    nothing = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert all(found["end_model-gold_dev"]["all"][name] == nothing for name in METRICS)
    assert found["end_model-label_model"]["covered"]["balanced_accuracy"]["low"] > 0


def test_any_two_systems_can_be_compared_month_by_month():
    """The loop and the frozen first champion, for example."""
    frame = predictions(names=("frozen", "loop"))
    params = EvaluateParams(bootstrap_samples=50)
    found = evaluation.evaluate(
        frame, classes=CLASSES, positive=1, params=params, seed=7, pairs=[("loop", "frozen"), ("loop", "absent")]
    )["test"]
    assert list(found["differences"]) == ["loop-frozen"]
    for month in ("2002-09", "2002-10"):
        between = found["differences"]["loop-frozen"]["months"][month]["f1"]
        values = [found[name]["months"][month]["f1"]["value"] for name in ("loop", "frozen")]
        assert between["value"] == pytest.approx(values[0] - values[1], abs=1e-5)
        assert between["low"] < between["value"] < between["high"]


def test_a_paired_difference_is_tighter_than_two_apart():
    frame = predictions(names=("end_model",))
    rng = np.random.default_rng(1)
    score = np.clip(frame["end_model:spam"] + rng.normal(scale=0.02, size=len(frame)), 0, 1)
    frame["label_model:ham"], frame["label_model:spam"] = 1 - score, score
    frame["covered"] = True
    found = evaluated(frame, samples=300)
    between = found["differences"]["end_model-label_model"]["all"]["roc_auc"]
    alone = found["end_model"]["all"]["roc_auc"]
    assert between["high"] - between["low"] < 0.5 * (alone["high"] - alone["low"])


def test_what_is_undefined_is_null_and_counts_are_given():
    frame = predictions(60)
    frame["covered"] = True
    frame.loc[frame["gold"] == 1, "month"] = "2002-11"
    found = evaluated(frame)
    empty, one_class = found["end_model"]["uncovered"], found["end_model"]["months"]["2002-11"]
    assert empty["n"] == 0
    assert empty["n_per_class"] == {"ham": 0, "spam": 0}
    assert set(leaves({name: empty[name] for name in METRICS})) == {None}
    assert one_class["n_per_class"]["ham"] == 0
    assert one_class["roc_auc"] == one_class["balanced_accuracy"] == {"value": None, "low": None, "high": None}
    assert one_class["accuracy"]["value"] is not None
    assert found["differences"]["end_model-label_model"]["uncovered"]["f1"]["value"] is None
    json.dumps(found, allow_nan=False)


def test_rows_without_gold_are_left_out():
    frame = predictions()
    more = frame.assign(gold=-1, id="x")
    both = pd.concat([frame, more], ignore_index=True)
    assert evaluated(both) == evaluated(frame)
    assert evaluated(more)["end_model"]["all"]["n"] == 0


def test_names_with_colons_and_classes_that_end_alike():
    columns = ["id", "always_a:b:b", "always_a:b:a:b", "end_model:b", "end_model:a:b", "other:b"]
    assert evaluation.systems(columns, ("b", "a:b")) == ["always_a:b", "end_model"]


@pytest.mark.slow
def test_a_thousand_resamples_of_seven_systems_take_seconds():
    names = ("label_model", "majority_vote", "end_model", "best_lf", "gold_dev", "gold_train", "always_ham")
    start = time.perf_counter()
    evaluated(predictions(1600, names=names), samples=1000)
    assert time.perf_counter() - start < 20


def test_calibration_curve_gives_the_calibration_error():
    frame = predictions()
    curve = curves.calibration(frame, CLASSES, positive=1, n_bins=15)
    assert list(curve) == ["system", "mean_confidence", "observed", "n"]
    of_model = curve[curve["system"] == "end_model"]
    gap = (of_model["n"] * (of_model["mean_confidence"] - of_model["observed"]).abs()).sum() / of_model["n"].sum()
    assert gap == pytest.approx(evaluated(frame)["end_model"]["all"]["ece"]["value"], abs=1e-5)


def test_precision_recall_curve_is_thin_and_ends_at_the_prevalence():
    frame = predictions(2000)
    curve = curves.precision_recall(frame, CLASSES, positive=1)
    of_model = curve[curve["system"] == "end_model"]
    assert len(of_model) == curves.MAX_POINTS
    assert of_model["recall"].is_monotonic_increasing
    assert of_model.iloc[-1]["recall"] == 1
    assert of_model.iloc[-1]["precision"] == pytest.approx((frame["gold"] == 1).mean(), abs=1e-6)
    assert (curve["system"] == "majority_vote").any()


def test_curves_without_gold_are_empty_tables():
    frame = predictions().assign(gold=-1)
    assert list(curves.precision_recall(frame, CLASSES, positive=1)) == ["system", "recall", "precision"]
    assert len(curves.calibration(frame, CLASSES, positive=1, n_bins=15)) == 0
    assert len(curves.confusion(frame, CLASSES)) == 0


def test_confusion_has_one_line_per_row_and_no_class_for_ties():
    frame = pd.DataFrame({"gold": [0, 1, 1, -1], "covered": True, "end_model:ham": [0.9, 0.2, 0.5, 0.1]})
    frame["end_model:spam"] = 1 - frame["end_model:ham"]
    found = curves.confusion(frame, CLASSES)
    assert found.to_numpy().tolist() == [["ham", "ham"], ["spam", "spam"], ["spam", curves.UNDECIDED]]


def test_plain_systems():
    assert systems.always(2, 3).tolist() == [[1, 0, 0], [1, 0, 0]]
    votes = np.array([1, -1, 0], dtype=np.int8)
    assert systems.single_lf(votes, 2).tolist() == [[0, 1], [0.5, 0.5], [1, 0]]


def test_the_best_lf_is_chosen_by_balanced_accuracy():
    gold = np.array([0] * 8 + [1] * 2)
    always_ham = np.zeros(10)
    finds_spam = np.where(gold == 1, 1, -1)  # abstains elsewhere: recall 1 and 1/2
    L = np.column_stack([always_ham, finds_spam, finds_spam]).astype(np.int8)
    assert systems.best_lf(L, gold, 2) == 1
    assert systems.best_lf(L, np.zeros(10, dtype=np.int64), 2) is None
    assert systems.best_lf(L[:, :0], gold, 2) is None
