"""The command that makes a project: `init`."""

import importlib.resources
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
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder}: is there already and not empty. Name a folder that is absent or empty.")
    try:
        _copy(importlib.resources.files("labelmill") / "template", folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written ({error.strerror or error}).") from error
    if git:
        _make_repository(folder)
    typer.echo(
        f"{folder} is ready. Next:\n"
        f"  cd {folder}\n"
        "  labelmill run            every stage, from generated mails to reports/index.html\n"
        "  labelmill lfs summary    what each labeling function does\n"
        "Then put your own rows into params.yaml (ingest.source, ingest.path) and your own rules into lfs/."
    )


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
    """`git init` and `dvc init`, each only where there is none yet; without the tools a note."""
    if shutil.which("git") is None:
        typer.secho(
            "note: git is not installed, so `dvc repro` will not work here; `labelmill run` does", fg="yellow", err=True
        )
        return
    inside = subprocess.run(
        ["git", "rev-parse", "--show-toplevel"], cwd=folder, capture_output=True, text=True, check=False
    )
    if inside.returncode:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    root = Path(inside.stdout.strip()) if inside.returncode == 0 else folder
    if (root / ".dvc").is_dir():
        return
    option = [] if root == folder or inside.returncode else ["--subdir"]
    made = subprocess.run(
        [sys.executable, "-m", "dvc", "init", "--quiet", *option],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    subprocess.run([sys.executable, "-m", "dvc", "config", "core.analytics", "false"], cwd=folder, check=False)
    if made.returncode:
        typer.secho(f"note: `dvc init` failed: {made.stderr.strip().splitlines()[-1:]}", fg="yellow", err=True)
