"""The train flow: everything from raw rows to a tracked model."""

import argparse
from pathlib import Path

from prefect import flow

from flows._server import serve_this_process
from flows._tasks import publish_reports, pull_data, push_data, run_stage
from labelmill import paths
from labelmill.stages import TRAINING


@flow(name="train", log_prints=True)
def train(project: str = ".", pull: bool = False, push: bool = False, reason: str = "by hand") -> None:
    """Bring every stage up to date, publish the reports, push data and labels.

    Parameters
    ----------
    project
        The project folder.
    pull
        Whether to take from the DVC remote what other machines have made already (a model trained on a GPU).
    push
        Whether to send data, labels and models to the DVC remote at the end.
    reason
        Why the run was started; shown with the run.
    """
    print(f"train, started {reason}")  # noqa: T201 - goes to the run's log
    if pull:
        pull_data(project)
    for name in TRAINING:
        run_stage.with_options(name=name, task_run_name=name)(name, project, pull=pull)
    publish_reports(project)
    if push:
        push_data(project)
    print(f"report: {(Path(project) / paths.REPORT).resolve()}")  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m flows.train",
        description="Bring every stage up to date, publish the reports, push data and labels.",
    )
    parser.add_argument("--project", default=".", help="the project folder")
    parser.add_argument("--pull", action="store_true", help="take from the DVC remote what other machines have made")
    parser.add_argument("--push", action="store_true", help="push to the DVC remote at the end")
    given = parser.parse_args()
    serve_this_process(given.project)
    train(project=given.project, pull=given.pull, push=given.push)
