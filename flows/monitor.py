"""The monitor flow: it asks whether what we serve is still what we trained.

So far it checks that every stored file is intact and that nothing waits to be rerun; watching the
stream for drift is added to it.
"""

import argparse
import sys
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows._children import stream
from flows._server import serve_this_process


@task(cache_policy=NO_CACHE)
def verify(project: str) -> None:
    """Re-hash data, labels and models; a damaged file fails the run and is named."""
    stream([sys.executable, "-m", "labelmill", "verify"], get_run_logger().info, project=Path(project))


@task(cache_policy=NO_CACHE)
def pending(project: str) -> list[str]:
    """Name what `dvc repro` would run again."""
    lines: list[str] = []
    stream([sys.executable, "-m", "dvc", "status"], lines.append, project=Path(project))
    return [line.rstrip(":") for line in lines if line.endswith(":") and not line.startswith(("\t", " "))]


@flow(name="monitor", log_prints=True)
def monitor(project: str = ".") -> None:
    """Check the stored files and say which stages are out of date.

    Parameters
    ----------
    project
        The project folder.
    """
    verify(project)
    stale = pending(project)
    text = "Out of date: " + ", ".join(stale) if stale else "Every stage is up to date."
    print(text)  # noqa: T201 - goes to the run's log
    create_markdown_artifact(text, key="monitor", description="State of the project")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m flows.monitor", description="Check the stored files and say which stages are out of date."
    )
    parser.add_argument("--project", default=".", help="the project folder")
    given = parser.parse_args()
    serve_this_process(given.project)
    monitor(project=given.project)
