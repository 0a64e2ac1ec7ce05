"""What people do with DVC: compare, plot, experiment, share."""

import json
import shutil

import pytest
from commands import ROOT, hashes, run

pytestmark = pytest.mark.slow


def test_metrics_and_plots_show(project):
    shown = json.loads(run("dvc", "metrics", "show", "--json", cwd=project))
    files = shown[""]["data"]
    assert files["reports/metrics/scores.json"]["data"]["end_model"]["f1"] > 0.5
    assert "end_model.pr_auc" in run("dvc", "metrics", "show", "--md", cwd=project)
    run("dvc", "plots", "show", "-o", "plots", cwd=project)
    page = (project / "plots/index.html").read_text()
    for plot in ("learning curve", "calibration", "precision and recall", "confusion"):
        assert f">{plot}<" in page or plot in page, plot


def test_an_experiment_in_a_temporary_folder_is_compared_and_reports_to_the_same_mlflow(project):
    """One in the folder itself is in test_readme.py."""
    runs_before = tracked_runs(project)
    run("dvc", "exp", "run", "--temp", "-S", "fit_label_model.kind=majority_vote", "-n", "mv", cwd=project, timeout=600)
    assert len(tracked_runs(project)) == len(runs_before) + 1
    assert "majority_vote" in run("dvc", "params", "diff", "HEAD", "mv", cwd=project)
    changed = json.loads(run("dvc", "metrics", "diff", "HEAD", "mv", "--json", cwd=project))
    assert any("scores.json" in file for file in changed)
    assert "mv" in run("dvc", "exp", "show", "--csv", cwd=project)


def test_push_and_pull_bring_the_same_bytes_to_another_clone(project, tmp_path):
    run("dvc", "remote", "add", "-d", "store", tmp_path / "store", cwd=project)
    run("git", "commit", "-qam", "remote", cwd=project)
    run("dvc", "push", cwd=project)
    run("git", "clone", "-q", project, tmp_path / "clone", cwd=tmp_path)
    run("dvc", "pull", cwd=tmp_path / "clone")
    outs = ("data/label_matrix", "data/probs", "models/end_model", "models/featurizer")
    assert hashes(tmp_path / "clone", *outs) == hashes(project, *outs)
    assert "didn't change" in run("dvc", "repro", "evaluate", cwd=tmp_path / "clone")


def test_a_gpu_machine_trains_and_the_result_comes_back_by_the_run_cache(project, tmp_path):
    """The train-gpu route of the architecture, on CPU: two clones and a local remote."""
    run("dvc", "remote", "add", "-d", "store", tmp_path / "store", cwd=project)
    params = project / "params.yaml"
    params.write_text(params.read_text().replace("model: linear", "model: mlp"))
    run("dvc", "repro", "featurize", "fit_label_model", cwd=project, timeout=600)
    run("git", "commit", "-qam", "ask for an mlp", cwd=project)
    run("dvc", "push", "--run-cache", cwd=project)

    gpu = tmp_path / "gpu"
    run("git", "clone", "-q", project, gpu, cwd=tmp_path)
    run(
        "python",
        "-m",
        "flows.train_gpu",
        "--project",
        gpu,
        cwd=ROOT,
        timeout=600,
        PREFECT_HOME=str(tmp_path / "prefect"),
    )
    trained = hashes(gpu, "models/end_model")

    run("dvc", "pull", "--run-cache", "--allow-missing", cwd=project)
    shutil.rmtree(project / "models/end_model")
    output = run("dvc", "repro", "--pull", "--single-item", "train", cwd=project)
    assert "cached" in output and "Running stage" not in output
    assert hashes(project, "models/end_model") == trained


def tracked_runs(project) -> list[str]:
    return sorted(p.name for p in (project / "reports/runs").glob("*.json"))
