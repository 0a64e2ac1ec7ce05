"""A small DVC project whose stages carry the real names, and a real Prefect server."""

import subprocess
import sys
from pathlib import Path

import pytest

from labelmill.stages import TRAINING

REPORTS = """
import csv, json, os
os.makedirs("reports/metrics", exist_ok=True)
with open("reports/lf_summary.csv", "w") as file:
    csv.writer(file).writerows([["lf", "Coverage"], ["money", "0.25"]])
score = {"value": 0.94, "low": 0.93, "high": 0.95}
scores = {"end_model": {"all": {"balanced_accuracy": score}}, "differences": {"end_model-label_model": {"all": {}}}}
json.dump({"test": scores}, open("reports/metrics/evaluate.json", "w"))
"""


@pytest.fixture(scope="session")
def prefect_server():
    """One real server for all flow tests of this process."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def chain(tmp_path):
    """A project of ten stages, each of which appends its name to `ran.txt`."""
    write_project(tmp_path, dict.fromkeys(TRAINING, ""))
    return tmp_path


@pytest.fixture
def slow_chains(tmp_path):
    """Two such projects, whose stages take a minute each."""
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
        write_project(folder, dict.fromkeys(TRAINING, "time.sleep(60)"))
    return folders


def write_project(folder: Path, bodies: dict[str, str]) -> None:
    """Make `folder` a git and DVC project; `bodies` is Python that a stage runs besides saying its name."""
    lines = ["stages:"]
    for place, (name, body) in enumerate(bodies.items()):
        script = f"import time\nprint('{name} speaks', flush=True)\nopen('ran.txt', 'a').write('{name}\\n')\n{body}\n"
        if name == "evaluate":
            script += REPORTS
        script += f"open('{name}.out', 'w').write('{name}')\n"
        (folder / f"{name}.py").write_text(script)
        before = [f"{list(bodies)[place - 1]}.out"] if place else []
        lines += [
            f"  {name}:",
            f"    cmd: {sys.executable} {name}.py",
            f"    deps: [{', '.join([f'{name}.py', *before])}]",
        ]
        lines += [f"    outs: [{name}.out]"]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
    (folder / "params.yaml").write_text("task: {name: chain, classes: [ham, spam]}\ningest: {source: generated}\n")
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
