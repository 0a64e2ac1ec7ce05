"""Tables, and word of what is going on."""

import sys
from collections.abc import Iterable, Sequence

import numpy as np


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; names to the left, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float | None, form: str = ".1f") -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None or not np.isfinite(value) else format(value, form)


def say(message: str) -> None:
    """Tell on standard error what is being done."""
    print(message, file=sys.stderr, flush=True)
