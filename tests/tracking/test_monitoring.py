import pytest
from watched import stream, window

from labelmill.tracking import monitoring

pytestmark = pytest.mark.usefixtures("project")


def run_of(client):
    experiment = client.get_experiment_by_name("toy-monitor")
    (run,) = client.search_runs([experiment.experiment_id])
    return run.info.run_id


def steps(client, metric):
    return [(point.step, round(point.value, 3)) for point in client.get_metric_history(run_of(client), metric)]


def test_one_run_gets_one_step_per_window(client):
    assert monitoring.log_windows("toy", stream(5)) == []
    assert [step for step, _ in steps(client, "lf/offer.coverage")] == [1, 2, 3, 4, 5]
    assert steps(client, "prior/spam")[-2:] == [(4, 0.2), (5, 0.4)]
    assert steps(client, "drift/votes")[-1] == (5, 12.0)


def test_again_nothing_is_doubled_and_what_is_new_is_added(client):
    monitoring.log_windows("toy", stream(4))
    monitoring.log_windows("toy", stream(4))
    monitoring.log_windows("toy", [*stream(4), window(5)])
    assert [step for step, _ in steps(client, "votes/uncovered")] == [1, 2, 3, 4, 5]


def test_a_window_that_was_logged_in_part_is_completed_once(client, monkeypatch):
    monitoring.log_windows("toy", [window(1)])
    monkeypatch.setattr(monitoring, "_MOST", 5)
    log_batch, calls = type(client).log_batch, []

    def killed(self, *arguments, **more):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return log_batch(self, *arguments, **more)

    with monkeypatch.context() as patched:
        patched.setattr(type(client), "log_batch", killed)
        with pytest.raises(KeyboardInterrupt):
            monitoring.log_windows("toy", [window(1), window(2)])
    assert [step for step, _ in steps(client, monitoring.MARK)] == [1]
    monitoring.log_windows("toy", [window(1), window(2)])
    for name in monitoring.metrics_of(window(2)):
        assert [step for step, _ in steps(client, name)] == [1, 2], name


def test_where_mlflow_is_not_there_it_is_said_and_nothing_fails(project):
    (project / "mlflow.db").write_bytes(b"no database")
    (problem,) = monitoring.log_windows("toy", [window(1)])
    assert "not in MLflow yet" in problem
