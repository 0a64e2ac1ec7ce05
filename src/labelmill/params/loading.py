"""Read `params.yaml`, and say of all that is wrong in it where it stands and what is known there."""

import datetime as dt
import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from labelmill import paths
from labelmill.errors import ParamsError
from labelmill.params.sections import Params


def load_params(path: Path = paths.PARAMS) -> Params:
    """Read and check `params.yaml`.

    Raises
    ------
    ParamsError
        No such file, no YAML, an unknown key (the message names the nearest known one) or a value
        out of range; all that is wrong is named at once.
    """
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ParamsError(
            f"{path}: there is no such file in {Path.cwd()}. "
            "Go to a project folder, or make one with `labelmill init DIR`."
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path}: is not valid YAML: {_yaml_problem(error)}") from error
    return parse_params(content, where=str(path))


def parse_params(content: Any, *, where: str = "params") -> Params:
    """Check the content of a `params.yaml` that was read already."""
    bare = [key for key, value in _leaves(content) if isinstance(value, dt.date)]
    if bare:
        raise ParamsError(f"{where}: {bare[0]}: put the date in quotes; DVC refuses to track a bare one.")
    if not isinstance(content, dict):
        raise ParamsError(
            f"{where}: expected sections such as {_known_keys(Params)[:3]}, found {type(content).__name__}."
        )
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise ParamsError(f"{where}:\n" + "\n".join(_explain(problem) for problem in error.errors())) from error


def _yaml_problem(error: Exception) -> str:
    """The problem and its line; ruamel adds a name of its own for the file and advice about itself."""
    problem, mark = getattr(error, "problem", None), getattr(error, "problem_mark", None)
    return f"{problem} (line {mark.line + 1})" if problem and mark else str(error).splitlines()[0]


def _leaves(content: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, content


def _explain(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] != "extra_forbidden":
        found = "" if problem["type"] == "missing" else f", found {problem['input']!r}"
        return f"  {place}: {problem['msg']}{found}"
    known = _known_keys(_section_at(problem["loc"][:-1]))
    near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1, cutoff=0.4)
    return f"  {place}: no such key. " + (f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}.")


def _known_keys(section: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in section.model_fields.items()]


def _section_at(place: tuple[Any, ...]) -> type[BaseModel]:
    section: type[BaseModel] = Params
    for part in place:
        for name, field in section.model_fields.items():
            if part in (name, field.alias):
                candidates = (field.annotation, *get_args(field.annotation))
                section = next(c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return section
