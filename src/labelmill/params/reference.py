"""What each key of `params.yaml` means, read off the models themselves."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from labelmill.params.sections import Params


def describe(section: type[BaseModel] = Params, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (dotted key, default, meaning) of every leaf; an open mapping shows as `name.*.key`."""
    for name, field in section.model_fields.items():
        key = prefix + (field.alias or name)
        inner = _inner_section(field)
        if inner is None:
            yield key, _default(field), field.description or ""
        else:
            yield from describe(inner, f"{key}.*." if _is_mapping(field) else f"{key}.")


def as_markdown() -> str:
    """The reference page of the docs."""
    rows = [
        f"| `{key}` | {f'`{default}`' if default else 'required'} | {meaning} |" for key, default, meaning in describe()
    ]
    return "\n".join(
        [
            "# Reference of params.yaml",
            "",
            "Written by `labelmill params --markdown`; a test holds it equal to the code.",
            "",
            "| key | default | meaning |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _inner_section(field: FieldInfo) -> type[BaseModel] | None:
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _is_mapping(field: FieldInfo) -> bool:
    return getattr(field.annotation, "__origin__", None) is dict


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    return as_text(None if value is PydanticUndefined else value)


def as_text(value: object) -> str:
    """A value as the reference shows it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value)) if isinstance(value, tuple) else str(value)
