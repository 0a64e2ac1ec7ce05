"""The train flow: everything from raw rows to a tracked model."""

import argparse
from pathlib import Path

from prefect import flow, get_run_logger

from flows._alerts import tell
from flows._runs import alone, join_waiting
from flows._server import serve_this_process, stopped_by_ctrl_c
from flows._tasks import (
    announce_decisions,
    keep_version,
    promote_model,
    publish_reports,
    pull_data,
    push_data,
    run_stage,
    watch,
)
from labelmill import paths
from labelmill.stages import TRAINING

_WAIT_S = 12 * 3600.0


@flow(name="train", log_prints=True, on_failure=[tell], on_crashed=[tell])
def train(
    project: str = ".",
    pull: bool = False,
    push: bool = False,
    reason: str = "by hand",
    promote: bool = True,
    version: bool = True,
    commit: bool = False,
) -> None:
    """Watch new batches, bring every stage up to date, let the new model challenge the champion, keep a version.

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
    promote
        Whether the new model may become champion, where it is better.
    version
        Whether to keep what came out as a label version.
    commit
        Whether to commit that version to git: `dvc.lock` and what it stands on.
    """
    log = get_run_logger().info
    with alone(project, wait_s=_WAIT_S):
        reason = "; ".join(dict.fromkeys([reason, *join_waiting()]))
        log(f"train, started {reason}")
        if pull:
            pull_data(project)
        if (Path(project) / paths.REFERENCE).is_dir():
            watch(project, before_training=True)  # what is broken is held before a stage reads it
        for name in TRAINING:
            run_stage.with_options(name=name, task_run_name=name)(name, project, pull=pull)
        publish_reports(project)
        try:
            if promote:
                promote_model(project, first=not _has_champion(project))
        finally:
            announce_decisions(project)
        if version or commit:
            keep_version(project, note=reason, commit=commit)
        if push:
            push_data(project)
    log(f"report: {(Path(project) / paths.REPORT).resolve()}")


def _has_champion(project: str) -> bool:
    return (paths.main_project(Path(project)) / paths.STATE / "champion.json").exists()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m flows.train",
        description="Bring every stage up to date, publish the reports, let the new model challenge the champion.",
    )
    parser.add_argument("--project", default=".", help="the project folder")
    parser.add_argument("--pull", action="store_true", help="take from the DVC remote what other machines have made")
    parser.add_argument("--push", action="store_true", help="push to the DVC remote at the end")
    parser.add_argument("--reason", default="by hand", help="why; shown with the run")
    parser.add_argument("--no-promote", action="store_true", help="leave the champion in charge, whatever comes out")
    parser.add_argument("--no-version", action="store_true", help="keep no label version of what comes out")
    parser.add_argument("--commit", action="store_true", help="commit the label version to git")
    given = parser.parse_args()
    with stopped_by_ctrl_c():
        serve_this_process(given.project)
        train(
            project=given.project,
            pull=given.pull,
            push=given.push,
            reason=given.reason,
            promote=not given.no_promote,
            version=not given.no_version,
            commit=given.commit,
        )
