"""Text that others wrote, made safe to look at: on a page, in a chart, in Markdown, in a terminal."""

import math
import re
import unicodedata
from typing import Any

from markupsafe import Markup, escape

# Controls move the cursor and start escape sequences, format characters reorder or hide what follows,
# lone surrogates cannot be encoded, the rest has no agreed look.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_CODE = re.compile(r"`([^`]+)`")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|#~$])")


def plain(value: Any, *, limit: int | None = None) -> str:
    r"""Text on one line, with every character that shows nothing or changes how others show spelled out.

    >>> plain("pay\u202eyap\x1b[31m")
    'pay⟨U+202E⟩yap⟨U+001B⟩[31m'
    """
    return "".join(_spelled(c) for c in " ".join(shortened(value, limit).split()))


def visible(value: Any, *, limit: int | None = None) -> Markup:
    """Text as HTML: markup escaped, line breaks kept, unseen characters set off and spelled out."""
    parts = []
    for run, unseen in _runs(shortened(value, limit).replace("\r\n", "\n").replace("\r", "\n")):
        if unseen:
            parts.append(Markup('<span class="unseen">{}</span>').format("".join(_spelled(c) for c in run)))
        else:
            parts.append(escape(run))
    return Markup("").join(parts)


def coded(value: Any) -> Markup:
    """A sentence of ours as HTML, markup in it escaped: what stands between backticks is code.

    >>> print(coded("a <b>: `dvc repro`"))
    a &lt;b&gt;: <code>dvc repro</code>
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(value))))


def markdown(value: Any, *, limit: int | None = None) -> str:
    """Text as one line of Markdown that no character of it can format or end."""
    return _MARKDOWN.sub(r"\\\1", plain(value, limit=limit)).replace("&", "&amp;").replace("\\<", "&lt;")


def shortened(value: Any, limit: int | None) -> str:
    """The value as text, cut after `limit` characters with a word on how many there were."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value)
    if limit is None or len(text) <= limit:
        return text
    return f"{text[:limit]} … ({len(text):,} characters)"


def _runs(text: str) -> list[tuple[str, bool]]:
    runs: list[tuple[str, bool]] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or _is_unseen(text[place]) != _is_unseen(text[start]):
            runs.append((text[start:place], _is_unseen(text[start])))
            start = place
    return runs


def _is_unseen(character: str) -> bool:
    return character not in "\n\t" and unicodedata.category(character) in _UNSEEN


def _spelled(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩" if _is_unseen(character) else character
