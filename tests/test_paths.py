from pathlib import Path

import pytest

from labelmill import paths


def named_paths():
    return {name: value for name, value in vars(paths).items() if name.isupper()}


def test_every_path_is_relative_to_the_project_and_there_once():
    found = named_paths()
    assert all(isinstance(path, Path) and not path.is_absolute() for path in found.values())
    assert len(set(found.values())) == len(found)


def test_no_output_lies_inside_another():
    """DVC deletes an output before it runs the stage: one inside another would go with it."""
    outs = [path for path in named_paths().values() if path.parts[0] in ("data", "models", "reports")]
    assert not [(a, b) for a in outs for b in outs if a in b.parents]


def test_caches_and_state_are_no_outputs():
    """An `.cache/` inside an output would be deleted at each run."""
    for path in (paths.CACHE, paths.STATE):
        assert path.parts[0] not in ("data", "models", "reports")


def test_metrics_lie_side_by_side():
    assert paths.metrics("label") == Path("reports/metrics/label.json")


@pytest.mark.parametrize(
    ("copy", "main"),
    [
        (".", "."),
        ("examples/foo", "examples/foo"),
        (".dvc/tmp/exps/tmpabc", "."),
        (".dvc/tmp/exps/standalone/tmpabc", "."),
        (".dvc/tmp/exps/tmpabc/examples/foo", "examples/foo"),
        ("examples/foo/.dvc/tmp/exps/tmpabc/examples/foo", "examples/foo"),
    ],
)
def test_a_copy_of_dvc_exp_belongs_to_the_main_project(tmp_path, copy, main):
    (tmp_path / ".git").mkdir()
    (tmp_path / copy).mkdir(parents=True, exist_ok=True)
    assert paths.main_project(tmp_path / copy) == (tmp_path / main).resolve()


def test_the_current_folder_is_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert paths.main_project() == tmp_path.resolve()
