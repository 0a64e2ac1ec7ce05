"""`dvc.yaml`, the stage modules, `params.yaml` and the sources tell one story."""

from importlib import import_module
from pathlib import Path

import grimp
import pytest
import yaml

from labelmill import paths
from labelmill.params import Params, load_params
from labelmill.params.reference import describe
from labelmill.stages import TRAINING

ROOT = Path(__file__).parents[2]
PROJECTS = {"root": ROOT, "template": ROOT / "src/labelmill/template"}


def dvc_stages(project: str) -> dict:
    return yaml.safe_load((PROJECTS[project] / "dvc.yaml").read_text())["stages"]


def listed(entries: list | None) -> set[str]:
    """Paths of `deps`, `outs`, `metrics` or `plots`, whether plain or with options."""
    return {next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries or []}


def stage_module(name: str):
    return import_module(f"labelmill.stages.{name}")


@pytest.mark.parametrize("project", PROJECTS)
def test_stages_stand_in_the_order_in_which_they_run(project):
    assert tuple(dvc_stages(project)) == TRAINING


@pytest.mark.parametrize("name", TRAINING)
@pytest.mark.parametrize("project", PROJECTS)
class TestStage:
    def test_the_command_is_the_stage(self, project, name):
        assert dvc_stages(project)[name]["cmd"] == f"labelmill stage {name}"

    def test_deps_are_what_it_reads(self, project, name):
        deps = {dep for dep in listed(dvc_stages(project)[name].get("deps")) if not dep.startswith("src/")}
        assert deps == {str(path) for path in stage_module(name).READS}

    def test_outs_are_what_it_writes(self, project, name):
        stage = dvc_stages(project)[name]
        outs = listed(stage.get("outs")) | listed(stage.get("metrics")) | listed(stage.get("plots"))
        assert outs == {str(path) for path in stage_module(name).WRITES}

    def test_params_are_the_sections_it_uses(self, project, name):
        assert set(dvc_stages(project)[name].get("params", [])) == set(stage_module(name).PARAMS)


def test_every_section_of_params_belongs_to_a_stage_or_to_the_loop():
    sections = {field.alias or name for name, field in Params.model_fields.items()}
    used = {section for name in TRAINING for section in stage_module(name).PARAMS}
    assert sections - used == {"promote", "retrain"}, "a value that no stage tracks would change nothing"


@pytest.mark.parametrize("project", PROJECTS)
def test_params_yaml_is_valid(project):
    load_params(PROJECTS[project] / "params.yaml")


@pytest.mark.parametrize("project", PROJECTS)
def test_every_key_stands_in_params_yaml(project):
    """So that people find it, and `dvc exp run -S section.key=value` can set it."""
    content = yaml.safe_load((PROJECTS[project] / "params.yaml").read_text())
    keys = [key for key, _, _ in describe() if "*" not in key]
    optional = {"ingest.path", "ingest.id_column", "ingest.label_column"}
    missing = [key for key in keys if key not in optional and not has(content, key.split("."))]
    assert not missing


def has(content: dict, place: list[str]) -> bool:
    head, *rest = place
    return head in content and (not rest or has(content[head], rest))


@pytest.fixture(scope="module")
def imports():
    return grimp.build_graph("labelmill", cache_dir=None)


@pytest.mark.parametrize("name", TRAINING)
def test_source_deps_cover_every_module_the_stage_imports(imports, name):
    """DVC does not follow imports (treeverse/dvc#9195): a module left out would change and rerun nothing."""
    module = f"labelmill.stages.{name}"
    closure = {module, *imports.find_upstream_modules(module)}
    deps = [Path(dep) for dep in listed(dvc_stages("root")[name]["deps"]) if dep.startswith("src/")]
    missing = sorted(
        file
        for file in map(source_of, closure)
        if file.name != "__init__.py" or file.parent.name not in ("labelmill", "stages")
        if not any(dep == file or dep in file.parents for dep in deps)
    )
    assert not missing, f"add to the deps of {name}: {sorted({str(dep_for(f)) for f in missing})}"
    needless = [str(dep) for dep in deps if not any(dep == f or dep in f.parents for f in map(source_of, closure))]
    assert not needless, f"{name} does not import {needless}"


def source_of(module: str) -> Path:
    path = Path("src", *module.split("."))
    return path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")


def dep_for(file: Path) -> Path:
    """A folder for a package, the file for a module that stands alone or is a stage."""
    return file if file.parent.name in ("labelmill", "stages") else Path(*file.parts[:3])


GOLD_READERS = {"baselines", "evaluate"}


@pytest.mark.parametrize("name", sorted(set(TRAINING) - GOLD_READERS))
def test_no_other_stage_may_read_train_test_or_gate_gold(name):
    guarded = {
        "data/gold/train.parquet",
        "data/gold/test.parquet",
        "data/gold/gate.parquet",
        "data/gold/stream.parquet",
    }
    assert not guarded & {str(path) for path in stage_module(name).READS}


DEV_STAGES = {
    "stages/ingest",
    "stages/validate",
    "stages/label",
    "stages/baselines",
    "stages/evaluate",
    "stages/profile",
}
GOLD_NAMED_BY = {
    # For LF work, to hand it to others, and to watch the champion on the rows that the reference has gold of.
    "GOLD_DEV": DEV_STAGES | {"analysis/evidence", "cli/interop", "loop/scorer"},
    "GOLD_TRAIN": {"stages/ingest", "stages/baselines", "cli/interop"},
    "GOLD_TEST": {"stages/ingest", "stages/evaluate", "cli/interop"},
    "GOLD_GATE": {"stages/ingest", "quality/evidence"},
    "GOLD_STREAM": {"stages/ingest", "loop/periods"},  # the replay plays it, and lets out what is audited
    "PROVENANCE": {"stages/ingest", "stages/validate", "stages/evaluate"},
}


@pytest.mark.parametrize("name", GOLD_NAMED_BY)
def test_no_other_module_names_gold_or_where_rows_came_from(name):
    """What a stage declares is one thing, what its code opens another."""
    source = ROOT / "src/labelmill"
    file = str(getattr(paths, name))
    naming = {
        path.relative_to(source).with_suffix("").as_posix()
        for path in source.rglob("*.py")
        if path != source / "paths.py" and any(word in path.read_text() for word in (f"paths.{name}", file))
    }
    assert naming == GOLD_NAMED_BY[name]
