"""One definition of each stage, three callers, the same bytes."""

import json
import re
import shutil
import time

import pytest
from commands import hashes, run

pytestmark = pytest.mark.slow

RESULTS = ("data/label_matrix", "data/probs", "models/end_model", "reports/metrics")


def stages_run(output: str) -> list[str]:
    return re.findall(r"Running stage '(\w+)'", output)


def test_labelmill_run_gives_the_bytes_of_dvc_repro(project):
    before = hashes(project, *RESULTS)
    for name in ("data", "models", "reports"):
        shutil.rmtree(project / name)
    run("labelmill", "run", "--to", "profile", cwd=project, timeout=600)
    assert hashes(project, *RESULTS) == before


def test_a_second_repro_runs_nothing(project):
    started = time.monotonic()
    output = run("dvc", "repro", cwd=project)
    assert stages_run(output) == []
    assert run("dvc", "status", "-q", cwd=project) == ""
    assert time.monotonic() - started < 60, "hung"


def test_editing_one_labeling_function_recomputes_one_column(project):
    words = project / "lfs/words.py"
    words.write_text(words.read_text().replace("act|order|apply|claim", "act|claim"))
    output = run("dvc", "repro", "fit_label_model", cwd=project, timeout=600)
    assert stages_run(output) == ["label", "fit_label_model"]
    assert "1 columns computed (act_now), 11 reused" in output
    out_of_date = json.loads(run("dvc", "status", "--json", cwd=project))
    assert set(out_of_date) == {"train", "evaluate", "profile", "track"}


def test_editing_a_test_of_labeling_functions_reruns_nothing(project):
    with (project / "lfs/test_lfs.py").open("a") as file:
        file.write("\n# more to come\n")
    assert stages_run(run("dvc", "repro", cwd=project)) == []


def test_canary_flipped_gold_moves_no_label_and_no_model(project):
    """The gold guard: what training makes must not know the truth of train and test rows."""
    import pandas as pd

    from labelmill import storage

    unguarded = ("data/label_matrix", "data/probs", "models/label_model", "models/featurizer", "models/end_model")
    before = hashes(project, *unguarded)
    for split in ("train", "test"):
        file = project / f"data/gold/{split}.parquet"
        gold = storage.read_table(file)
        assert set(gold["label"]) == {0, 1}
        storage.write_table(file, pd.DataFrame({"id": gold["id"], "label": 1 - gold["label"]}))
    run("labelmill", "run", "--from", "validate", "--to", "evaluate", cwd=project, timeout=600)
    assert hashes(project, *unguarded) == before
    scores = json.loads((project / "reports/metrics/evaluate.json").read_text())["test"]
    assert scores["end_model"]["all"]["accuracy"]["value"] < 0.5, "the flip of test did not reach the evaluation"
    assert scores["gold_train"]["all"]["accuracy"]["value"] > 0.5, "the flip of train did not reach the baselines"
