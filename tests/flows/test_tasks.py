from pathlib import Path


def test_a_score_without_an_interval_is_shown_alone():
    from flows._tasks import scores_table

    scores = {
        "end_model": {"all": {"f1": {"value": 0.5, "low": None, "high": None}, "pr_auc": {"value": None}}},
        "label_model": {"all": {"f1": {"value": 0.75, "low": 0.7, "high": 0.8}}},
        "differences": {},
    }
    lines = scores_table(scores, Path("reports/index.html")).splitlines()
    assert lines[2:4] == [
        "| end_model | - | 0.500 | - | - |",
        "| label_model | - | 0.750 (0.700 to 0.800) | - | - |",
    ]
