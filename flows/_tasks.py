"""The tasks that flows are made of."""

import csv
import json
import sys
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from flows._children import StageBusy, stream
from flows._outbox import announce
from labelmill import paths
from labelmill.errors import DataError, NothingToDoError, PromotionError
from labelmill.sources import batches


def _when_it_may_pass(task: Any, run: Any, state: Any) -> bool:
    """Retry what retrying can cure: a busy lock or a broken download, never bad data."""
    return isinstance(state.result(raise_on_failure=False), StageBusy)


# DVC decides what is up to date, so Prefect must not cache.
BRIEFLY_BUSY: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "retries": 5,
    "retry_delay_seconds": 3,
    "retry_condition_fn": _when_it_may_pass,
}


@task(**BRIEFLY_BUSY)
def watch(project: str, *, before_training: bool = False) -> str:
    """Compare the batches that came since with what was trained on, and decide what that asks for; in words.

    Before a training it is no failure that there is nothing to compare with any more, as after an edit of `lfs/`.
    """
    lines: list[str] = []
    command = [sys.executable, "-m", "labelmill", "drift", "--markdown"]
    no_failure = (NothingToDoError.exit_code, *([DataError.exit_code] if before_training else []))
    stream(command, lines.append, project=Path(project), no_failure=no_failure)
    text = "\n".join(lines)
    get_run_logger().info(text)
    return text


@task(**BRIEFLY_BUSY)
def run_stage(name: str, project: str, *, pull: bool = False) -> None:
    """Bring one stage up to date with DVC, unless it is already; with `pull` take what another machine made of it."""
    command = [sys.executable, "-m", "dvc", "repro", *(["--pull"] if pull else []), "--single-item", name]
    log = get_run_logger().info
    stream(command, log, project=Path(project))
    if name == "ingest" and (missed := batches_not_read(Path(project))):
        log(f"batches came or went while {name} ran, and DVC did not see that; it runs again: {', '.join(missed)}")
        stream([*command[:4], "--force", "--single-item", name], log, project=Path(project))


def batches_not_read(project: Path) -> list[str]:
    """Batches that are in the ingested rows and not in the project, or the other way round."""
    here, read = batches.hashes(project / paths.INCOMING), batches.ingested(project / paths.INGESTED)
    return sorted({name for name, _ in here.items() ^ read.items()})


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[10, 60, 300])
def pull_data(project: str) -> None:
    """Fetch what the DVC remote has of this state of the project, and the record of runs made elsewhere."""
    command = [sys.executable, "-m", "dvc", "pull", "--run-cache", "--allow-missing"]
    stream(command, get_run_logger().info, project=Path(project))


@task(**BRIEFLY_BUSY)
def promote_model(project: str, *, first: bool) -> bool:
    """Let the new model challenge the champion; where it is not better, or no other, that is told and no failure.

    Where another one was put in charge meanwhile, it is judged again.
    """
    command = [sys.executable, "-m", "labelmill", "promote", *(["--first"] if first else [])]
    no_failure = (PromotionError.exit_code, NothingToDoError.exit_code)
    return stream(command, get_run_logger().info, project=Path(project), no_failure=no_failure) == 0


@task(**BRIEFLY_BUSY)
def keep_version(project: str, *, note: str, commit: bool) -> None:
    """Keep what came out as a label version, where it is a new one; with `commit` in git as well."""
    command = [sys.executable, "-m", "labelmill", "versions", "add", "--note", note, *(["--commit"] if commit else [])]
    stream(command, get_run_logger().info, project=Path(project))


@task(cache_policy=NO_CACHE)
def announce_decisions(project: str) -> None:
    """Turn the decisions that were not announced yet into events."""
    announce(Path(project), get_run_logger().info)


@task(cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[10, 60, 300])
def push_data(project: str) -> None:
    """Check every stored file and DVC's cache against their checksums, then send data, labels, models and run cache.

    DVC itself would send a damaged object under the name of the whole one.
    """
    log = get_run_logger().info
    stream([sys.executable, "-m", "labelmill", "verify", "--cache", "--repair"], log, project=Path(project))
    stream([sys.executable, "-m", "dvc", "push", "--run-cache"], log, project=Path(project))


@task(cache_policy=NO_CACHE)
def publish_reports(project: str) -> None:
    """Show the LF summary and the test scores as artifacts of the run."""
    root = Path(project)
    with (root / paths.LF_SUMMARY).open(encoding="utf-8", newline="") as file:
        create_table_artifact(list(csv.DictReader(file)), key="lf-summary", description="Labeling functions")
    scores = json.loads((root / paths.metrics("evaluate")).read_text(encoding="utf-8"))["test"]
    create_markdown_artifact(
        scores_table(scores, (root / paths.REPORT).resolve()), key="metrics", description="Test scores"
    )


def scores_table(scores: dict[str, Any], report: Path) -> str:
    """The test scores of every system as a markdown table."""
    shown = ("balanced_accuracy", "f1", "pr_auc", "accuracy")
    lines = ["| system | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for system, slices in scores.items():
        if system == "differences":
            continue
        cells = [_with_interval(slices["all"].get(metric)) for metric in shown]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"95 % bootstrap intervals. Report: `{report}`"])


def _with_interval(score: dict[str, float | None] | None) -> str:
    if not score or score["value"] is None:
        return "-"
    if score["low"] is None or score["high"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"
