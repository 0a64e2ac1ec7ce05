import shutil

import pytest

from labelmill import paths, storage, tracking
from labelmill.quality import champion
from labelmill.tracking import database, provenance


@pytest.fixture
def two_runs(project, params, results):
    """Ids of two runs; the second has the results that lie in the project."""
    first = tracking.track_run(params)
    results.write_reports(f1=0.9)
    results.write_models(params, weight=2.0)
    return first, tracking.track_run(params)


def new_client():
    import mlflow

    return mlflow.MlflowClient(database.tracking_uri(), database.tracking_uri())


def all_runs(client):
    experiment = client.get_experiment_by_name("toy")
    return {run.data.tags["labelmill.key"]: run for run in client.search_runs([experiment.experiment_id])}


@pytest.fixture
def moved(project, two_runs, template_database, tmp_path, monkeypatch):
    """The project in another folder, with the database that came along replaced by an empty one."""
    folder = tmp_path / "moved"
    project.rename(folder)
    monkeypatch.chdir(folder)
    shutil.copy(template_database, folder / "mlflow.db")
    return folder


def test_all_is_well_after_tracking_and_before(project, two_runs):
    assert tracking.check() == []
    shutil.rmtree(project / paths.RUNS)
    assert tracking.check() == []


def test_a_lost_database_is_named_and_rebuilt(project, params, client, results, moved):
    assert [problem.partition(":")[0] for problem in tracking.check()][-1] == "reports/tracked.json"
    assert sum("is not in MLflow. `labelmill track --rebuild`" in problem for problem in tracking.check()) == 2
    before = {path.stem: storage.read_json(path) for path in (moved / paths.RUNS).iterdir()}
    assert len(tracking.rebuild()) == 2
    again = new_client()
    runs = all_runs(again)
    assert set(runs) == set(before)
    for key, run in runs.items():
        assert run.info.status == "FINISHED"
        assert run.data.params == before[key]["params"]
        assert run.data.metrics.items() >= before[key]["metrics"].items()
        assert run.info.run_name == before[key]["run_name"]
        assert run.info.start_time == run.info.end_time, "it did not last until today"
        files = {item.path for item in again.list_artifacts(run.info.run_id, "reports")}
        assert {"reports/index.html", "reports/lf_summary.csv"} <= files, "files of past runs are found in mlartifacts"
        (version,) = again.search_model_versions(f"run_id = '{run.info.run_id}'")
        assert version.tags["model_sha256"] == before[key]["model"]["sha256"], "so are their models"
    assert tracking.check() == []
    assert storage.read_json(paths.TRACKED)["run_id"] in {run.info.run_id for run in runs.values()}
    assert tracking.rebuild() == []


def test_what_is_gone_for_good_is_left_out(moved):
    shutil.rmtree(moved / "mlartifacts")
    assert len(tracking.rebuild()) == 2
    client = new_client()
    old, new = sorted(all_runs(client).values(), key=lambda run: run.data.metrics["test/end_model.f1"])
    assert client.search_model_versions(f"run_id = '{old.info.run_id}'") == []
    assert len(client.search_model_versions(f"run_id = '{new.info.run_id}'")) == 1
    metrics_of_old = {item.path for item in client.list_artifacts(old.info.run_id, "reports/metrics")}
    assert metrics_of_old == {"reports/metrics/label.json"}, "only what is the same now as it was then"


@pytest.mark.slow
def test_a_database_that_moved_along_or_is_damaged_is_put_aside(project, two_runs, tmp_path, monkeypatch):
    folder = tmp_path / "moved"
    project.rename(folder)
    monkeypatch.chdir(folder)
    (problem,) = tracking.check()
    assert "was made in another folder" in problem
    database_bytes = (folder / "mlflow.db").read_bytes()
    tracking.rebuild()
    assert (folder / "mlflow.db.1.old").read_bytes() == database_bytes
    assert tracking.check() == []


def test_a_lost_file_is_named_without_making_a_new_one(project, two_runs):
    (project / "mlflow.db").unlink()
    (problem,) = tracking.check()
    assert "there is no such database" in problem and "from 2 recorded runs" in problem
    assert not (project / "mlflow.db").exists()


