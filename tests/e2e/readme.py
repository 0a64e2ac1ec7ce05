"""The fenced blocks of the README."""

import re
import shlex
from typing import NamedTuple

from commands import ROOT

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


class Block(NamedTuple):
    """One fenced block and the word after its opening fence."""

    language: str
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """Its lines as a shell reads them, comments left out."""
        return [words for line in self.text.splitlines() if (words := shlex.split(line, comments=True))]


def blocks(language: str, *, holds: str = "") -> list[Block]:
    """The blocks of a language, in order, in which a text occurs."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [Block(*block) for block in found if block[0] == language and holds in block[1]]
