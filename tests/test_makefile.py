"""The two commands of a fresh clone, as far as that goes without installing anything."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from readme import blocks

MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


@pytest.fixture
def clone(tmp_path):
    """What make needs of a clone; nothing is set up."""
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder, *arguments, **options):
    return subprocess.run([MAKE, *arguments], cwd=folder, capture_output=True, text=True, check=False, **options)


def fake_python(folder: Path, version: str) -> Path:
    """A program that says that it is another Python, and fails as that one would."""
    program = folder / "python-fake"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo Python {version} && exit 0\nexit 1\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("target", ["run", "test", "setup"])
def test_a_python_that_is_too_old_is_named(clone, target):
    python = fake_python(clone, "3.9.18")
    done = make(clone, target, f"PYTHON={python}")
    assert done.returncode != 0
    assert f"labelmill needs Python 3.11 or 3.12; '{python}' is Python 3.9.18." in done.stderr
    assert "make run PYTHON=/path/to/python3.11" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_python_that_is_not_there_is_named(clone):
    done = make(clone, "setup", "PYTHON=/nowhere/python3.11")
    assert done.returncode != 0
    assert "labelmill needs Python 3.11 or 3.12; '/nowhere/python3.11' is" in done.stderr


def test_a_missing_git_is_named(clone):
    tools = clone / "tools"
    tools.mkdir()
    for tool in ("sed", "grep"):
        (tools / tool).symlink_to(shutil.which(tool))
    done = make(clone, "setup", f"PYTHON={sys.executable}", env={"PATH": str(tools)})
    assert done.returncode != 0
    assert "labelmill needs git" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_second_setup_installs_nothing(clone):
    first = make(clone, "-n", "setup").stdout
    assert "-m venv .venv" in first
    assert "requirements.lock" in first
    (clone / ".venv").mkdir()
    (clone / ".venv/.stamp").touch()
    second = make(clone, "-n", "setup").stdout
    assert "pip" not in second
    assert "venv" not in second.replace(".venv/bin", "")


def test_an_edited_lock_installs_again(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv/.stamp").touch()
    stamp = (clone / ".venv/.stamp").stat()
    os.utime(clone / "requirements.lock", ns=(stamp.st_atime_ns, stamp.st_mtime_ns + 10**9))
    assert "-m venv .venv" in make(clone, "-n", "setup").stdout


def test_the_setup_installs_exact_versions_and_this_clone(clone):
    lock = (ROOT / "requirements.lock").read_text().split()
    assert not [pin for pin in lock if not re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^=+]+", pin)]
    first = make(clone, "-n", "setup").stdout
    assert next(pin for pin in lock if pin.startswith("torch==")) in first
    assert "--no-deps --editable ." in first


@pytest.mark.parametrize("command", [line for block in blocks("", holds="make test") for line in block.commands])
def test_the_commands_of_the_readme(clone, command):
    assert command[0] == "make"
    plan = make(clone, "-n", *command[1:])
    assert plan.returncode == 0, plan.stderr
    assert {"run": "python -m flows.train", "test": "python -m pytest"}[command[1]] in plan.stdout


def test_help_names_what_can_be_made(clone):
    text = make(clone).stdout
    for target in ("setup", "run", "repro", "test", "quick", "serve", "mlflow", "clean"):
        assert re.search(rf"^{target} +\w", text, re.MULTILINE), target
