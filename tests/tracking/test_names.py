import doctest

from hypothesis import given
from hypothesis import strategies as st

from labelmill.tracking import names

SYSTEMS = ["always_ham", "best_lf", "majority_vote", "label_model", "end_model", "gold_dev", "gold_train"]
MEASURES = ["balanced_accuracy", "f1", "pr_auc", "roc_auc", "accuracy", "ece", "precision", "recall"]


def full_evaluation() -> dict:
    interval = {"value": 0.9, "low": 0.8, "high": 1.0}
    subset = {"n": 10, **dict.fromkeys(MEASURES, interval)}
    subsets = {"all": subset, "covered": subset, "uncovered": subset}
    months = {f"2002-{month:02d}": subset for month in range(9, 13)}
    return {"test": {system: {**subsets, "months": months} for system in SYSTEMS}}


def test_docstrings_are_right():
    assert doctest.testmod(names).failed == 0


def test_a_full_evaluation_stays_small_enough_to_compare():
    flat = names.flat_metrics("evaluate", full_evaluation())
    assert len(flat) < 80
    compared = ["majority_vote", "label_model", "end_model", "gold_dev", "gold_train"]
    assert {f"test/{system}.balanced_accuracy" for system in compared} <= set(flat)
    assert {"test/end_model.uncovered.f1", "test/label_model.covered.f1", "test/end_model.f1.low"} <= set(flat)
    assert not [name for name in flat if "2002" in name or name.endswith(".n") or "always" in name]
    assert not {"test/majority_vote.f1.low", "test/end_model.ece.low", "test/gold_dev.covered.f1"} & set(flat)
    assert next(iter(flat)).startswith("test/end_model"), "a run's page keeps the order"
    assert names.HEADLINE in flat


def test_scores_sort_before_all_that_led_to_them():
    """MLflow's comparison sorts by name."""
    scores = names.flat_metrics("evaluate", full_evaluation())
    others = [name for stage in ("ingest", "label", "baselines") for name in names.flat_metrics(stage, {"rows": 1})]
    assert max(scores) < min([*others, "train/valid_loss"])


def test_totals_of_a_stage_are_kept_and_nothing_else():
    found = names.flat_metrics(
        "ingest",
        {"rows!": 5, "share": {"value": 0.5, "low": 0.4}, "months": {"2024-01": 3}, "names": ["a"], "ok": True},
    )
    assert found == {"upstream/ingest.rows_": 5.0, "upstream/ingest.share": 0.5}
    assert names.flat_metrics("evaluate", {}) == {}


@given(
    st.recursive(
        st.integers() | st.text(max_size=5) | st.none() | st.lists(st.integers(), max_size=3),
        lambda inner: st.dictionaries(st.text("abc_", min_size=1, max_size=3), inner, max_size=4),
        max_leaves=10,
    ).filter(lambda content: isinstance(content, dict))
)
def test_params_are_flat_text_whatever_they_hold(content):
    flat = names.flat_params(content)
    assert all(isinstance(value, str) for value in flat.values())
    assert len(flat) == _leaves(content)


def _leaves(content) -> int:
    if isinstance(content, dict):
        return sum(_leaves(value) for value in content.values())
    return int(content not in (None, []))
