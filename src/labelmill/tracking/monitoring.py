"""What was watched, as metrics over time: one run per task, one step per window."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from labelmill.errors import TrackingError
from labelmill.quality.watched import Watched
from labelmill.tracking import database
from labelmill.tracking.names import allowed

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

MARK = "window"
"""The metric that is logged with the last of each window: where it has a step, the window is whole."""

_KEY = "monitor"
_SINGLE = ("coverage", "agreement", "error")
_OVERALL = ("uncovered", "conflicted", "disagreement")
_MOST = 1000


def log_windows(task: str, seqs: Sequence[int], read: Callable[[int], Watched]) -> list[str]:
    """Log every window that MLflow lacks, read by its number; return what hinders it, in words.

    It does not raise where MLflow is not there: the records are in `state/monitor/`, and the next call logs them.
    """
    if not seqs:
        return []
    try:
        with database.connected() as client:
            _log(client, f"{task}-monitor", seqs, read)
    except TrackingError as error:
        return [f"the windows are not in MLflow yet: {error}"]
    return []


def metrics_of(window: Watched) -> dict[str, float]:
    """The numbers of a window that are worth a curve, by name."""
    found: dict[str, float] = {}
    for name, layer in window.findings.layers.items():
        if layer.state != "cannot tell":
            found[f"drift/{name}"] = layer.statistic
            found[f"drift/{name}.threshold"] = layer.threshold
        for signal in layer.signals:
            if signal.kind in _SINGLE and name == "votes":
                found[f"lf/{signal.name}.{signal.kind}"] = signal.window
            elif signal.kind in _OVERALL:
                found[f"{name}/{signal.kind}"] = signal.window
    for label, estimate in window.findings.prior.items():
        ends = {"": estimate.value, ".low": estimate.low, ".high": estimate.high}
        found |= {f"prior/{label}{end}": value for end, value in ends.items()}
    if window.findings.accuracy is not None:
        found["outputs/expected_accuracy"] = window.findings.accuracy.value
    found |= window.figures
    return {allowed(name): float(value) for name, value in found.items() if value == value}


def _log(client: "MlflowClient", experiment: str, seqs: Iterable[int], read: Callable[[int], Watched]) -> None:
    from mlflow.entities import Metric

    run = _run(client, experiment)
    logged = {metric.step for metric in client.get_metric_history(run.info.run_id, MARK)}
    new = [seq for seq in seqs if seq not in logged]
    for window in map(read, new):
        # The time of the window, not of the call: MLflow keeps a value once that comes twice with the same time.
        time_ms = int(window.arrived.timestamp() * 1000)
        metrics = [Metric(name, value, time_ms, window.seq) for name, value in metrics_of(window).items()]
        for batch in _batches([*metrics, Metric(MARK, window.seq, time_ms, window.seq)]):
            client.log_batch(run.info.run_id, metrics=batch)
    if new or run.info.end_time is None:  # nothing runs between two calls
        client.set_terminated(run.info.run_id)


def _batches(metrics: "list[object]") -> Iterator["list[object]"]:
    for start in range(0, len(metrics), _MOST):
        yield metrics[start : start + _MOST]


def _run(client: "MlflowClient", experiment: str) -> "Run":
    experiment_id = database.experiment_id(client, experiment)
    found = client.search_runs([experiment_id], f"tags.`labelmill.key` = '{_KEY}'", max_results=1)
    if found:
        return found[0]
    return client.create_run(experiment_id, tags={"labelmill.key": _KEY}, run_name=_KEY)
