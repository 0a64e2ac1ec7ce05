"""Labeling functions without code: YAML files of entries, each of which names a builder and what to give it."""

import difflib
import inspect
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from labelmill.errors import LabelmillError, LFError
from labelmill.labeling.addresses import cidr_lf, domain_lf
from labelmill.labeling.disguises import fuzzy_lf
from labelmill.labeling.fields import missing_lf, threshold_lf
from labelmill.labeling.form import count_lf, length_lf, share_lf
from labelmill.labeling.functions import LabelingFunction, Origin, entry
from labelmill.labeling.knowledge import lookup_lf
from labelmill.labeling.pairs import distant_supervision_lf
from labelmill.labeling.times import time_lf
from labelmill.labeling.upkeep import UpkeepArguments
from labelmill.labeling.words import keyword_lf, phrase_lf, regex_lf

BUILDERS: dict[str, Callable[..., LabelingFunction]] = {
    "cidr": cidr_lf,
    "count": count_lf,
    "distant_supervision": distant_supervision_lf,
    "domain": domain_lf,
    "fuzzy": fuzzy_lf,
    "keyword": keyword_lf,
    "length": length_lf,
    "lookup": lookup_lf,
    "missing": missing_lf,
    "phrase": phrase_lf,
    "regex": regex_lf,
    "share": share_lf,
    "threshold": threshold_lf,
    "time": time_lf,
}
"""What `kind` may be. The keys of an entry are the arguments of its builder."""

_KINDS = {bool: "true or false", str: "a text", int: "a whole number", float: "a number"}


class ClassNames(dict[str, int]):
    """Class name to number; a name may be written in capitals or small letters where only one class is meant."""

    def number(self, name: str) -> int:
        """The number of a class.

        Raises
        ------
        LFError
            There is no such class, or there are two; the message names the nearest.
        """
        if name in self:
            return self[name]
        numbers = {number for known, number in self.items() if known.casefold() == name.casefold()}
        if len(numbers) == 1:
            return numbers.pop()
        if not self:
            raise LFError(f"there is no class {name!r}: write its number, or name the classes in labels.py.")
        raise LFError(f"there is no class {name!r}{_did_you_mean(name, self)}")


