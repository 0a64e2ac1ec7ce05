"""Stage `train` on another machine: pull what it needs, run it there, push the result as DVC run cache.

The main flow, started with `pull`, then restores the result without running the stage. Equal bytes are
promised per kind of device only, so one kind of machine should train for good.
"""

import argparse

from prefect import flow

from flows._server import serve_this_process, stopped_by_ctrl_c
from flows._tasks import pull_data, push_data, run_stage


@flow(name="train-gpu", log_prints=True)
def train_gpu(project: str = ".") -> None:
    """Train the end model here and hand the result to whoever pulls the run cache.

    Parameters
    ----------
    project
        A clone of the project at the same commit, with a DVC remote that both machines reach.
    """
    pull_data(project)
    run_stage.with_options(name="train", task_run_name="train")("train", project)
    push_data(project)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m flows.train_gpu",
        description="Train the end model here and hand the result to whoever pulls the run cache.",
    )
    parser.add_argument("--project", default=".", help="the project folder")
    given = parser.parse_args()
    with stopped_by_ctrl_c():
        serve_this_process(given.project)
        train_gpu(project=given.project)
