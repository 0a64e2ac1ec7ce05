"""Stage `train` on another machine: pull what it needs, run it there, push the result as DVC run cache.

The main flow then restores the result without running the stage. Equal bytes are promised per kind
of device only, so one kind of machine should train for good.
"""

import argparse
import sys
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE

from flows._children import stream
from flows._tasks import run_stage


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[10, 60, 300])
def pull(project: str, *targets: str) -> None:
    """Fetch files of the DVC remote, and the record of runs made elsewhere."""
    command = [sys.executable, "-m", "dvc", "pull", "--run-cache", "--allow-missing", *targets]
    stream(command, get_run_logger().info, project=Path(project))


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[10, 60, 300])
def push(project: str, *targets: str) -> None:
    """Send files to the DVC remote, with the record of the runs that made them."""
    command = [sys.executable, "-m", "dvc", "push", "--run-cache", *targets]
    stream(command, get_run_logger().info, project=Path(project))


@flow(name="train-gpu", log_prints=True)
def train_gpu(project: str = ".") -> None:
    """Train the end model here and hand the result to whoever pulls the run cache.

    Parameters
    ----------
    project
        A clone of the project at the same commit, with a DVC remote that both machines reach.
    """
    pull(project)
    run_stage.with_options(name="train", task_run_name="train")("train", project)
    push(project)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m flows.train_gpu", description=train_gpu.__doc__)
    parser.add_argument("--project", default=".", help="the project folder")
    train_gpu(project=parser.parse_args().project)
