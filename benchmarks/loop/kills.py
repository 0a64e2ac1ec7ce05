"""kill -9 at random points of the train flow, then the same command again: what is lost, is the result the same.

`PYTHONPATH=. python benchmarks/loop/kills.py [KILLS] [--dvc] [--seed N]` (50 if absent) makes a project of generated
mails in several shards, runs the flow twice undisturbed, and then per kill: a fresh copy, the flow killed at a
uniformly drawn moment (the flow itself, `dvc` or the stage, whichever is drawn of those alive), the flow again. It
prints a line per kill and in the end how many finished with equal hashes of label matrix, probabilities, end model
and metrics, which stages that had ended ran again (goal: none), which had begun (goal: at most one), and how many
columns of finished shards were voted on again (goal: none). With --dvc the command is `dvc repro` instead of the
flow.
"""

import argparse
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

from flows._server import server
from labelmill.storage import sha256_file

ROOT = Path(__file__).parents[2]
RESULTS = ("data/label_matrix", "data/probs", "models/end_model", "reports/metrics")


def main(kills: int, *, flow: bool, seed: int) -> None:
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        project = make_project(base / "start")
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        environment |= {"DO_NOT_TRACK": "true", "DVC_NO_ANALYTICS": "1", "PREFECT_HOME": str(base / "prefect")}
        os.environ["PREFECT_HOME"] = str(base / "prefect")
        with server("127.0.0.1", free_port(), log=base / "server.log") as api:
            environment["PREFECT_API_URL"] = api
            compare(project, kills, environment, dice=dice, flow=flow)


def compare(project: Path, kills: int, environment: dict[str, str], *, dice: random.Random, flow: bool) -> None:
    # The first run also compiles what later runs read from caches of this machine: moments are drawn from the second.
    for _ in range(2):
        whole = shutil.copytree(project, project.parent / "whole", symlinks=True)
        started = time.monotonic()
        code, log = finish(start(whole, environment, flow=flow), whole)
        assert code == 0, log[-5000:]
        whole_s, expected = time.monotonic() - started, hashes(whole)
        shutil.rmtree(whole)
    print(
        f"undisturbed: {whole_s:.0f} s, {len(stages(log, 'Running stage'))} stages, {len(expected)} files", flush=True
    )
    equal = ended_again = columns_again = 0
    begun_again = []
    for number in range(kills):
        copy = shutil.copytree(project, project.parent / f"copy{number}", symlinks=True)
        after_s = dice.uniform(0, whole_s)
        first, victim = killed(start(copy, environment, flow=flow), copy, after_s, dice=dice)
        ended = set(stage_outs(copy))
        before = columns(copy)
        started = time.monotonic()
        code, second = finish(start(copy, environment, flow=flow), copy)
        again_s = time.monotonic() - started
        ran = stages(second, "Running stage")
        same = code == 0 and hashes(copy) == expected
        lost = [name for name in ran if name in stages(first, "Running stage")]
        twice = [name for name in ran if name in ended]
        written = {name for name, inode in columns(copy).items() if before.get(name, inode) != inode}
        equal += same
        ended_again += len(twice)
        columns_again += len(written)
        begun_again.append(len(lost))
        print(
            f"{number + 1}: {victim} killed after {after_s:.1f} s; then {again_s:.0f} s, equal: {same}; begun and run "
            f"again: {', '.join(lost) or 'none'}; ended and run again: {', '.join(twice) or 'none'}; columns of "
            f"finished shards again: {len(written)} of {len(before)}",
            flush=True,
        )
        if not same:
            print(second[-3000:])
        shutil.rmtree(copy)
    print(
        f"{equal} of {kills} finished with equal hashes; stages run again at most {max(begun_again, default=0)} of "
        f"those begun, {ended_again} of those ended; {columns_again} columns of finished shards again"
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_project(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "labelmill", "init", str(folder)], check=True, stdout=subprocess.DEVNULL)
    file = folder / "params.yaml"
    # Some shards of few rows: a kill while labeling must not cost the shards before.
    text = re.sub(r"shard_rows: \d+", "shard_rows: 250", file.read_text())
    file.write_text(re.sub(r"  rows: \d+", "  rows: 3000", text, count=1))
    return folder


def start(project: Path, environment: dict[str, str], *, flow: bool) -> "subprocess.Popen[bytes]":
    command = ["-m", "flows.train", "--project", str(project)] if flow else ["-m", "dvc", "repro"]
    with (project / "run.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT if flow else project,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def finish(process: "subprocess.Popen[bytes]", project: Path) -> tuple[int, str]:
    code = process.wait(1800)
    return code, (project / "run.log").read_text(errors="replace")


def killed(
    process: "subprocess.Popen[bytes]", project: Path, after_s: float, *, dice: random.Random
) -> tuple[str, str]:
    """What the run printed, and which of its processes was killed; as soon as all of them are gone."""
    top = psutil.Process(process.pid)
    try:
        process.wait(after_s)
        return (project / "run.log").read_text(errors="replace"), "nothing left to be"
    except subprocess.TimeoutExpired:
        pass
    tree = [top, *top.children(recursive=True)]
    victim = dice.choice(tree)
    name = "flow" if victim == top else " ".join(Path(word).name for word in victim.cmdline()[1:4])
    victim.kill()
    process.wait(300)
    _, alive = psutil.wait_procs(tree[1:], timeout=30)
    assert not alive, f"outlived: {alive}"
    return (project / "run.log").read_text(errors="replace"), name


def stages(log: str, said: str) -> list[str]:
    return re.findall(rf"{said} '(\w+)'", log)


def stage_outs(project: Path) -> list[str]:
    """Stages that ended, by what DVC wrote down."""
    lock = project / "dvc.lock"
    return list(yaml.safe_load(lock.read_text())["stages"]) if lock.exists() else []


def columns(project: Path) -> dict[str, int]:
    """The warm cache of votes, by inode: what is written anew gets another one."""
    found = (file for file in (project / ".cache/lf_columns").rglob("*") if file.is_file())
    return {str(file): file.stat().st_ino for file in found}


def hashes(project: Path) -> dict[str, str]:
    files = (file for name in RESULTS for file in sorted((project / name).rglob("*")))
    return {str(f.relative_to(project)): sha256_file(f) for f in files if f.is_file() and f.name != ".gitignore"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kills", nargs="?", type=int, default=50)
    parser.add_argument("--dvc", action="store_true", help="kill `dvc repro` instead of the flow")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and victims")
    given = parser.parse_args()
    main(given.kills, flow=not given.dvc, seed=given.seed)
