"""The monitor flow: it asks whether what we serve is still what we trained.

It checks that every stored file is intact, watches the batches that came since, and says what waits to be rerun.
What it finds becomes events; one of them starts `train`.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from flows._alerts import tell
from flows._children import StageBusy, stream
from flows._runs import alone
from flows._server import serve_this_process, stopped_by_ctrl_c
from flows._tasks import BRIEFLY_BUSY, announce_decisions, batches_not_read, watch
from labelmill import paths
from labelmill.errors import BusyError


@task(**BRIEFLY_BUSY)
def verify(project: str) -> None:
    """Re-hash data, labels and models; a damaged file fails the run and is named."""
    stream([sys.executable, "-m", "labelmill", "verify"], get_run_logger().info, project=Path(project))


@task(**BRIEFLY_BUSY)
def pending(project: str) -> list[str]:
    """Name what `dvc repro` would run again, and ingest where it missed a batch."""
    lines: list[str] = []
    stream([sys.executable, "-m", "dvc", "status", str(paths.DVC_YAML)], lines.append, project=Path(project))
    found = [line.rstrip(":") for line in lines if line.endswith(":") and not line.startswith(("\t", " "))]
    return ["ingest", *found] if batches_not_read(Path(project)) and "ingest" not in found else found


@flow(name="monitor", log_prints=True, on_failure=[tell], on_crashed=[tell])
def monitor(project: str = ".") -> Any:
    """Check the stored files, watch the newest batches, and say which stages are out of date.

    Parameters
    ----------
    project
        The project folder.
    """
    log = get_run_logger().info
    try:
        with alone(project):
            # A damaged file must not keep new batches from being watched: both run, either fails the flow.
            verified, watched = verify(project, return_state=True), watch(project, return_state=True)
            stale = pending(project)
    except (BusyError, StageBusy) as error:
        log(f"another run is at work on the stages; the next one looks again: {error}")
        return None
    finally:
        announce_decisions(project)
    text = "Out of date: " + ", ".join(stale) if stale else "Every stage is up to date."
    log(text)
    words = watched.result() if watched.is_completed() else "The newest batches could not be watched."
    create_markdown_artifact(f"{text}\n\n{words}", key="monitor", description="State of the project, newest batches")
    return [verified, watched]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m flows.monitor",
        description="Check the stored files, watch the newest batches, and say which stages are out of date.",
    )
    parser.add_argument("--project", default=".", help="the project folder")
    given = parser.parse_args()
    with stopped_by_ctrl_c():
        serve_this_process(given.project)
        monitor(project=given.project)
