"""The command that makes a project: `init`."""

import importlib.resources
import shlex
import shutil
import subprocess
import sys
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import typer

from labelmill.errors import DataError, StorageError


def register(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; must be absent or empty.")],
    git: Annotated[
        bool, typer.Option("--git/--no-git", help="Make it a git and DVC repository, unless inside one.")
    ] = True,
) -> None:
    """Make a new project that runs at once on generated mails: a starting point for your own data."""
    if folder.exists() and (not folder.is_dir() or any(item.name != ".git" for item in folder.iterdir())):
        raise DataError(f"{folder}: is there already and not empty. Name a folder that is absent or empty.")
    try:
        _copy(importlib.resources.files("labelmill") / "template", folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written ({error.strerror or error}).") from error
    if git:
        _make_repository(folder)
    lines = [
        f"  cd {shlex.quote(str(folder))}",
        "  labelmill run            every stage, from generated mails to reports/index.html",
        "  labelmill lfs summary    what each labeling function does",
        "Then put your own rows into params.yaml (ingest.source, ingest.path) and your own rules into lfs/.",
    ]
    typer.echo("\n".join([f"{folder} is ready. Next:", *(lines[1:] if folder == Path() else lines)]))


def _copy(source: Traversable, target: Path) -> None:
    """Copy the template; `dot_x` becomes `.x`, since installers drop some hidden files."""
    target.mkdir(parents=True, exist_ok=True)
    for item in source.iterdir():
        if item.name == "__pycache__":
            continue
        place = target / item.name.replace("dot_", ".", 1)
        if item.is_dir():
            _copy(item, place)
        else:
            place.write_bytes(item.read_bytes())


def _make_repository(folder: Path) -> None:
    """`git init` and `dvc init`, each only where there is none yet; where one does not work, a note."""
    if shutil.which("git") is None:
        _note("git is not installed, so `dvc repro` will not work here; `labelmill run` does")
        return
    top = _run(["git", "rev-parse", "--show-toplevel"], folder)
    if top.returncode:
        made = _run(["git", "init", "--quiet"], folder)
        if made.returncode:
            _note(f"`git init` failed ({_last_line(made)}), so `dvc repro` will not work here; `labelmill run` does")
            return
    root = folder.resolve() if top.returncode else Path(top.stdout.strip()).resolve()
    here = folder.resolve()
    if any((place / ".dvc").is_dir() for place in (here, *here.parents) if place.is_relative_to(root)):
        return  # a project inside a project shares the outer one's cache
    dvc = [sys.executable, "-m", "dvc"]
    made = _run([*dvc, "init", "--quiet", *([] if root == here else ["--subdir"])], folder)
    if made.returncode:
        _note(f"`dvc init` failed ({_last_line(made)}), so `dvc repro` will not work here; `labelmill run` does")
        return
    _run([*dvc, "config", "core.analytics", "false"], folder)


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)


def _last_line(done: "subprocess.CompletedProcess[str]") -> str:
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def _note(text: str) -> None:
    typer.secho(f"note: {text}", fg="yellow", err=True)
