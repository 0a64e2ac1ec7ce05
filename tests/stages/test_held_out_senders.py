import runpy
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from labelmill import paths
from labelmill.errors import ParamsError

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "held_out_senders.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


@pytest.fixture
def finished(labeled_project, make_params):
    """A project without its gold: the benchmark must not miss it."""
    params = make_params(featurize={"letter_ngrams": 0, "numeric_columns": ["has_html"], "categorical_columns": []})
    (labeled_project / "params.yaml").write_text(params.model_dump_json(by_alias=True))
    shutil.rmtree(paths.GOLD_TRAIN.parent)
    return labeled_project


def test_every_variant_gets_its_scores_without_any_gold(finished, monkeypatch, capsys):
    variants = ["train.targets=hard", "featurize.numeric_columns=[has_html, links] train.confidence_power=0"]
    arguments = ["--folds", "2", "--out", "table.md", *(a for v in variants for a in ("--variant", v))]
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), *arguments])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    printed = capsys.readouterr().out
    rows = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows] == ["settings", "in force", *variants]
    assert all(float(row[3]) > 0.7 for row in rows[1:]), "the generated mails are easy to tell apart"
    assert len({tuple(row[1:]) for row in rows[1:]}) > 1, "a variant must change something"
    assert printed.strip() in Path("table.md").read_text()


def test_a_group_is_never_on_both_sides_of_a_fold(finished, script):
    rows, labels, groups = script["train_rows"](["list_id", "sender_domain"])
    assert (rows["split"] == "train").all()
    assert labels["covered"].all()
    assert groups.notna().all()
    assert groups[rows["list_id"].notna()].equals(rows["list_id"].dropna().astype("string"))
    folds = pd.Series(script["folds_of"](groups, 3))
    assert set(folds) == {0, 1, 2}
    assert (folds.groupby(groups.to_numpy()).nunique() == 1).all()


def test_without_variants_each_change_makes_a_difference(make_params, script):
    params = make_params(train={"targets": "hard", "weight_decay": 0.002})
    variants = script["single_changes"](params)
    assert variants.pop("in force") == params
    assert {"train.targets=soft", "train.weight_decay=0.02", "train.weight_decay=0.0002"} <= set(variants)
    assert "train.targets=hard" not in variants
    assert params not in variants.values()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("train.target=soft", "Did you mean 'targets'"),
        ("train.targets", "expected featurize.KEY=VALUE"),
        ("label.on_error=raise", "expected featurize.KEY=VALUE"),
    ],
)
def test_a_setting_that_is_none_is_named(make_params, script, text, says):
    with pytest.raises(ParamsError, match=says):
        script["changed"](make_params(), text)


def test_a_false_alarm_counts_as_in_the_share_of_positives_asked_for(script):
    reference = script["np"].array([0, 0, 0, 0, 1, 1, 1, 1])
    probs = script["np"].array([[0.9, 0.1]] * 3 + [[0.2, 0.8]] * 4 + [[0.7, 0.3]])
    of = script["scores"](reference, probs, positive=1, positive_share=0.2)
    assert (of["alarms"], of["false_alarms"], of["recall"], of["balanced_accuracy"]) == (1, 0.25, 0.75, 0.75)
    precision = 0.2 * 0.75 / (0.2 * 0.75 + 0.8 * 0.25)
    assert of["f1"] == pytest.approx(2 * precision * 0.75 / (precision + 0.75))