def test_a_damaged_record_is_named_and_the_others_are_rebuilt(moved):
    (moved / paths.RUNS / "bad.json").write_text("{")
    assert any("bad.json" in problem for problem in tracking.check())
    assert len(tracking.rebuild()) == 2


def test_the_champion_alias_follows_the_file(project, params, two_runs, client):
    first, second = two_runs
    version = {run_id: client.search_model_versions(f"run_id = '{run_id}'")[0] for run_id in two_runs}
    champion = project / paths.STATE / "champion.json"
    for run_id in (first, second, first):
        storage.write_json(champion, {"seq": 1, "model": "x", "sha256": version[run_id].tags["model_sha256"]})
        assert tracking.mirror_champion() == []
        assert client.get_model_version_by_alias("toy", "champion").run_id == run_id
    client.set_registered_model_alias("toy", "champion", str(version[second].version))  # somebody moved it by hand
    assert tracking.check() == []
    assert client.get_model_version_by_alias("toy", "champion").run_id == first
    storage.write_json(champion, {"seq": 2, "model": "x", "sha256": "f" * 64})
    (problem,) = tracking.mirror_champion()
    assert "MLflow knows no model with SHA-256 ffffffffffff" in problem


def test_the_alias_follows_a_rollback_and_a_check_sets_it_right(project, params, client, results):
    for weight in (1.0, 2.0):
        results.write_models(params, weight=weight)
        run_id = tracking.track_run(params)
        hashes = {"sha256": paths.END_MODEL, "featurizer_sha256": paths.FEATURIZER}
        entry = {name: storage.folder_hash(path) for name, path in hashes.items()}
        champion.swap_champion(champion.current_seq(), entry, end_model=paths.END_MODEL, featurizer=paths.FEATURIZER)
        assert tracking.mirror_champion() == []
        assert client.get_model_version_by_alias("toy", "champion").run_id == run_id
    made = champion.roll_back(2)
    assert tracking.check() == []
    version = client.get_model_version_by_alias("toy", "champion")
    assert version.tags["model_sha256"] == made.sha256
    assert version.run_id != run_id


def test_a_registered_model_says_what_it_was_made_from(project, params, client):
    tracking.track_run(params)
    tags = client.get_model_version_by_alias("toy", "challenger").tags
    assert {f"made_from.{name}": made for name, made in provenance.made_from(params).items()}.items() <= tags.items()
    assert {
        "made_from.data",
        "made_from.label_matrix",
        "made_from.lf_set",
        "made_from.params",
        "made_from.code",
    } <= set(tags)
    assert tags["classes"] == "ham, spam"


def test_a_promotion_does_not_fail_because_mlflow_is_not_there(project, two_runs):
    (project / "mlflow.db").write_bytes(b"damaged" * 1000)
    (problem,) = tracking.mirror_champion()
    assert "damaged database" in problem and "track --check" in problem


def test_the_challenger_alias_follows_the_results(project, two_runs, client):
    first, second = two_runs
    old = client.search_model_versions(f"run_id = '{first}'")[0].version
    client.set_registered_model_alias("toy", "challenger", str(old))
    assert tracking.check() == []
    assert client.get_model_version_by_alias("toy", "challenger").run_id == second


def test_a_run_that_was_killed_no_longer_seems_to_run(project, two_runs, client):
    experiment = client.get_experiment_by_name("toy").experiment_id
    dead = client.create_run(experiment, tags={"labelmill.key": "gone"})
    foreign = client.create_run(experiment)
    assert tracking.check() == []
    assert client.get_run(dead.info.run_id).info.status == "KILLED"
    assert client.get_run(foreign.info.run_id).info.status == "RUNNING"


def test_no_database_that_was_put_aside_before_is_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mlflow.db", "mlflow.db.2.old"):
        (tmp_path / name).write_text(f"{name}: no database")
    tracking.rebuild()
    assert (tmp_path / "mlflow.db.2.old").read_text() == "mlflow.db.2.old: no database"
    assert (tmp_path / "mlflow.db.1.old").read_text() == "mlflow.db: no database"