def read_recipes(file: Path, names: ClassNames) -> list[LabelingFunction]:
    """Make the labeling functions that a YAML file lists.

    Parameters
    ----------
    file
        A list of entries: `name`, `kind`, and the arguments of the builder of that kind; files are relative to it.
    names
        The classes; an entry may name them, as its `label` or as what a mapping leads to.

    Raises
    ------
    LFError
        No valid YAML, a key twice, an entry that is none, an unknown kind, key or class, a value of another type,
        or whatever the builder refuses; the message names the file and the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = YAML(typ="safe", pure=True).load(text)
        nodes: Any = getattr(YAML(typ="safe", pure=True).compose(text), "value", None)
    except UnicodeDecodeError as error:
        raise LFError(f"{Origin(file, 1)}: is not UTF-8 ({error}).") from error
    except ValueError as error:  # a date that is none, such as 2026-31-12
        raise LFError(f"{Origin(file, 1)}: cannot be read: {error}. Put texts in quotes.") from error
    except YAMLError as error:
        problem, mark = getattr(error, "problem", None) or str(error), getattr(error, "problem_mark", None)
        raise LFError(f"{Origin(file, mark.line + 1 if mark else 1)}: is not valid YAML: {problem}.") from error
    if content is None:
        return []
    if not isinstance(content, list):
        raise LFError(f"{Origin(file, 1)}: expected a list of entries that begin with `- name:`.")
    return [_make(fields, node, file, names) for fields, node in zip(content, nodes, strict=True)]


def _make(fields: Any, node: Any, file: Path, names: ClassNames) -> LabelingFunction:
    """Make one labeling function; `node` knows the lines that its `fields` stand on."""
    origin = Origin(file, node.start_mark.line + 1)
    if not isinstance(fields, dict) or not isinstance(fields.get("name"), str):
        raise LFError(f"{origin}: expected an entry with a name, a kind and what it needs, found {fields!r}.")
    lines = {key.value: key.start_mark.line + 1 for key, _ in node.value}

    def refuse(what: str, key: Any = None) -> LFError:
        return LFError(f"{Origin(file, lines.get(key, origin.line))}: labeling function {fields['name']!r}: {what}")

    kind = fields.get("kind")
    if not isinstance(kind, str) or kind not in BUILDERS:
        raise refuse(f"there is no kind {kind!r}{_did_you_mean(kind, BUILDERS)}", "kind")
    hints, needed = _arguments(kind)
    known = {"name", "kind", *hints, *UpkeepArguments.__annotations__}
    arguments = {key: value for key, value in fields.items() if key != "kind"}
    for key, value in arguments.items():
        if key not in known:
            raise refuse(f"there is no key {key!r} of kind {kind}{_did_you_mean(key, known)}", key)
        try:
            arguments[key] = _numbered(key, value, names)
        except LFError as error:
            raise refuse(str(error), key) from error
        if key in hints and not _fits(arguments[key], hints[key]):
            raise refuse(f"{key} must be {_describe(hints[key])}, found {value!r}.", key)
    if missing := [key for key in needed if key not in fields]:
        raise refuse(f"the key {missing[0]!r} is missing; kind {kind} needs {', '.join(needed)}.")
    token = entry.set(origin)
    try:
        return BUILDERS[kind](**arguments)
    except Exception as error:  # as for a Python file, whatever is wrong is named with its place
        what = str(error) if isinstance(error, LabelmillError) else refuse(f"{type(error).__name__}: {error}")
        raise LFError(f"{origin}: {str(what).removeprefix(f'{origin}: ')}") from error
    finally:
        entry.reset(token)


@cache
def _arguments(kind: str) -> tuple[dict[str, Any], list[str]]:
    """The arguments of a builder with their types, and those that must be given."""
    parameters = inspect.signature(BUILDERS[kind], eval_str=True).parameters.values()
    own = [parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    hints = {parameter.name: parameter.annotation for parameter in own}
    return hints, [parameter.name for parameter in own if parameter.default is parameter.empty]


def _numbered(key: str, value: Any, names: ClassNames) -> Any:
    """A value with class numbers for names: the label, and what any mapping leads to."""
    if isinstance(value, dict):
        return {item: names.number(name) if isinstance(name, str) else name for item, name in value.items()}
    if key == "label" and isinstance(value, str):
        return names.number(value)
    if key == "label" and isinstance(value, list):
        return [names.number(name) if isinstance(name, str) else name for name in value]
    return value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a builder asks for: the text "no" is no answer to true or false."""
    try:
        TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _describe(hint: Any) -> str:
    """A type for people."""
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_describe(part) for part in get_args(hint) if part not in (type(None), Path)))
    if origin is Literal:
        return " or ".join(map(str, get_args(hint)))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "a mapping"
    if isinstance(origin, type) and origin is not str and issubclass(origin, Iterable):
        return "a list"
    return _KINDS.get(origin, f"a {getattr(origin, '__name__', origin)}")


def _did_you_mean(word: Any, known: Collection[str]) -> str:
    near = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(sorted(known))}."


def class_names(classes: Sequence[str], enums: Iterable[Mapping[str, int]]) -> ClassNames:
    """The names that params.yaml and labels.py give to the classes.

    Raises
    ------
    LFError
        The two number a class differently.
    """
    names = ClassNames({name: number for number, name in enumerate(classes)})
    by_form = {name.casefold(): number for name, number in names.items()}
    for members in enums:
        for name, number in members.items():
            declared = names.get(name, by_form.get(name.casefold(), number))
            if declared != number:
                raise LFError(
                    f"labels.py gives {name} the number {number}, and task.classes of params.yaml {declared}. "
                    "Make them equal."
                )
            names[name] = number
    return names
