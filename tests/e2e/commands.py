"""Real commands in real processes, and what they leave."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

_OTHERS = ("LABELMILL_", "PREFECT_", "MLFLOW_", "PYTHONDONTWRITEBYTECODE")

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)},
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "OMP_NUM_THREADS": "1",
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "1",
    "GIT_AUTHOR_NAME": "test",
    "GIT_AUTHOR_EMAIL": "test@localhost",
    "GIT_COMMITTER_NAME": "test",
    "GIT_COMMITTER_EMAIL": "test@localhost",
    "COLUMNS": "160",
}


def run(*command: object, cwd: Path, code: int | None = 0, timeout: float = 300, **env: str) -> str:
    """Run a command to its end and return what it printed; `code` is the exit code it must have."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**ENVIRONMENT, **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    assert code is None or done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout[-6000:]}"
    return done.stdout


def hashes(folder: Path, *names: str) -> dict[str, str]:
    """SHA-256 of every file below the named outputs; the `.gitignore` that DVC leaves there is none of them."""
    from labelmill.storage import sha256_file

    found = {}
    for name in names:
        place = folder / name
        files = (
            sorted(p for p in place.rglob("*") if p.is_file() and p.name != ".gitignore") if place.is_dir() else [place]
        )
        assert files, f"{place} is empty"
        found.update({str(file.relative_to(folder)): sha256_file(file) for file in files})
    return found
