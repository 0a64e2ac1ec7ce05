import pytest

from labelmill import paths, storage, tracking
from labelmill.errors import TrackingError
from labelmill.params import TrackParams
from labelmill.tracking import model, record, runs


def only_run(client):
    (run,) = client.search_runs([client.get_experiment_by_name("toy").experiment_id])
    return run


def test_a_run_carries_all_that_the_record_says(project, params, client):
    run_id = tracking.track_run(params)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["fit_label_model.kind"] == "majority_vote"
    assert run.data.metrics["test/end_model.balanced_accuracy"] == 0.8
    assert run.data.metrics["train/valid_loss"] == 0.45
    assert [(m.step, m.value) for m in client.get_metric_history(run_id, "train/train_loss")] == [
        (0, 0.6),
        (1, 0.3),
        (2, 0.2),
    ]
    inputs = {item.dataset.name: item for item in run.inputs.dataset_inputs}
    assert set(inputs) == {"clean", "label_matrix", "probs"}
    assert inputs["probs"].dataset.digest == storage.folder_hash(paths.PROBS)[:32]
    assert {tag.key: tag.value for tag in inputs["probs"].tags}["mlflow.data.context"] == "labels"
    folders = ("", "reports", "reports/plots")
    artifacts = {item.path for folder in folders for item in client.list_artifacts(run_id, folder)}
    assert {"params.yaml", "reports/index.html", "reports/plots/learning_curve.csv"} <= artifacts
    version = client.get_model_version_by_alias("toy", "challenger")
    assert version.run_id == run_id
    assert version.tags["model_sha256"] == storage.folder_hash(paths.END_MODEL)
    tracked = storage.read_json(paths.TRACKED)
    assert (tracked["run_id"], tracked["model"], tracked["model_version"]) == (run_id, "toy", str(version.version))


def test_the_same_results_are_logged_once(project, params, client):
    run_id = tracking.track_run(params)
    before = paths.TRACKED.read_bytes()
    paths.TRACKED.unlink()  # as DVC does before it runs the stage
    assert tracking.track_run(params) == run_id
    assert paths.TRACKED.read_bytes() == before
    assert only_run(client).info.run_id == run_id
    assert len(client.search_model_versions("name = 'toy'")) == 1


def test_other_results_are_another_run_and_the_old_ones_come_back(project, params, client, results):
    first = tracking.track_run(params)
    results.write_reports(f1=0.9)
    results.write_models(params, weight=2.0)
    second = tracking.track_run(params)
    assert first != second
    assert client.get_model_version_by_alias("toy", "challenger").run_id == second
    results.write_reports()
    results.write_models(params)
    assert tracking.track_run(params) == first
    assert client.get_model_version_by_alias("toy", "challenger").run_id == first


@pytest.mark.parametrize("killed_in", ["log_inputs", "log_artifact", "create_model_version"])
def test_a_killed_run_is_replaced(project, params, client, monkeypatch, killed_in):
    import mlflow

    def kill(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, killed_in, kill)
        patch.setattr(mlflow.tracking.fluent, "end_run", lambda *_: None)  # kill -9 leaves no time for it
        with pytest.raises(SystemExit):
            tracking.track_run(params)
        mlflow.tracking.fluent._active_run_stack.get().clear()
    assert only_run(client).info.status == "RUNNING"
    assert not paths.TRACKED.exists()
    run_id = tracking.track_run(params)
    assert (only_run(client).info.run_id, only_run(client).info.status) == (run_id, "FINISHED")
    assert [version.run_id for version in client.search_model_versions("name = 'toy'")] == [run_id]


def test_an_alias_that_was_not_set_any_more_is_set_later(project, params, client, monkeypatch):
    import mlflow

    def kill(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_registered_model_alias", kill)
        with pytest.raises(SystemExit):
            tracking.track_run(params)
    run_id = tracking.track_run(params)
    assert only_run(client).info.run_id == run_id
    assert client.get_model_version_by_alias("toy", "challenger").run_id == run_id


def test_a_half_registered_model_is_removed(project, params, client, monkeypatch):
    import mlflow

    real = model.register

    def dies_afterwards(*args):
        real(*args)
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(model, "register", dies_afterwards)
        with pytest.raises(TrackingError, match=r"disk full.*results are safe.*labelmill track"):
            tracking.track_run(params)
    assert only_run(client).info.status == "FAILED"
    run_id = tracking.track_run(params)
    assert [version.run_id for version in client.search_model_versions("name = 'toy'")] == [run_id]
    assert mlflow.active_run() is None


def test_without_registration_there_is_no_model(project, params, client):
    params = params.model_copy(update={"track": TrackParams(register_model=False)})
    tracking.track_run(params)
    assert client.search_registered_models() == []
    assert storage.read_json(paths.TRACKED)["model_version"] is None


def test_a_run_that_was_not_logged_cannot_be_pointed_to(project, params):
    with pytest.raises(ValueError, match="not logged"):
        runs.write_tracked(record.gather(params))
