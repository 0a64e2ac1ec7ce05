"""The templates of the pages and cards."""

import base64
import functools
import hashlib
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from labelmill.report import wording
from labelmill.report.text import coded, markdown, plain, visible


@functools.cache
def environment() -> Environment:
    """The templates, all of them escaping what they are given."""
    templates = Environment(
        loader=PackageLoader("labelmill.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: dict[str, Any] = {
        "visible": visible,
        "plain": plain,
        "coded": coded,
        "score": wording.score,
        "share": wording.share,
    }
    filters["md"] = lambda value, limit=80: Markup(markdown(value, limit=limit))
    templates.filters.update(filters)
    return templates


def sorting() -> dict[str, Any]:
    """The script that sorts tables, and the hash by which a page lets only this very script run, whatever rows say."""
    script = environment().get_template("sort.js").render()
    return {
        "script": Markup(script),
        "script_hash": "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
