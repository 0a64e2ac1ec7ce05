"""`labelmill init`: a project that can be run at once, in every place where people make one."""

import subprocess

import pytest
import yaml

from labelmill.params import load_params


def git(folder, *arguments):
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_makes_a_valid_project_and_says_what_comes_next(labelmill, tmp_path):
    ended = labelmill("init", tmp_path / "my task", "--no-git")
    assert ended.code == 0
    assert f"cd '{tmp_path}/my task'" in ended.out
    assert "labelmill run" in ended.out
    load_params(tmp_path / "my task/params.yaml")
    names = {item.name for item in (tmp_path / "my task").iterdir()}
    assert {"params.yaml", "dvc.yaml", "lfs", "gold", ".gitignore", ".dvcignore", "README.md"} <= names
    assert not {name for name in names if name.startswith("dot_")}
    assert (tmp_path / "my task/data/incoming/README.md").is_file()


def test_it_is_a_git_and_a_dvc_repository(labelmill, tmp_path):
    assert labelmill("init", tmp_path / "new").code == 0
    assert git(tmp_path / "new", "rev-parse", "--show-toplevel") == str((tmp_path / "new").resolve())
    assert (tmp_path / "new/.dvc/config").is_file()
    assert "analytics = false" in (tmp_path / "new/.dvc/config").read_text()


def test_what_dvc_keeps_git_leaves_alone(labelmill, tmp_path):
    """Also before the first `dvc repro`: DVC refuses to run a stage whose output git has."""
    assert labelmill("init", tmp_path / "new").code == 0
    stages = yaml.safe_load((tmp_path / "new/dvc.yaml").read_text())["stages"].values()
    outs = [out for stage in stages for out in stage.get("outs", []) if isinstance(out, str)]
    assert git(tmp_path / "new", "check-ignore", *outs).split("\n") == outs


def test_a_folder_that_is_not_empty_is_refused_and_untouched(labelmill, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    ended = labelmill("init", tmp_path)
    assert ended.code == 3
    assert f"{tmp_path}: is there already and not empty" in ended.err
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_in_the_way_is_refused(labelmill, tmp_path):
    (tmp_path / "new").write_text("")
    assert labelmill("init", tmp_path / "new").code == 3
    ended = labelmill("init", tmp_path / "new/inside")
    assert ended.code == 7
    assert "cannot be written" in ended.err


def test_an_empty_git_repository_may_become_a_project(labelmill, tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    ended = labelmill("init", ".")
    assert ended.code == 0
    assert "cd ." not in ended.out
    assert (tmp_path / ".dvc").is_dir()


def test_inside_a_git_repository_it_makes_no_second_one(labelmill, tmp_path):
    git(tmp_path, "init", "--quiet")
    assert labelmill("init", tmp_path / "tasks/one").code == 0
    assert not (tmp_path / "tasks/one/.git").exists()
    assert (tmp_path / "tasks/one/.dvc").is_dir()
    assert git(tmp_path / "tasks/one", "rev-parse", "--show-toplevel") == str(tmp_path.resolve())


def test_inside_a_dvc_project_it_shares_the_cache(labelmill, tmp_path):
    assert labelmill("init", tmp_path / "outer").code == 0
    ended = labelmill("init", tmp_path / "outer/examples/inner")
    assert ended.code == 0
    assert "note" not in ended.err
    assert not (tmp_path / "outer/examples/inner/.dvc").exists()


def test_without_git_there_is_a_project_and_a_note(labelmill, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = labelmill("init", tmp_path / "new")
    assert ended.code == 0
    assert "git is not installed" in ended.err
    assert (tmp_path / "new/params.yaml").is_file()
    assert not (tmp_path / "new/.git").exists()


@pytest.mark.parametrize("failing", ["init", "-m"])
def test_a_git_or_dvc_that_fails_leaves_a_project_and_a_note(labelmill, tmp_path, monkeypatch, failing):
    real = subprocess.run

    def run(command, **options):
        if command[1] == failing:
            return subprocess.CompletedProcess(command, 1, "", "fatal: no luck today")
        return real(command, **options)

    monkeypatch.setattr("labelmill.cli.project.subprocess.run", run)
    ended = labelmill("init", tmp_path / "new")
    assert ended.code == 0
    assert "init` failed (fatal: no luck today)" in ended.err
    assert (tmp_path / "new/params.yaml").is_file()
