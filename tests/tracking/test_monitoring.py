import pytest
from watched import stream, window

from labelmill.tracking import monitoring

pytestmark = pytest.mark.usefixtures("project")


def run_of(client):
    experiment = client.get_experiment_by_name("toy-monitor")
    (run,) = client.search_runs([experiment.experiment_id])
    return run.info.run_id


def log(windows):
    by_seq = {window.seq: window for window in windows}
    return monitoring.log_windows("toy", list(by_seq), by_seq.__getitem__)


def steps(client, metric):
    return [(point.step, round(point.value, 3)) for point in client.get_metric_history(run_of(client), metric)]


def test_one_run_gets_one_step_per_window(client):
    assert log(stream(5)) == []
    assert [step for step, _ in steps(client, "lf/offer.coverage")] == [1, 2, 3, 4, 5]
    assert steps(client, "prior/spam")[-2:] == [(4, 0.2), (5, 0.4)]
    assert steps(client, "drift/votes")[-1] == (5, 12.0)


def test_the_run_is_ended_when_the_windows_are_logged(client):
    for count in (1, 2):
        log(stream(12)[:count])
        assert client.get_run(run_of(client)).info.status == "FINISHED"


def test_only_windows_that_mlflow_lacks_are_read(client):
    log([window(1), window(2)])
    assert monitoring.log_windows("toy", [1, 2, 3], {3: window(3)}.__getitem__) == []
    assert [step for step, _ in steps(client, monitoring.MARK)] == [1, 2, 3]


def test_again_nothing_is_doubled_and_what_is_new_is_added(client):
    log(stream(4))
    log(stream(4))
    log([*stream(4), window(5)])
    assert [step for step, _ in steps(client, "votes/uncovered")] == [1, 2, 3, 4, 5]


def test_a_window_that_was_logged_in_part_is_completed_once(client, monkeypatch):
    log([window(1)])
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
            log([window(1), window(2)])
    assert [step for step, _ in steps(client, monitoring.MARK)] == [1]
    log([window(1), window(2)])
    for name in monitoring.metrics_of(window(2)):
        assert [step for step, _ in steps(client, name)] == [1, 2], name


def test_where_mlflow_is_not_there_it_is_said_and_nothing_fails(project):
    (project / "mlflow.db").write_bytes(b"no database")
    (problem,) = log([window(1)])
    assert "not in MLflow yet" in problem
