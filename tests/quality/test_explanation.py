import numpy as np
import pytest

from labelmill.params import PromoteParams
from labelmill.quality.comparison import compare
from labelmill.quality.evidence import Evidence
from labelmill.quality.explanation import explain

AT = "2026-01-05T10:00:00+00:00"


def of_challenger():
    gold = np.arange(600) % 2
    probs = np.where(np.eye(2)[gold] == 1, 0.9, 0.1)
    slices = {"class ham": gold == 0, "month 2026-01": np.arange(600) < 10}
    params = PromoteParams(bootstrap_samples=100)
    found = compare(Evidence(gold, probs, probs, slices), params=params, seed=0, classes=("ham", "spam"))
    numbers = {
        "rule": params.model_dump(),
        "lf_set_changed": True,
        "gate": found.numbers,
        "window": {"weak": True, "days": ("2026-01-01", "2026-01-04"), **found.numbers},
        "latency_ms": {"champion": 2.0, "challenger": 3.0},
    }
    return {"reasons": found.reasons(champion="champion number 4", rows="gate rows"), "numbers": numbers}


def test_a_promotion_with_its_numbers():
    line = {"kind": "promotion", "at": AT, "seq": 5, "sha256": "a" * 64, "made_from": {"lf_set": "b" * 64}}
    said = explain({**line, **of_challenger()}).splitlines()
    assert said[0] == "2026-01-05 10:00 UTC: champion number 5 was put in charge: model aaaaaaaaaaaa."
    text = "\n".join(said)
    assert "gate gold: 600 rows (300 ham, 300 spam)" in text
    assert "by weak labels: 600 rows (300 ham, 300 spam), 2026-01-01 to 2026-01-04" in text
    assert "balanced accuracy: champion 1.000, challenger 1.000, difference +0.000 (95 % between" in text
    assert "class ham: 1.000 -> 1.000 of 300 rows right\n" in text
    assert "month 2026-01: 1.000 -> 1.000 of 10 rows right (too few to decide)" in text
    assert "champion 2.0 ms, challenger 3.0 ms (borne: 2 times as much)" in text
    assert "labeling functions since the champion: changed" in text
    assert "lf set bbbbbbbbbbbb" in text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            {"kind": "refusal", "expected_seq": 4, "sha256": "a" * 64, "reasons": ["slower"]},
            "model aaaaaaaaaaaa was refused; champion number 4 stays.\nWhy:\n  slower",
        ),
        (
            {
                "kind": "rollback",
                "seq": 6,
                "from": {"model": 5, "sha256": "a" * 64},
                "to": {"model": 4, "sha256": "b" * 64},
                "reasons": [],
            },
            "the model of champion number 4 (bbbbbbbbbbbb) was put in charge again, as number 6, in place of that of "
            "number 5 (aaaaaaaaaaaa).",
        ),
        (
            {
                "kind": "drift",
                "window": 7,
                "action": "retrain",
                "reason": "spam fell to 13 %.",
                "why": "none is running",
            },
            "the window 7 has drifted: train again.\nWhy:\n  spam fell to 13 %.\n  none is running",
        ),
        (
            {"kind": "stale_lf", "lf": "pills", "reason": "It no longer fires.", "rows": list("abcdefg")},
            "the labeling function pills has gone stale: its author is asked to look.\nWhy:\n  It no longer fires.\n"
            "Rows that show it:\n  a\n  b\n  c\n  d\n  e\n  and 2 more",
        ),
        ({"kind": "release", "seq": 7}, "batch 7 was released: training may see it."),
        (
            {"kind": "refused_file", "seq": 7, "source": "monday.csv", "reason": "It is UTF-16."},
            "monday.csv was refused: nothing of it can train.\nWhy:\n  It is UTF-16.",
        ),
        ({"kind": "later", "reason": "who knows"}, "a decision of kind later.\nWhy:\n  who knows"),
    ],
)
def test_each_kind_in_plain_words(line, said):
    assert explain({"at": AT, **line}) == f"2026-01-05 10:00 UTC: {said}"


def test_a_line_of_an_earlier_version():
    first = {"promote": True, "seq": 1, "sha256": "a" * 64, "at": AT, "reasons": ["it beats"]}
    numbers = {
        "n": 100,
        "n_per_class": {"ham": 60, "spam": 40},
        "challenger": {"value": 0.95, "low": 0.9, "high": 0.98},
    }
    said = explain({**first, "numbers": numbers})
    assert "champion number 1 was put in charge" in said
    assert "gate gold: 100 rows (60 ham, 40 spam)" in said
    assert "balanced accuracy of challenger: 0.950 (95 % between 0.900 and 0.980)" in said
